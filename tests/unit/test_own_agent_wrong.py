"""Code of somebody else that gives what cannot be used, or raises: one line, and no secret."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from loguru import logger

from dialogue.own_agent import OwnDialogue
from dialogue.own_outputs import MAX_CHARACTERS, MAX_OUTPUTS
from dialogue.ports import (
    MAX_NOTE_CHARS,
    CallBegan,
    CallerEvent,
    CallerPressed,
    CollectDigits,
    LeaveNote,
    ReplyFailed,
    Say,
    TransferCall,
)
from tests.support.own_agents import CALL, HEARD, ask, held, last_words, own_dialogue

pytestmark = pytest.mark.unit

NO_ANSWER = (
    "respond() gave %s; expected str, None or an output of dialogue.ports, or several of them"
)
NO_DIGITS = (
    "CollectDigits: expected max_digits 1 to 64, a key or '' as terminator, timeout_s 0.5 to 60"
)


# --- wrong answers --------------------------------------------------------------------


def endless() -> Iterator[str]:
    while True:
        yield "on and on"


async def endless_async() -> AsyncIterator[str | None]:
    while True:
        yield None


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        (endless, f"more than {MAX_OUTPUTS} outputs in one answer"),
        (endless_async, f"more than {MAX_OUTPUTS} outputs in one answer"),
        (lambda: ["x"] * 1_000_000, f"more than {MAX_OUTPUTS} outputs in one answer"),
        (
            lambda: "x" * (MAX_CHARACTERS + 1),
            f"more than {MAX_CHARACTERS} characters in one answer",
        ),
        (
            lambda: ["x" * MAX_CHARACTERS, LeaveNote("y")],
            f"more than {MAX_CHARACTERS} characters in one answer",
        ),
        (lambda: 7, NO_ANSWER % "int"),
        (lambda: b"text", NO_ANSWER % "bytes"),
        (lambda: {"text": "x"}, NO_ANSWER % "dict"),
        (lambda: [7], "an output is int; expected str, None or an output of dialogue.ports"),
        (lambda: Say(7), "Say.text is int; expected str"),  # type: ignore[arg-type]
        (lambda: LeaveNote(None), "LeaveNote.text is NoneType; expected str"),  # type: ignore[arg-type]
        (
            lambda: LeaveNote("x" * (MAX_NOTE_CHARS + 1)),
            "LeaveNote.text: expected at most 1000 characters, not 1001",
        ),
        (
            lambda: TransferCall("555-0100"),
            "TransferCall.to: expected a number such as +15555550100 or a sip: address",
        ),
        *(
            (
                lambda wrong=wrong: wrong,
                NO_DIGITS,
            )
            for wrong in (
                CollectDigits(0),
                CollectDigits(65),
                CollectDigits(5, "##"),
                CollectDigits(5, "a"),
                CollectDigits(5, "#", 0.4),
                CollectDigits(5, "#", 61),
                CollectDigits(5, "#", float("nan")),
            )
        ),
        (lambda: ReplyFailed("no\nidea"), "no idea"),
    ],
)
def test_answer_that_cannot_be_used_fails_with_one_line(given: Any, detail: str) -> None:
    assert last_words(lambda _: given())[-1] == ReplyFailed(detail)


def test_flood_is_stopped_at_its_bound_after_what_fits() -> None:
    found = last_words(lambda _: endless())
    assert found[:-1] == [Say("on and on")] * MAX_OUTPUTS


def test_answer_may_have_exactly_as_many_outputs_as_are_allowed() -> None:
    found = last_words(lambda _: ["x"] * MAX_OUTPUTS)
    assert found == [Say("x")] * MAX_OUTPUTS


@pytest.mark.parametrize(("made", "kind"), [(7, "int"), (None, "NoneType")])
def test_factory_that_makes_no_agent_fails_every_reply(made: Any, kind: str) -> None:
    expected = f"the factory gave {kind}; expected respond() or a function"
    assert last_words(made) == [ReplyFailed(expected)]


# --- exceptions -----------------------------------------------------------------------


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    handler = logger.add(lambda line: lines.append(str(line)), format="{message} {extra[call_sid]}")
    yield lines
    logger.remove(handler)


class Odd(Exception):
    """Would tell what the caller said."""


def raising(event: CallerEvent) -> None:
    raise Odd(event)


async def raising_async(event: CallerEvent) -> None:
    raise Odd(event)


def raising_generator(event: CallerEvent) -> Iterator[str]:
    yield from ()
    raise Odd(event)


def exiting(event: CallerEvent) -> None:
    sys.exit(str(event))


async def exiting_async(event: CallerEvent) -> None:
    sys.exit(str(event))


async def cancelling_itself(event: CallerEvent) -> None:
    raise asyncio.CancelledError(event)


def exhausted(event: CallerEvent) -> None:
    raise StopIteration(event)


@pytest.mark.parametrize(
    "respond",
    [
        *(raising, raising_async, raising_generator, exiting, exiting_async, cancelling_itself),
        exhausted,
    ],
)
def test_exception_is_logged_by_its_place_without_anything_said(
    respond: Any, log: list[str]
) -> None:
    (failed,) = last_words(respond)
    assert isinstance(failed, ReplyFailed)
    assert "at unit/test_own_agent_wrong.py:" in failed.detail
    assert "secret" not in failed.detail
    (line,) = log
    assert respond.__name__ in line
    assert CALL.call_sid in line
    assert "secret" not in line
    assert len(line.splitlines()) == 1


def test_call_goes_on_after_an_exception() -> None:
    def respond(event: CallerEvent) -> str:
        if event == HEARD:
            raise Odd
        return "fine"

    async def test(dialogue: OwnDialogue) -> None:
        brain = dialogue.new_brain(CALL)
        await ask(brain, HEARD)
        assert await ask(brain, CallerPressed("1")) == [Say("fine")]
        assert dialogue.counts()["raised"] == 1

    held(test, respond)


def test_factory_that_fails_is_tried_again_with_the_next_event(log: list[str]) -> None:
    made: list[bool] = []

    def factory(_: object) -> Any:
        made.append(True)
        if len(made) == 1:
            raise Odd
        return lambda _: "fine"

    async def run() -> None:
        dialogue = own_dialogue(factory)
        brain = dialogue.new_brain(CALL)
        assert await ask(brain, CallBegan()) == [Say("Hello from the file.")]
        assert await ask(brain, HEARD) == [Say("fine")]
        await dialogue.aclose()

    asyncio.run(run())
    assert len(log) == 1


def test_close_that_fails_or_hangs_costs_nobody_anything(log: list[str]) -> None:
    class Closing:
        def respond(self, event: CallerEvent) -> str:
            return "x"

        async def close(self) -> None:
            raise Odd

    async def run() -> None:
        dialogue = own_dialogue(lambda _: Closing())
        brain = dialogue.new_brain(CALL)
        await ask(brain, HEARD)
        brain.close()
        assert await ask(brain, HEARD) == [Say("x")]
        await dialogue.aclose()

    asyncio.run(run())
    assert len(log) == 1
