"""Draining with live calls: whatever a call is doing, it finishes or hears a goodbye."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from actors.messages import Hangup, Transfer
from phone.call import Call, CallOptions
from phone.line_options import HangUp
from tests.support.server import LiveServer, live_server, utterance
from tests.support.web import mark, started
from web.phrases import ENGLISH

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]

WAIT_S = 15.0
LONG = "welcome to a line whose greeting takes its time " * 3
TO = "+15550123"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@asynccontextmanager
async def placed(greeting: str = "hello", **changes: Any) -> AsyncIterator[tuple[LiveServer, Call]]:
    """Run a server with one caller, who has heard the greeting begin."""
    async with live_server(greeting, **changes) as server:
        call = Call(CallOptions(url=server.url))
        await call.place()
        await call.line.wait_for_speech()
        yield server, call
        await call.finish()


async def drained(server: LiveServer) -> None:
    """Wait until the drain is over and the server stops."""
    draining = server.server._draining
    assert draining is not None
    await asyncio.wait_for(asyncio.shield(draining), WAIT_S)
    assert server.server.should_exit
    assert not server.server.forced
    assert server.root.active == 0
    assert server.ledger_errors() == 0


async def voice(server: LiveServer, call_sid: str) -> str:
    """Ask the voice webhook, as Twilio does when a call comes in."""
    return await ask(server, "voice", call_sid)


async def ask(server: LiveServer, hook: str, call_sid: str) -> str:
    async with httpx.AsyncClient(verify=False) as http:  # noqa: S501  # plain HTTP
        answer = await http.post(f"{server.url}/webhook/{hook}", data={"CallSid": call_sid})
    assert answer.status_code == 200
    return answer.text


def socket_to(server: LiveServer) -> connect:
    return connect(server.url.replace("http", "ws") + "/ws/twilio-media")


async def close_code(ws: ClientConnection) -> int | None:
    """Listen to the end, and echo marks as Twilio does."""
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                event = json.loads(await ws.recv())
                if event["event"] == "mark":
                    await ws.send(mark(event["mark"]["name"]).decode())
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd is not None else None


# --- a call that is there -------------------------------------------------------------

Moment = Callable[[LiveServer, Call], Awaitable[None]]


async def in_the_greeting(_server: LiveServer, _call: Call) -> None:
    pass


async def while_nobody_speaks(_server: LiveServer, call: Call) -> None:
    await call.line.wait_for_quiet()


async def while_the_caller_speaks(_server: LiveServer, call: Call) -> None:
    line = call.line
    await line.wait_for_quiet()
    line.say(utterance(6))
    until = line.position + 4000
    await line.until(lambda: line.position >= until, "half a second of speech", WAIT_S)


async def in_the_reply(_server: LiveServer, call: Call) -> None:
    await call.line.wait_for_quiet()
    await call.line.speak(utterance(4))
    await call.line.wait_for_speech()


async def while_a_voice_holds_the_agent(_server: LiveServer, call: Call) -> None:
    call.line.say(utterance(9))
    await call.line.until(lambda: call.line.loudspeaker.clears > 0, "the agent's silence", WAIT_S)


async def while_stt_is_being_restarted(server: LiveServer, call: Call) -> None:
    sid = call.identity.call_sid
    server.crash(sid, "stt")
    failed = server.metrics.child_failures.labels("stt")
    await call.line.until(lambda: failed._value.get() > 0, "the crash of STT", WAIT_S)
    assert server.root._live[sid].parts.stt._owner is None


async def while_it_is_hung_up_by_the_agent(server: LiveServer, call: Call) -> None:
    server.root._live[call.identity.call_sid].parts.call.post(Hangup("goodbye"))


@pytest.mark.parametrize(
    "moment",
    [
        in_the_greeting,
        while_nobody_speaks,
        while_the_caller_speaks,
        in_the_reply,
        while_a_voice_holds_the_agent,
        while_stt_is_being_restarted,
    ],
)
async def test_a_call_hears_goodbye_when_its_time_is_up_whatever_it_is_doing(
    moment: Moment,
) -> None:
    greeting = LONG if "greeting" in moment.__name__ or "holds" in moment.__name__ else "hello"
    async with placed(greeting, drain_s=0.05) as (server, call):
        await moment(server, call)
        drained_at = call.line.position
        server.server.drain()
        await call.line.wait_for_end(WAIT_S)
        await call.finish()
        assert call.outcome == "hang up"
        assert not call.problems
        await drained(server)
        assert server.view(call.identity.call_sid)["state"] == "ended:draining"
        assert call.line.ear.agent.last_end > drained_at
        said = server.view(call.identity.call_sid)["transcript"] or []
        assert said[-1]["text"] == "bye"


async def test_a_call_that_ends_by_itself_ends_the_drain_and_hears_no_goodbye() -> None:
    async with placed(drain_s=60) as (server, call):
        server.server.drain()
        await call.line.wait_for_quiet()
        await call.line.speak(utterance(3))
        await call.line.wait_for_speech()
        await call.finish(HangUp.STOP)
        await drained(server)
        assert server.view(call.identity.call_sid)["state"] == "ended:caller_hung_up"


async def test_a_call_that_is_ending_as_the_drain_begins_ends_once() -> None:
    async with placed(drain_s=0) as (server, call):
        await while_it_is_hung_up_by_the_agent(server, call)
        server.server.drain()
        await call.line.wait_for_end(WAIT_S)
        await call.finish()
        await drained(server)
        assert server.view(call.identity.call_sid)["state"] == "ended:goodbye"


async def test_a_transfer_during_the_drain_is_answered_by_webhook() -> None:
    async with placed(drain_s=20) as (server, call):
        server.server.drain()
        server.root._live[call.identity.call_sid].parts.call.post(Transfer(TO))
        await call.line.wait_for_end(WAIT_S)
        await call.finish()
        assert call.outcome == f"dial {TO}"
        await drained(server)


async def test_a_transfer_right_before_the_signal_is_answered_as_well() -> None:
    async with placed(drain_s=20) as (server, call):
        sid = call.identity.call_sid
        server.root._live[sid].parts.call.post(Transfer(TO))
        await asyncio.wait_for(server.root.gone(sid).wait(), WAIT_S)
        assert server.root.admission.quiet_s < WAIT_S, "nobody knows that a call has just gone"
        server.server.drain()
        await call.finish()
        assert call.outcome == f"dial {TO}"
        await drained(server)


async def test_a_caller_who_hears_nothing_is_dropped_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.serving.DRAIN_GOODBYE_S", 0.05)
    monkeypatch.setattr("web.serving.LINGER_S", 60.0)  # nobody else is waited for
    async with placed(LONG, drain_s=0) as (server, call):
        server.server.drain()
        await call.line.wait_for_end(WAIT_S)
        await call.finish()
        assert call.outcome == "hang up"
        await drained(server)
        assert server.view(call.identity.call_sid)["state"] == "ended:aborted"


# --- a call that is on its way --------------------------------------------------------


async def test_a_call_between_webhook_and_socket_is_taken_and_told_goodbye() -> None:
    async with live_server(drain_s=1) as server:
        call_sid = "CA1"
        assert "<Stream" in await voice(server, call_sid)
        server.server.drain()
        async with socket_to(server) as ws:
            await ws.send(started(call_sid).decode())
            assert await close_code(ws) == 1000
        assert "<Hangup" in await ask(server, "after-stream", call_sid)
        await drained(server)
        assert server.view(call_sid)["state"] == "ended:draining"


async def test_a_call_whose_socket_is_open_but_not_started_is_taken_as_well() -> None:
    async with live_server(drain_s=1) as server:
        await voice(server, "CA1")
        async with socket_to(server) as ws:
            server.server.drain()
            await ws.send(started("CA1").decode())
            assert await close_code(ws) == 1000
        await drained(server)
        assert server.view("CA1")["state"] == "ended:draining"


async def test_a_stream_that_nobody_promised_is_refused_and_then_told_so_in_words() -> None:
    async with placed(drain_s=20) as (server, other):
        server.server.drain()
        async with socket_to(server) as ws:
            await ws.send(started("CA9").decode())
            assert await close_code(ws) == 1013
        after = await ask(server, "after-stream", "CA9")
        assert ENGLISH.busy in after
        assert "<Redirect" not in after
        await other.finish()
        await drained(server)


async def test_a_promised_stream_that_never_comes_holds_the_drain_up_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("actors.admission.PROMISE_S", 0.2)
    async with live_server(drain_s=600) as server:
        await voice(server, "CA1")
        server.server.drain()
        await drained(server)
        assert server.count("reservations_ended_total", end="expired") == 1


async def test_a_promise_is_void_once_the_others_have_been_told_goodbye() -> None:
    async with placed(drain_s=0.05) as (server, call):
        await voice(server, "CA9")
        server.server.drain()
        await call.line.wait_for_end(WAIT_S)
        async with socket_to(server) as ws:
            await ws.send(started("CA9").decode())
            assert await close_code(ws) == 1013
        assert ENGLISH.busy in await ask(server, "after-stream", "CA9")
        await call.finish()
        await drained(server)


async def test_new_calls_are_refused_in_the_moment_of_the_signal() -> None:
    async with placed(drain_s=20) as (server, call):
        server.server.handle_exit(15, None)
        assert ENGLISH.busy in await voice(server, "CA2")
        async with httpx.AsyncClient(verify=False) as http:  # noqa: S501  # plain HTTP
            ready = await http.get(f"{server.url}/readyz")
        assert (ready.status_code, ready.json()["reason"]) == (503, "draining")
        await call.finish()
        await drained(server)
        assert server.count("refused_total", reason="draining") == 1
