"""Transfer and hang-up by Twilio's API: a real call, real HTTP, and the way back by webhook."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from actors.messages import Hangup, Transfer
from phone.call import Call, CallOptions
from phone.line_options import HangUp
from telemetry import Metrics
from tests.support.call import settings as defaults
from tests.support.server import LiveServer, live_server
from tests.support.twilio_api import ACCOUNT, AUTH_KEY, GONE, TwilioApi, twilio_api
from web.call_control import make_call_control

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]

ENDED_S = 10.0
TO = "+15550123"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioApi]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with twilio_api() as api:
        yield api


@asynccontextmanager
async def connected(api: TwilioApi, **changes: Any) -> AsyncIterator[tuple[LiveServer, Call]]:
    """Run a server that knows this API, with a caller who has heard the greeting begin."""
    known = {
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": SecretStr(AUTH_KEY),
        "twilio_api_url": api.url,
    }
    control = make_call_control(defaults(**known, **changes), Metrics())
    assert control is not None
    try:
        async with live_server(control=control, **changes) as server:
            call = Call(CallOptions(url=server.url))
            await call.place()
            await call.line.wait_for_speech()
            yield server, call
    finally:
        api.go_on.set()
        await control.aclose()


def ask(server: LiveServer, call: Call, message: Transfer | Hangup) -> None:
    server.root._live[call.identity.call_sid].parts.call.post(message)


async def ended(server: LiveServer, call: Call) -> str:
    sid = call.identity.call_sid
    async with asyncio.timeout(ENDED_S):
        await server.root.gone(sid).wait()
    return server.view(sid)["state"]


async def test_a_transfer_moves_the_live_call_and_twilio_ends_the_stream(api: TwilioApi) -> None:
    async with connected(api) as (server, call):
        ask(server, call, Transfer(TO))
        asked = await asyncio.to_thread(api.next)
        assert f"<Number>{TO}</Number>" in asked.fields["Twiml"]
        assert asked.path.endswith(f"/{call.identity.call_sid}.json")
        assert asked.authorized
        await call.line.hang_up(HangUp.STOP)  # what Twilio does with a stream it has left
        assert await ended(server, call) == "ended:transfer"
        assert server.ledger_errors() == 0


@pytest.mark.parametrize("failure", ["http", "gone", "timeout"])
async def test_what_fails_there_is_done_by_webhook(api: TwilioApi, failure: str) -> None:
    match failure:
        case "http":
            api.answer(500)
        case "gone":
            api.answer(404, GONE)
        case _:
            api.hang()
    async with connected(api, twilio_api_timeout_ms=300) as (server, call):
        ask(server, call, Transfer(TO))
        await call.line.wait_for_end(ENDED_S)
        await call.finish()
        assert call.outcome == f"dial {TO}"
        assert await ended(server, call) == "ended:transfer"
        assert len(api.asked) == 1


async def test_a_hang_up_ends_the_call(api: TwilioApi) -> None:
    async with connected(api) as (server, call):
        ask(server, call, Hangup("goodbye"))
        asked = await asyncio.to_thread(api.next)
        assert asked.fields == {"Status": "completed"}
        await call.line.hang_up(HangUp.STOP)
        assert await ended(server, call) == "ended:goodbye"
