"""Admission under a rush, and under load: real webhooks, real streams, a real event loop."""

import asyncio
import time
from collections import Counter
from functools import partial
from typing import Any

import httpx
import pytest

from phone.call import Call, CallOptions
from phone.identity import Identity
from tests.support.server import LiveServer, live_server
from web.phrases import ENGLISH

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]

WAIT_S = 15.0
RUSH = 50
CLIENT = partial(httpx.AsyncClient, verify=False)
"""Without certificates: reading them takes 0.1 s, in the very loop that is being judged."""
PLACES = 10


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


async def voice(server: LiveServer, call_sid: str) -> str:
    """Ask the voice webhook: `stream`, `busy` or the address the caller is sent to."""
    async with CLIENT() as http:
        answer = await http.post(f"{server.url}/webhook/voice", data={"CallSid": call_sid})
    if "<Redirect" in answer.text:
        return answer.text.partition('method="POST">')[2].partition("<")[0]
    return "busy" if ENGLISH.busy in answer.text else "stream"


async def ready(server: LiveServer) -> str | None:
    """Ask whether the server is ready; returns the reason why not."""
    async with CLIENT() as http:
        answer = await http.get(f"{server.url}/readyz")
    reason: str | None = answer.json()["reason"]
    assert (answer.status_code == 200) == (reason is None)
    return reason


def call_of(server: LiveServer, call_sid: str, *, webhook: bool = True) -> Call:
    url = server.url if webhook else server.url.replace("http", "ws") + "/ws/twilio-media"
    return Call(CallOptions(url=url, identity=Identity(call_sid=call_sid)))


async def test_of_fifty_webhooks_at_once_as_many_are_promised_a_place_as_there_are() -> None:
    async with live_server(max_calls=PLACES) as server:
        answers = await asyncio.gather(*(voice(server, f"CA{n}") for n in range(RUSH)))
        assert Counter(answers) == {"stream": PLACES, "busy": RUSH - PLACES}
        assert server.count("reservations") == PLACES
        assert server.count("refused_total", reason="busy") == RUSH - PLACES
        assert await ready(server) == "busy"


async def test_of_fifty_whole_calls_at_once_none_that_was_promised_a_place_is_refused() -> None:
    async with live_server(max_calls=PLACES) as server:
        calls = [call_of(server, f"CA{n}") for n in range(RUSH)]
        await asyncio.gather(*(call.place() for call in calls))
        taken = [call for call in calls if call.connected]
        await asyncio.gather(*(call.line.wait_for_speech() for call in taken))
        assert len(taken) == PLACES
        assert server.root.active == PLACES
        assert server.count("reservations_ended_total", end="started") == PLACES
        await asyncio.gather(*(call.finish() for call in taken))
        assert server.ledger_errors() == 0


async def test_a_stream_without_a_webhook_gets_no_place_that_was_promised() -> None:
    async with live_server(max_calls=2) as server:
        await voice(server, "CA1")
        first = call_of(server, "CA8", webhook=False)
        await first.place()
        await first.line.wait_for_speech()
        second = call_of(server, "CA9", webhook=False)
        await second.place()
        await second.line.wait_for_end(WAIT_S)
        assert server.count("refused_total", reason="busy") == 1
        promised = call_of(server, "CA1", webhook=False)
        await promised.place()
        await promised.line.wait_for_speech()
        for call in (first, second, promised):
            await call.finish()


async def test_the_same_call_twice_at_once_is_one_call() -> None:
    async with live_server(max_calls=2) as server:
        calls = [call_of(server, "CA1") for _ in range(5)]
        await asyncio.gather(*(call.place() for call in calls))
        ends = [asyncio.create_task(call.line.wait_for_end(WAIT_S)) for call in calls]
        speech = [asyncio.create_task(call.line.wait_for_speech()) for call in calls]
        await asyncio.wait(speech, timeout=WAIT_S)
        assert sum(one.exception() is None for one in speech) == 1
        assert sum(one.done() for one in ends) == len(calls) - 1
        assert server.count("refused_total", reason="duplicate") == len(calls) - 1
        assert (server.root.active, server.root.admission.taken) == (1, 1)
        await asyncio.gather(*(call.finish() for call in calls))
        await asyncio.gather(*ends)
        assert server.ledger_errors() == 0


async def test_a_stalled_loop_sends_callers_elsewhere_until_it_has_recovered() -> None:
    elsewhere = "https://other.example.com/voice"
    async with live_server(
        overload_url=elsewhere, load_window_s=2, load_late_percent=20, ready_load_percent=50
    ) as server:
        call = call_of(server, "CA1")
        await call.place()
        await call.line.wait_for_speech()
        levels: asyncio.Queue[str] = asyncio.Queue()
        told = server.root.admission.observe

        def observe(lag_s: float) -> str | None:
            level = told(lag_s)
            if level is not None:
                levels.put_nowait(level)
            return level

        server.root.admission.observe = observe  # type: ignore[method-assign]  # looked over
        time.sleep(0.3)  # noqa: ASYNC251  # the fault: something blocks the loop
        assert await asyncio.wait_for(levels.get(), WAIT_S) == "high"
        assert await ready(server) == "overload"
        assert await voice(server, "CA2") == "stream"
        time.sleep(0.3)  # noqa: ASYNC251  # and again
        assert await asyncio.wait_for(levels.get(), WAIT_S) == "overloaded"
        assert await voice(server, "CA3") == elsewhere
        assert server.count("refused_total", reason="overload") == 1
        assert server.count("load") > 1
        while await asyncio.wait_for(levels.get(), WAIT_S) != "normal":
            pass
        assert await ready(server) is None
        assert await voice(server, "CA3") == "stream"
        await call.finish()
