"""Whole calls: the phone against the real server on loopback, with instant engines."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest

from phone.call import Call, CallOptions
from phone.line import Line
from phone.line_options import HangUp, LineOptions
from phone.report import CallReport, report_call
from tests.support.server import LiveServer, live_server, utterance

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]

LONG_GREETING = "welcome to a line whose greeting takes its time"
REAPED_S = 5.0
"""For the root to clear an ended call away."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


async def answer_to(line: Line, number: int) -> float:
    """Say a word and hear the whole answer; returns the latency in seconds."""
    await line.wait_for_quiet()
    await line.speak(utterance(number))
    latency_s = await line.wait_for_speech()
    await line.wait_for_quiet()
    return latency_s


async def ended(server: LiveServer, call_sid: str) -> None:
    """Wait until the root has cleared a call away."""
    async with asyncio.timeout(REAPED_S):
        await server.root.gone(call_sid).wait()


def words(server: LiveServer, call_sid: str) -> list[str]:
    """What the caller said, as the agent understood it."""
    transcript = server.view(call_sid)["transcript"]
    assert transcript is not None
    return [entry["text"] for entry in transcript if entry["who"] == "caller"]


@dataclass
class Held:
    """A call that was held."""

    call: Call
    latencies_s: list[float] = field(default_factory=list)

    @property
    def sid(self) -> str:
        return self.call.identity.call_sid

    @property
    def report(self) -> CallReport:
        return report_call(self.call, ())


def place(server: LiveServer, **line: Any) -> AbstractAsyncContextManager[Call]:
    return Call(CallOptions(url=server.url, line=LineOptions(**line)))


async def test_a_call_is_greeted_understood_answered_and_accounted_for() -> None:
    async with live_server() as server:
        async with place(server) as call:
            line, sid = call.line, call.identity.call_sid
            await line.wait_for_speech()
            latencies_s = [await answer_to(line, number) for number in (2, 4, 3)]
        await ended(server, sid)
        assert words(server, sid) == ["word 2", "word 4", "word 3"]
        assert report_call(call, ()).failures == []
        view = server.view(sid)
        assert all(not reasons for reasons in view["drops"].values())
        assert view["restarts"] == {"rx": 0, "tx": 0, "stt": 0, "agent": 0}
        assert len(view["latencies"]) == 3
        assert all(0 < latency_s < 2.0 for latency_s in latencies_s)
        assert call.outcome == "hang up"
        assert server.ledger_errors() == 0


async def test_twenty_calls_at_once_are_all_good_and_leave_nothing_behind() -> None:
    async def hold(server: LiveServer) -> Held:
        async with place(server) as call:
            held = Held(call)
            await call.line.wait_for_speech()
            held.latencies_s = [await answer_to(call.line, number) for number in (2, 3)]
        return held

    async with live_server() as server:
        tasks_before = len(asyncio.all_tasks())
        calls = await asyncio.gather(*(hold(server) for _ in range(20)))
        for held in calls:
            await ended(server, held.sid)
            # Server and twenty phones share one loop here: their cadence is for the bench.
            assert [one for one in held.report.failures if "underruns" not in one] == []
            assert words(server, held.sid) == ["word 2", "word 3"]
            assert not any(server.view(held.sid)["drops"].values())
        assert server.root.active == 0
        assert server.ledger_errors() == 0
        assert len(asyncio.all_tasks()) <= tasks_before


async def test_the_caller_interrupts_the_greeting_and_is_answered() -> None:
    async with live_server(greeting=LONG_GREETING * 3) as server, place(server) as call:
        line = call.line
        await line.wait_for_speech()
        await line.speak(utterance(4))
        await line.wait_for_speech()
        report = report_call(call, ())
        assert line.loudspeaker.clears == 1
        assert line.loudspeaker.staleness.stale_messages == 0
        assert report.turns[0].cut
        assert words(server, call.identity.call_sid) == ["word 4"]
        transcript = server.view(call.identity.call_sid)["transcript"] or []
        greeting = transcript[0]["text"]
        assert greeting.endswith("…")
        assert len(greeting) < len(LONG_GREETING)


@pytest.mark.parametrize("how", [HangUp.STOP, HangUp.CLOSE, HangUp.ABORT])
async def test_every_way_of_hanging_up_ends_the_call(how: HangUp) -> None:
    async with live_server(greeting=LONG_GREETING) as server:
        call = Call(CallOptions(url=server.url))
        await call.place()
        await call.line.wait_for_speech()
        await call.line.hang_up(how)
        await ended(server, call.identity.call_sid)
        expected = {
            HangUp.STOP: "ended:caller_hung_up",
            HangUp.CLOSE: "ended:socket_closed",
            HangUp.ABORT: "ended:socket_lost",
        }
        assert server.view(call.identity.call_sid)["state"] == expected[how]
        await call.finish()
        assert server.ledger_errors() == 0


# --- a child is killed in a live call -----------------------------------------------------

Moment = Callable[[Line, Callable[[], None]], Awaitable[None]]


async def in_the_greeting(line: Line, crash: Callable[[], None]) -> None:
    await line.wait_for_speech()
    crash()
    await line.wait_for_quiet()
    await answer_to(line, 3)


async def while_idle(line: Line, crash: Callable[[], None]) -> None:
    await line.wait_for_speech()
    await line.wait_for_quiet(quiet_s=1.0)
    crash()
    await answer_to(line, 3)


async def in_the_middle_of_a_word(line: Line, crash: Callable[[], None]) -> None:
    await line.wait_for_speech()
    await line.wait_for_quiet()
    line.say(utterance(3))
    half = line.position + 8000 * 3 * 300 // 1000 // 2
    await line.until(lambda: line.position >= half, "the middle of a word", 10.0)
    crash()
    await line.wait_for_speech(since=half)
    await line.wait_for_quiet()


async def in_the_reply(line: Line, crash: Callable[[], None]) -> None:
    await line.wait_for_speech()
    await line.wait_for_quiet()
    await line.speak(utterance(3))
    await line.wait_for_speech()
    crash()
    await line.wait_for_quiet()


MOMENTS: tuple[Moment, ...] = (
    in_the_greeting,
    while_idle,
    in_the_middle_of_a_word,
    in_the_reply,
)


async def test_any_child_killed_at_any_moment_costs_neither_words_nor_answers() -> None:
    async def hold(server: LiveServer, child: str, moment: Moment) -> None:
        async with place(server) as call:
            sid = call.identity.call_sid
            await moment(call.line, lambda: server.crash(sid, child))
            await answer_to(call.line, 2)
            await answer_to(call.line, 4)
        await ended(server, sid)
        what = f"{child} killed {moment.__name__}"
        heard = words(server, sid)
        assert heard == ["word 3", "word 2", "word 4"], what
        view = server.view(sid)
        assert view["restarts"] == {
            name: int(name == child) for name in ("rx", "tx", "stt", "agent")
        }, what
        assert not any(view["drops"][name] for name in ("rx", "stt")), what
        assert report_call(call, ()).line is not None
        assert call.line.loudspeaker.faults.total == 0, what

    async with live_server(greeting=LONG_GREETING) as server:
        children = ("rx", "stt", "agent", "tx")
        await asyncio.gather(
            *(hold(server, child, moment) for child in children for moment in MOMENTS)
        )
        assert server.ledger_errors() == 0


async def test_a_crashed_supervisor_ends_its_call_and_no_other() -> None:
    async with live_server(greeting=LONG_GREETING) as server:
        async with place(server) as doomed, place(server) as other:
            await asyncio.gather(doomed.line.wait_for_speech(), other.line.wait_for_speech())
            server.crash(doomed.identity.call_sid, "call")
            await doomed.line.wait_for_end()
            await answer_to(other.line, 3)
        await ended(server, other.identity.call_sid)
        assert server.view(doomed.identity.call_sid)["state"] == "ended:call_failed"
        assert words(server, other.identity.call_sid) == ["word 3"]
        assert report_call(other, ()).failures == []
        assert server.ledger_errors() == 0


async def test_a_child_that_crashes_again_ends_the_call_with_a_goodbye() -> None:
    async with live_server() as server, place(server) as call:
        sid = call.identity.call_sid
        await call.line.wait_for_speech()
        await call.line.wait_for_quiet()
        spans = len(call.line.ear.agent.spans)
        server.crash(sid, "rx")
        await answer_to(call.line, 2)
        server.crash(sid, "rx")
        await call.line.wait_for_end()
        await ended(server, sid)
        assert server.view(sid)["state"] == "ended:rx_failed"
        assert len(call.line.ear.agent.spans) >= spans + 2, "no goodbye was heard"


async def crash_and_see_it_restarted(server: LiveServer, line: Line, sid: str) -> None:
    before = server.view(sid)["restarts"]["stt"]
    server.crash(sid, "stt")

    def restarted() -> bool:
        view = server.view(sid)
        return view["restarts"]["stt"] > before or view["mode"]["stt"] == "single"

    await line.until(restarted, "a restart of STT", 5.0)
    await line.wait_for_quiet()


async def test_a_dead_recogniser_falls_back_to_single_requests_and_still_answers() -> None:
    async with live_server() as server, place(server) as call:
        sid = call.identity.call_sid
        await call.line.wait_for_speech()
        for _ in range(4):
            await crash_and_see_it_restarted(server, call.line, sid)
        await answer_to(call.line, 4)
        # It may be streaming again by now: the way back is tried after two seconds.
        assert server.count("stt_fallbacks_total", reason="exhausted") == 1
        assert server.view(sid)["restarts"]["stt"] == 3
        assert words(server, sid) == ["word 4"]
