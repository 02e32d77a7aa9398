"""Code of somebody else that is late, hangs, floods, raises or will not stop: what a call hears."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from dialogue.own_agent import OwnDialogue
from dialogue.ports import (
    BrainOutput,
    CallBegan,
    CallerEvent,
    CallerPressed,
    CallerSilent,
    RecognitionLost,
    ReplyBegan,
    ReplyFailed,
    Say,
)
from tests.support.own_agents import CALL, HEARD, SOON_S, Hearing, ask, begin, held, last_words

pytestmark = pytest.mark.unit

SOON_MS = 30
"""A deadline that a test waits for."""


class Gate:
    """Blocks a thread until the test lets it go, at its end at the latest."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.open.wait(SOON_S)

    async def is_reached(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, SOON_S)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


# --- too late -------------------------------------------------------------------------


def test_function_that_hangs_fails_when_its_first_output_is_late(gate: Gate) -> None:
    async def test(dialogue: OwnDialogue) -> None:
        found = await ask(dialogue.new_brain(CALL), HEARD)
        assert found == [ReplyFailed("no output of the agent for 0.03 s")]
        assert dialogue.counts()["late"] == 1
        gate.open.set()

    held(test, lambda _: gate.wait(), agent_first_token_ms=SOON_MS)


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


def test_coroutine_that_hangs_fails_and_is_cancelled() -> None:
    cancelled: list[bool] = []

    async def respond(event: CallerEvent) -> str:
        try:
            await forever()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return "never"

    found = last_words(respond, agent_first_token_ms=SOON_MS)
    assert found == [ReplyFailed("no output of the agent for 0.03 s")]
    assert cancelled == [True]


def test_agent_that_stops_in_the_middle_fails_after_what_it_said() -> None:
    async def respond(event: CallerEvent) -> AsyncIterator[str]:
        yield "one"
        await forever()

    found = last_words(respond, agent_stall_ms=SOON_MS)
    assert found == [Say("one"), ReplyFailed("nothing more of the agent for 0.03 s")]


def test_generator_that_stops_in_the_middle_fails_after_what_it_said(gate: Gate) -> None:
    def respond(event: CallerEvent) -> Iterator[str]:
        yield "one"
        gate.wait()
        yield "two"

    async def test(dialogue: OwnDialogue) -> None:
        hearing, _ = begin(dialogue.new_brain(CALL), HEARD)
        failed = ReplyFailed("nothing more of the agent for 0.03 s")
        assert await hearing.end() == [Say("one"), failed]
        gate.open.set()

    held(test, respond, agent_stall_ms=SOON_MS)


def test_answer_without_an_end_fails_after_all_its_time() -> None:
    async def respond(event: CallerEvent) -> AsyncIterator[BrainOutput]:
        yield ReplyBegan()
        await forever()

    found = last_words(respond, agent_total_s=SOON_MS / 1000)
    assert found == [ReplyBegan(), ReplyFailed("the agent's answer took 0.03 s")]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (CallBegan(), "Hello from the file."),
        (CallerSilent(), "Still there?"),
        (RecognitionLost(), "Keys only."),
    ],
)
def test_file_speaks_where_an_apology_would_be_no_answer(event: CallerEvent, said: str) -> None:
    async def respond(event: CallerEvent) -> None:
        raise ValueError

    assert last_words(respond, event) == [Say(said)]


def test_failure_after_words_is_a_failure_even_in_a_greeting() -> None:
    def respond(event: CallerEvent) -> Iterator[str]:
        yield "Hello."
        raise ValueError

    found = last_words(respond, CallBegan())
    assert found[0] == Say("Hello.")
    assert isinstance(found[1], ReplyFailed)


# --- one at a time, and threads for so many -------------------------------------------


def test_next_event_waits_for_a_function_that_hangs_and_then_fails(gate: Gate) -> None:
    told: list[CallerEvent] = []

    def respond(event: CallerEvent) -> str:
        told.append(event)
        if len(told) == 1:
            gate.wait()
        return f"answer {len(told)}"

    async def test(dialogue: OwnDialogue) -> None:
        brain = dialogue.new_brain(CALL)
        first, reply = begin(brain, HEARD)
        await gate.is_reached()
        reply.cancel()
        busy = ReplyFailed("the agent was still busy with the event before after 0.3 s")
        assert await ask(brain, HEARD) == [busy]
        assert dialogue.counts()["busy"] == 1
        third, _ = begin(brain, HEARD)
        gate.open.set()
        assert await third.end() == [Say("answer 2")]  # The second was never told.
        assert first.outputs == []

    held(test, respond, agent_first_token_ms=300)


def test_one_call_that_hangs_holds_up_no_other(gate: Gate) -> None:
    def respond(event: CallerEvent) -> str:
        if event == HEARD:
            gate.wait()
        return "done"

    async def test(dialogue: OwnDialogue) -> None:
        hanging, _ = begin(dialogue.new_brain(CALL), HEARD)
        await gate.is_reached()
        assert await ask(dialogue.new_brain(CALL), CallerPressed("1")) == [Say("done")]
        gate.open.set()
        assert await hanging.end() == [Say("done")]

    held(test, respond)


def test_without_a_free_thread_an_answer_waits_and_then_fails(gate: Gate) -> None:
    def respond(event: CallerEvent) -> str:
        if event == HEARD:
            gate.wait()
        return "done"

    async def test(dialogue: OwnDialogue) -> None:
        _, reply = begin(dialogue.new_brain(CALL), HEARD)
        await gate.is_reached()
        reply.cancel()
        other = dialogue.new_brain(CALL)
        assert await ask(other, CallerPressed("1")) == [ReplyFailed("no thread was free for 0.3 s")]
        assert dialogue.counts()["no_thread"] == 1
        assert dialogue._place.threads.busy == 1
        waiting, _ = begin(other, CallerPressed("1"))
        gate.open.set()
        assert await waiting.end() == [Say("done")]

    held(test, respond, agent_threads=1, agent_first_token_ms=300)


def test_many_calls_share_few_threads_and_all_are_answered() -> None:
    at_once: list[int] = []
    inside = 0
    lock = threading.Lock()

    def respond(event: CallerEvent) -> str:
        nonlocal inside
        with lock:
            inside += 1
            at_once.append(inside)
        with lock:
            inside -= 1
        return "done"

    async def test(dialogue: OwnDialogue) -> None:
        brains = [dialogue.new_brain(CALL) for _ in range(50)]
        found = await asyncio.gather(*(ask(brain, HEARD) for brain in brains))
        assert found == [[Say("done")]] * 50
        assert max(at_once) <= 3
        own = [thread for thread in threading.enumerate() if thread.name == "agent code"]
        assert all(thread.daemon for thread in own)  # One that hangs would keep the process.
        assert len(own) <= 3

    held(test, respond, agent_threads=3)


# --- called off -----------------------------------------------------------------------


def test_cancelled_coroutine_stops_and_nothing_is_heard() -> None:
    async def test(dialogue: OwnDialogue) -> None:
        hearing, reply = begin(dialogue.new_brain(CALL), HEARD)
        await asyncio.wait_for(started.wait(), SOON_S)
        reply.cancel()
        reply.cancel()
        await asyncio.wait_for(stopped.wait(), SOON_S)
        assert hearing.outputs == []

    async def respond(event: CallerEvent) -> str:
        started.set()
        try:
            await forever()
        finally:
            stopped.set()
        return "never"

    started, stopped = asyncio.Event(), asyncio.Event()
    held(test, respond)


def test_cancelled_generator_is_closed_at_its_next_output(gate: Gate) -> None:
    closed = threading.Event()
    went_on: list[bool] = []
    kept: list[Iterator[str]] = []

    def respond(event: CallerEvent) -> Iterator[str]:
        kept.append(outputs())
        return kept[0]

    def outputs() -> Iterator[str]:
        try:
            yield "one"
            gate.wait()
            yield "two"
            went_on.append(True)
        finally:
            closed.set()

    async def test(dialogue: OwnDialogue) -> None:
        hearing, reply = begin(dialogue.new_brain(CALL), HEARD)
        await hearing.until(1)
        await gate.is_reached()
        reply.cancel()
        gate.open.set()
        assert await asyncio.to_thread(closed.wait, SOON_S)
        assert hearing.outputs == [Say("one")]
        assert not went_on

    held(test, respond)


def test_event_that_is_called_off_before_its_turn_is_never_told(gate: Gate) -> None:
    told: list[CallerEvent] = []

    def respond(event: CallerEvent) -> str:
        told.append(event)
        if len(told) == 1:
            gate.wait()
        return "x"

    async def test(dialogue: OwnDialogue) -> None:
        brain = dialogue.new_brain(CALL)
        begin(brain, HEARD)
        await gate.is_reached()
        _, reply = begin(brain, CallerPressed("1"))
        reply.cancel()
        gate.open.set()
        assert await ask(brain, CallerPressed("2")) == [Say("x")]
        assert told == [HEARD, CallerPressed("2")]

    held(test, respond)


def test_coroutine_of_a_reply_called_off_meanwhile_is_not_run(gate: Gate) -> None:
    ran: list[bool] = []

    async def answer() -> str:
        ran.append(True)
        return "x"

    def respond(event: CallerEvent) -> Any:
        if event == HEARD:
            gate.wait()
            return answer()
        return "done"

    async def test(dialogue: OwnDialogue) -> None:
        brain = dialogue.new_brain(CALL)
        hearing, reply = begin(brain, HEARD)
        await gate.is_reached()
        reply.cancel()
        gate.open.set()
        assert await ask(brain, CallerPressed("1")) == [Say("done")]
        assert hearing.outputs == []
        assert not ran

    held(test, respond)


def test_reply_called_off_from_its_own_sink_ends_there() -> None:
    async def respond(event: CallerEvent) -> AsyncIterator[str]:
        try:
            yield "one"
            went_on.append(True)
            yield "two"
        finally:
            await asyncio.sleep(0)  # It may take its time.
            closed.set()

    async def test(dialogue: OwnDialogue) -> None:
        heard: list[BrainOutput] = []

        def sink(output: BrainOutput) -> None:
            heard.append(output)
            reply.cancel()

        reply = dialogue.new_brain(CALL).respond(HEARD, sink)
        await asyncio.wait_for(closed.wait(), SOON_S)
        assert heard == [Say("one")]
        assert not went_on

    closed = asyncio.Event()
    went_on: list[bool] = []
    held(test, respond)


def test_closing_ends_everything_even_while_code_hangs(gate: Gate) -> None:
    hearings: list[Hearing] = []

    def respond(event: CallerEvent) -> None:
        gate.wait()

    async def test(dialogue: OwnDialogue) -> None:
        hearing, _ = begin(dialogue.new_brain(CALL), HEARD)
        hearings.append(hearing)
        await gate.is_reached()

    held(test, respond)
    assert hearings[0].outputs == []
