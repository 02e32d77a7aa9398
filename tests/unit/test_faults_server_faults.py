"""The faults of a server: they do what their rows say, and the handlers' rows can be missed."""

import asyncio
from collections.abc import AsyncIterable
from typing import Any

import pytest

from actors.messages import StreamStopped
from bench.faults.server import handlers
from bench.faults.server.agent import (
    ASYNC_PLANS,
    AT_LENGTH,
    HERE,
    LIVES,
    LONG_ANSWER,
    MISBEHAVE,
    PLAIN_PLANS,
    PLANS,
    AgentBroke,
    make,
)
from bench.faults.server.handlers import handler_rows
from bench.faults.server.own_time import OwnTime
from bench.faults.server.voice import FAILS, GARBAGE, RAISES, STALLS, FaultyVoice, VoiceBroke
from dialogue.ports import CallerPressed, CallerSaid, CallFacts
from speech.ports import AudioChunk, SynthesisDone, SynthesisFailed
from speech.tone import ToneSynthesizer
from tests.support.faults import Exchange

pytestmark = pytest.mark.unit

CALL = CallFacts("CA1", "", ())


@pytest.fixture(autouse=True)
def no_plans() -> None:
    PLANS.clear()


# --- the agent and the voice ----------------------------------------------------------


@pytest.mark.parametrize("plan", ["", *PLAIN_PLANS])
def test_an_agent_is_good_until_its_key_is_pressed(plan: str) -> None:
    PLANS[CALL.call_sid] = plan
    respond = make(CALL)
    assert respond(CallerSaid("hello")) == LONG_ANSWER
    assert respond(CallerPressed(LIVES)) == HERE
    assert str(respond(CallerPressed(AT_LENGTH))).startswith(LONG_ANSWER)
    assert respond(CallerPressed("9")) is None


def test_an_agent_breaks_in_the_call_that_it_was_told_to_and_in_no_other() -> None:
    PLANS[CALL.call_sid] = "raises"
    with pytest.raises(AgentBroke):
        make(CALL)(CallerPressed(MISBEHAVE))
    assert make(CallFacts("CA2", "", ()))(CallerPressed(MISBEHAVE)) == ""


def test_a_factory_breaks_where_it_was_told_to() -> None:
    PLANS[CALL.call_sid] = "factory raises"
    with pytest.raises(AgentBroke):
        make(CALL)


@pytest.mark.parametrize("plan", ASYNC_PLANS)
def test_async_agents_answer_on_the_loop(plan: str) -> None:
    PLANS[CALL.call_sid] = plan

    async def answers() -> list[Any]:
        given = make(CALL)(CallerPressed(LIVES))
        assert isinstance(given, AsyncIterable)
        return [output async for output in given]

    assert asyncio.run(answers()) == [HERE]


def spoken(text: str) -> list[Any]:
    events: list[Any] = []
    FaultyVoice(ToneSynthesizer()).synthesize(text, events.append)
    return events


def test_a_voice_breaks_over_its_texts_alone() -> None:
    assert isinstance(spoken("Hello.")[-1], SynthesisDone)
    assert spoken(f"{STALLS}: now") == []
    assert isinstance(spoken(f"{FAILS}: now")[-1], SynthesisFailed)
    garbage = spoken(f"{GARBAGE}: now")
    assert isinstance(garbage[garbage.index(SynthesisDone()) + 1], AudioChunk)
    with pytest.raises(VoiceBroke):
        spoken(f"{RAISES}: now")


# --- the handlers ---------------------------------------------------------------------


def test_every_handler_of_every_actor_has_a_row_and_all_promises_are_kept() -> None:
    rows = list(handler_rows())
    assert [row for row in rows if row.broken] == []
    names = {row.name for row in rows}
    assert len(names) == len(rows) >= 60
    assert {"rx crashes over a beat", "call crashes over ChildFailed"} <= names
    assert "agent crashes over Synthesized" in names


def test_a_fault_that_reaches_the_call_beside_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    strike, call = handlers._strike, Exchange.call
    callers: list[Any] = []

    def noted(self: Exchange, call_sid: str) -> Any:
        callers.append(call(self, call_sid))
        return callers[-1]

    def strikes_both(caller: Any, child: str, kind: type) -> None:
        for one in (caller, callers[-1]):
            strike(one, child, kind)

    monkeypatch.setattr(Exchange, "call", noted)
    monkeypatch.setattr(handlers, "_strike", strikes_both)
    monkeypatch.setattr(handlers, "_handlers", lambda: iter([("call", (StreamStopped,))]))
    assert "the call beside it" in str(next(handler_rows()).broken)


def test_a_call_that_does_not_go_on_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends_it(caller: Any, child: str, _kind: type) -> None:
        caller.parts.call.post(StreamStopped())

    monkeypatch.setattr(handlers, "_strike", ends_it)
    assert next(handler_rows()).broken == "state ended:caller_hung_up, expected live"


# --- the clock ------------------------------------------------------------------------


def test_a_threads_own_time_goes_on_and_never_faster_than_the_clock() -> None:
    own = OwnTime()
    first, second = own.perf_counter(), own.perf_counter()
    assert 0 <= second - first < 1.0
