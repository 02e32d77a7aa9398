"""Twilio told over real HTTP: what is asked, what its answers mean, and that nothing waits."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from actors.outcome import HungUp, Outcome, Told, TransferTo
from telemetry import Metrics
from tests.support.call import settings
from tests.support.twilio_api import ACCOUNT, AUTH_KEY, GONE, TwilioApi, twilio_api
from tests.support.web import WAIT_S, logged, metric
from web.call_control import AT_ONCE, TwilioCallControl, make_call_control

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

LONG_MS = 5000


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_proxy_to_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def api() -> Iterator[TwilioApi]:
    with twilio_api() as api:
        yield api


@asynccontextmanager
async def control_of(
    api: TwilioApi, metrics: Metrics | None = None, **changes: Any
) -> AsyncIterator[TwilioCallControl]:
    configured = settings(
        **{
            "twilio_account_sid": ACCOUNT,
            "twilio_auth_token": SecretStr(AUTH_KEY),
            "twilio_api_url": api.url,
            "twilio_api_timeout_ms": LONG_MS,
            **changes,
        }
    )
    control = make_call_control(configured, metrics or Metrics())
    assert control is not None
    try:
        yield control
    finally:
        api.go_on.set()
        await control.aclose()


async def tell(control: TwilioCallControl, outcome: Outcome, sid: str = "CA1") -> tuple[Told, str]:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[Told, str]] = loop.create_future()

    def told(what: Told, detail: str) -> None:
        assert asyncio.get_running_loop() is loop
        answer.set_result((what, detail))

    control.bring_about(sid, outcome, told)
    return await asyncio.wait_for(answer, WAIT_S)


async def test_a_transfer_is_new_twiml_for_the_live_call(api: TwilioApi) -> None:
    async with control_of(api) as control:
        assert (await tell(control, TransferTo("+15550123")))[0] is Told.TAKEN
    (asked,) = api.asked
    assert asked.authorized
    assert asked.path == f"/2010-04-01/Accounts/{ACCOUNT}/Calls/CA1.json"
    assert set(asked.fields) == {"Twiml"}
    assert "<Dial><Number>+15550123</Number></Dial>" in asked.fields["Twiml"]


async def test_a_hang_up_is_the_status_completed(api: TwilioApi) -> None:
    async with control_of(api) as control:
        assert (await tell(control, HungUp(), "CA2"))[0] is Told.TAKEN
    (asked,) = api.asked
    assert asked.fields == {"Status": "completed"}
    assert asked.path.endswith("/CA2.json")


async def test_a_call_that_has_ended_is_no_failure(api: TwilioApi) -> None:
    api.answer(404, GONE)
    async with control_of(api) as control:
        assert await tell(control, HungUp()) == (Told.GONE, "HTTP 404, code 20404")


@pytest.mark.parametrize(
    ("status", "error", "detail"),
    [
        (500, {"message": "private words"}, "HTTP 500, code 500"),
        (429, {"code": 20429, "message": "Too Many Requests"}, "HTTP 429, code 20429"),
        (400, {"code": 21220, "message": "+15550123"}, "HTTP 400, code 21220"),
        (404, {"message": "another server"}, "HTTP 404, code 404"),
    ],
)
async def test_any_other_refusal_is_a_failure_without_the_words_of_it(
    api: TwilioApi, status: int, error: dict[str, Any], detail: str
) -> None:
    api.answer(status, error)
    async with control_of(api) as control:
        assert await tell(control, TransferTo("+15550123")) == (Told.FAILED, detail)


async def test_a_wrong_secret_is_a_failure_and_in_no_line(api: TwilioApi) -> None:
    with logged() as lines:
        async with control_of(api, twilio_auth_token=SecretStr("wrong-secret")) as control:
            told, detail = await tell(control, HungUp())
    assert (told, detail) == (Told.FAILED, "HTTP 401, code 20003")
    assert lines == []


async def test_nobody_there_is_a_failure() -> None:
    with twilio_api() as api:
        pass
    async with control_of(api) as control:
        told, detail = await tell(control, HungUp())
    assert told is Told.FAILED
    assert detail == "ConnectionError"


async def test_a_library_that_breaks_is_a_failure_without_its_words() -> None:
    def update(_sid: str, _fields: Any) -> None:
        raise ZeroDivisionError("private")

    control = TwilioCallControl(update, 1.0)
    assert await tell(control, HungUp()) == (Told.FAILED, "ZeroDivisionError")
    await control.aclose()
    assert control.counts() == {"broken": 1}


async def test_who_asks_is_answered_in_time_whatever_the_far_side_does(api: TwilioApi) -> None:
    api.hang()
    async with control_of(api, twilio_api_timeout_ms=200) as control:
        assert await tell(control, HungUp()) == (Told.FAILED, "no answer in time")
        assert control.counts() == {"timeout": 1}


async def test_the_loop_goes_on_while_twilio_takes_its_time(api: TwilioApi) -> None:
    api.hang()
    async with control_of(api) as control:
        answer = asyncio.ensure_future(tell(control, HungUp()))
        await asyncio.sleep(0)
        # Were it asked on the loop's thread, this line would wait for an answer first.
        await asyncio.to_thread(api.next)
        assert not answer.done()
        api.go_on.set()
        assert (await answer)[0] is Told.TAKEN


async def test_beyond_a_few_at_once_nobody_queues(api: TwilioApi) -> None:
    api.hang()
    async with control_of(api) as control:
        waiting = [asyncio.ensure_future(tell(control, HungUp())) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        assert await tell(control, HungUp()) == (Told.FAILED, "too many requests under way")
        assert sum("twilio-api" in thread.name for thread in threading.enumerate()) <= AT_ONCE
        api.go_on.set()
        assert {(await one)[0] for one in waiting} == {Told.TAKEN}
        assert (await tell(control, HungUp()))[0] is Told.TAKEN


async def test_the_end_waits_for_what_is_under_way_and_leaves_no_thread(api: TwilioApi) -> None:
    api.hang()
    async with control_of(api) as control:
        answer = asyncio.ensure_future(tell(control, HungUp()))
        await asyncio.to_thread(api.next)
        closing = asyncio.ensure_future(control.aclose())
        await asyncio.sleep(0)
        assert (await tell(control, HungUp()))[0] is Told.FAILED
        api.go_on.set()
        await asyncio.wait_for(closing, WAIT_S)
        assert (await answer)[0] is Told.TAKEN
    for thread in threading.enumerate():
        if "twilio-api" in thread.name:
            thread.join(WAIT_S)
            assert not thread.is_alive()


async def test_the_end_waits_no_longer_than_one_request_may_take() -> None:
    go_on = threading.Event()
    control = TwilioCallControl(lambda _sid, _fields: go_on.wait(2 * WAIT_S), 0.1)
    answers: list[str] = []
    control.bring_about("CA1", HungUp(), lambda _told, detail: answers.append(detail))
    try:
        await asyncio.wait_for(control.aclose(), WAIT_S)
    finally:
        go_on.set()
    assert answers == ["no answer in time"]


async def test_what_came_of_it_is_counted(api: TwilioApi) -> None:
    metrics = Metrics()
    async with control_of(api, metrics) as control:
        await tell(control, HungUp())
        api.answer(404, GONE)
        await tell(control, HungUp())
        api.answer(500)
        await tell(control, HungUp())
    for event in ("taken", "gone", "refused"):
        assert metric(metrics, "engine_events_total", engine="twilio_api", event=event) == 1


@pytest.mark.parametrize("missing", ["twilio_account_sid", "twilio_auth_token"])
def test_without_account_or_secret_there_is_none(missing: str) -> None:
    named: dict[str, Any] = {
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": SecretStr(AUTH_KEY),
        missing: None,
    }
    assert make_call_control(settings(**named), Metrics()) is None
