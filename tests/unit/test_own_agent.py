"""An agent of one's own: every kind of function, and what the dialogue file still does."""

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from dialogue.agent_api import Agent, Respond
from dialogue.ports import (
    MAX_NOTE_CHARS,
    BrainOutput,
    CallBegan,
    CallerEntered,
    CallerEvent,
    CallerPressed,
    CallerSaid,
    CallerSilent,
    CallFacts,
    CollectDigits,
    EndCall,
    LeaveNote,
    RecognitionLost,
    ReplyBegan,
    ReplyDone,
    Say,
    TransferCall,
)
from tests.support.own_agents import CALL, ask, begin, own_call, own_dialogue, script

pytestmark = pytest.mark.unit

HEARD = CallerSaid("hello")
TWO: list[BrainOutput] = [Say("one"), Say("two", interruptible=False)]


def plain(event: CallerEvent) -> list[str | Say]:
    return ["one", Say("two", interruptible=False)]


def generator(event: CallerEvent) -> Iterator[str | Say | None]:
    yield "one"
    yield None
    yield Say("two", interruptible=False)


async def coroutine(event: CallerEvent) -> tuple[str | Say, ...]:
    await asyncio.sleep(0)
    return "one", Say("two", interruptible=False)


async def async_generator(event: CallerEvent) -> AsyncIterator[str | Say | None]:
    yield "one"
    await asyncio.sleep(0)
    yield None
    yield Say("two", interruptible=False)


async def coroutine_of_generator(event: CallerEvent) -> Iterator[str | Say | None]:
    return generator(event)


def returns_coroutine(event: CallerEvent) -> Any:
    return coroutine(event)


def returns_async_generator(event: CallerEvent) -> Any:
    return async_generator(event)


class Called:
    async def __call__(self, event: CallerEvent) -> list[str | Say]:
        return plain(event)


KINDS: list[Respond] = [
    plain,
    generator,
    coroutine,
    async_generator,
    coroutine_of_generator,
    returns_coroutine,
    returns_async_generator,
    functools.partial(coroutine),
    Called(),
]


async def answers(respond: Callable[..., Any], *events: CallerEvent) -> list[list[BrainOutput]]:
    async with own_call(lambda _: respond) as brain:
        return [await ask(brain, event) for event in events]


@pytest.mark.parametrize("respond", KINDS)
def test_respond_may_be_any_kind_of_function(respond: Respond) -> None:
    assert asyncio.run(answers(respond, HEARD, HEARD)) == [TWO, TWO]


@pytest.mark.parametrize(
    ("given", "heard"),
    [
        ("  hello \n\x00there! ", [Say("hello there!")]),
        ("", []),
        (Say("\t", interruptible=False), []),
        (EndCall(), [EndCall()]),
        (["Bye.", EndCall()], [Say("Bye."), EndCall()]),
        (TransferCall("sip:desk@example.com"), [TransferCall("sip:desk@example.com")]),
        (CollectDigits(64, "", 1), [CollectDigits(64, "", 1)]),
        (LeaveNote("called \n back"), [LeaveNote("called back")]),
        (LeaveNote("x" * MAX_NOTE_CHARS), [LeaveNote("x" * MAX_NOTE_CHARS)]),
        ([ReplyBegan(), "x"], [ReplyBegan(), Say("x")]),
        (["x", ReplyDone(), "y"], [Say("x")]),
        ("\ud800x", [Say("x")]),
    ],
)
@pytest.mark.parametrize("on_loop", [False, True])
def test_answer_is_passed_on_fit_to_be_spoken(
    given: Any, heard: list[BrainOutput], *, on_loop: bool
) -> None:
    async def later(event: CallerEvent) -> Any:
        return given

    assert asyncio.run(answers(later if on_loop else lambda _: given, HEARD)) == [heard]


def nothing(event: CallerEvent) -> None:
    return None


def no_item(event: CallerEvent) -> Iterator[str]:
    yield from ()


async def nothing_later(event: CallerEvent) -> None:
    return None


async def no_item_later(event: CallerEvent) -> AsyncIterator[str]:
    if event == CallerSaid("nobody says this"):
        yield "never"


@pytest.mark.parametrize(
    "respond", [nothing, no_item, nothing_later, no_item_later, lambda _: [None], lambda _: []]
)
def test_file_answers_what_the_agent_does_not(respond: Respond) -> None:
    events = (
        CallBegan(),
        CallerPressed("0"),
        CallerSaid("a person"),
        CallerSilent(),
        RecognitionLost(),
    )
    person: list[BrainOutput] = [Say("One moment."), TransferCall("+15555550100")]
    assert asyncio.run(answers(respond, *events)) == [
        [Say("Hello from the file.")],
        person,
        person,
        [Say("Still there?")],
        [Say("Keys only.")],
    ]


def test_what_the_agent_answers_is_no_strike_of_the_file() -> None:
    def respond(event: CallerEvent) -> str | None:
        return "Yes." if isinstance(event, CallerSaid) else None

    silent = CallerSilent()
    found = asyncio.run(answers(respond, silent, HEARD, silent, HEARD, silent, silent))
    still: list[BrainOutput] = [Say("Still there?")]
    yes: list[BrainOutput] = [Say("Yes.")]
    assert found[:5] == [still, yes, still, yes, still]
    assert found[5] == [Say("Sorry, goodbye."), EndCall()]


def test_agent_is_told_of_every_event_as_it_is() -> None:
    told: list[CallerEvent] = []

    def respond(event: CallerEvent) -> str:
        told.append(event)
        return ""

    events = (
        CallBegan(),
        CallerSaid("more", revises=True),
        CallerPressed("#"),
        CallerEntered("123", complete=False),
        CallerSilent(),
        RecognitionLost(),
    )
    assert asyncio.run(answers(respond, *events)) == [[]] * len(events)
    assert told == list(events)


class Counting:
    """Made once for a call."""

    made: list[CallFacts]

    def __init__(self, call: CallFacts) -> None:
        self.made.append(call)
        self.times = 0

    def respond(self, event: CallerEvent) -> str:
        self.times += 1
        return f"{self.times}"


def test_class_is_a_factory_and_each_call_has_its_own_agent() -> None:
    Counting.made = []

    async def two_calls() -> list[list[BrainOutput]]:
        dialogue = own_dialogue(Counting)
        one, two = dialogue.new_brain(CALL), dialogue.new_brain(CALL)
        heard = [await ask(brain, HEARD) for brain in (one, two, one)]
        await dialogue.aclose()
        return heard

    assert asyncio.run(two_calls()) == [[Say("1")], [Say("1")], [Say("2")]]
    assert [call is CALL for call in Counting.made] == [True, True]


def test_factory_may_be_async() -> None:
    async def factory(call: CallFacts) -> Agent:
        await asyncio.sleep(0)
        return Counting(call)

    async def one_call() -> list[BrainOutput]:
        async with own_call(factory) as brain:
            return await ask(brain, HEARD)

    Counting.made = []
    assert asyncio.run(one_call()) == [Say("1")]


def test_plain_code_runs_off_the_loop_and_async_code_on_it() -> None:
    def where(_: object) -> str:
        return threading.current_thread().name

    async def where_async(event: CallerEvent) -> str:
        return where(event)

    made_in: list[str] = []

    def factory(call: CallFacts) -> Respond:
        made_in.append(where(call))
        return where

    async def one_call() -> list[BrainOutput]:
        async with own_call(factory) as brain:
            return await ask(brain, HEARD)

    loop = threading.current_thread().name
    assert asyncio.run(answers(where_async, HEARD)) == [[Say(loop)]]
    assert asyncio.run(one_call()) == [Say("agent code")]
    assert made_in == ["agent code"]


def test_outputs_of_a_generator_are_heard_one_by_one() -> None:
    go_on = threading.Event()

    def respond(event: CallerEvent) -> Iterator[str]:
        yield "one"
        assert go_on.wait(5)
        yield "two"

    async def one_call() -> None:
        async with own_call(lambda _: respond) as brain:
            hearing, _ = begin(brain, HEARD)
            assert await hearing.until(1) == [Say("one")]
            go_on.set()
            assert await hearing.end() == [Say("one"), Say("two")]

    asyncio.run(one_call())


def test_dialogue_is_that_of_the_file_with_the_name_of_both() -> None:
    dialogue, file = own_dialogue(Counting), script()
    assert dialogue.name == "agent_of_a_test:make with file"
    assert dialogue.language == file.language
    assert dialogue.phrases() == file.phrases()
    assert dialogue.stock_replies() == file.stock_replies()
    assert dialogue.new_brain(CALL).manners == file.new_brain(CALL).manners
    assert set(dialogue.counts().values()) == {0}


@pytest.mark.parametrize("on_loop", [False, True])
def test_agent_is_told_that_its_call_is_over(*, on_loop: bool) -> None:
    async def one_call() -> str:
        loop = asyncio.get_running_loop()
        closed: asyncio.Future[str] = loop.create_future()

        def told() -> None:
            loop.call_soon_threadsafe(closed.set_result, threading.current_thread().name)

        async def told_async() -> None:
            told()

        class Closing(Counting):
            close = staticmethod(told_async if on_loop else told)

        async with own_call(Closing) as brain:
            brain.close()  # Nothing to close yet: there is no agent.
            await ask(brain, HEARD)
            brain.close()
            return await asyncio.wait_for(closed, 5)

    Counting.made = []
    name = asyncio.run(one_call())
    assert (name == threading.current_thread().name) is on_loop
