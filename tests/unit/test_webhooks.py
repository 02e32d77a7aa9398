"""Webhooks and pages: who gets which answer, through the whole application."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from starlette.applications import Starlette

from actors.outcome import HungUp, Outcome, TransferTo
from telemetry import Metrics
from tests.support.web import FakeRoot, logged, metric
from web.app import make_app
from web.guard import Guard
from web.phrases import ENGLISH, phrases_for
from web.status import VERSION, ServerStatus
from web.tokens import Tokens

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Site:
    """An application with everything behind it faked."""

    auth_token: str | None = None
    public_host: str | None = None
    admin_token: str | None = None
    language: str = "en-US"
    root: FakeRoot = field(default_factory=FakeRoot)
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.status = ServerStatus(self.root, {"stt": "s", "tts": "t"}, started=True)
        self.tokens = Tokens(ttl_s=60, max_tokens=4, now=lambda: 0.0)
        self.app: Starlette = make_app(
            guard=Guard(
                auth_token=self.auth_token,
                public_host=self.public_host,
                admin_token=self.admin_token,
            ),
            status=self.status,
            tokens=self.tokens,
            metrics=self.metrics,
            phrases=phrases_for(self.language),
            public_host=self.public_host,
        )

    @asynccontextmanager
    async def caller(self, peer: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self.app, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
            yield http

    async def post(self, path: str, data: Mapping[str, Any], **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.caller() as http:
            return await http.post(path, data=dict(data), headers=named)

    async def get(self, path: str, peer: str = "127.0.0.1", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.caller(peer) as http:
            return await http.get(path, headers=named)


CALL = {"CallSid": "CA1", "From": "+15550100", "CallerName": ""}


async def test_a_call_is_connected_to_the_port_it_came_to() -> None:
    site = Site()
    answer = await site.post("/webhook/voice", CALL)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert 'url="ws://localhost:8080/ws/twilio-media"' in answer.text
    assert 'statusCallback="http://localhost:8080/webhook/stream_status"' in answer.text
    token = answer.text.partition('name="token" value="')[2].partition('"')[0]
    assert site.tokens.redeem("CA1", token)


async def test_a_get_is_answered_as_well() -> None:
    answer = await Site().get("/webhook/voice?CallSid=CA1")
    assert "<Stream" in answer.text


async def test_the_public_name_alone_makes_the_urls() -> None:
    site = Site(public_host="voice.example.com")
    answer = await site.post("/webhook/voice", CALL, host="localhost")
    assert 'url="wss://voice.example.com/ws/twilio-media"' in answer.text
    assert "localhost" not in answer.text


@pytest.mark.parametrize("reason", ["draining", "busy", "overload"])
async def test_a_call_that_cannot_be_taken_is_told_so_in_words(reason: str) -> None:
    site = Site()
    site.root.admission.refuses = reason
    answer = await site.post("/webhook/voice", CALL)
    assert answer.status_code == 200
    assert ENGLISH.busy in answer.text
    assert "<Hangup" in answer.text
    assert "<Stream" not in answer.text
    assert metric(site.metrics, "refused_total", reason=reason) == 1
    assert len(site.tokens) == 0


async def test_a_call_that_cannot_be_taken_is_sent_elsewhere_where_there_is_such_a_place() -> None:
    site = Site()
    site.root.admission.refuses = "overload"
    site.root.admission.overload_url = "https://other.example.com/voice?site=2&why=full"
    answer = await site.post("/webhook/voice", CALL)
    redirect = ET.fromstring(answer.text).find("Redirect")  # noqa: S314  # our own XML
    assert redirect is not None
    assert redirect.text == site.root.admission.overload_url
    assert "<Say" not in answer.text
    assert metric(site.metrics, "refused_total", reason="overload") == 1


async def test_the_place_of_a_call_is_kept_from_its_webhook_on() -> None:
    site = Site()
    await site.post("/webhook/voice", CALL)
    assert site.root.admission.kept == ["CA1"]
    site.root.stop_admitting()
    await site.post("/webhook/voice", CALL)
    assert not site.root.admission.kept


async def test_a_broken_call_keeps_its_place_while_it_is_put_off_and_loses_it_at_last() -> None:
    site = Site()
    await site.post("/webhook/after-stream", CALL)
    assert site.root.admission.kept == ["CA1"]
    await site.post("/webhook/after-stream?retry=1", CALL)
    assert not site.root.admission.kept


async def test_who_loses_the_place_loses_the_token_and_nobody_who_keeps_it_does() -> None:
    site = Site()
    kept = token_of(await site.post("/webhook/voice", {"CallSid": "CA1"}))
    for number in range(2, 9):  # the table has room for four
        call = {"CallSid": f"CA{number}"}
        lost = token_of(await site.post("/webhook/voice", call))
        await site.post("/webhook/after-stream?retry=1", call)
        assert not site.tokens.redeem(call["CallSid"], lost)
    late = token_of(await site.post("/webhook/voice", CALL | {"CallSid": "CA9"}))
    site.root.admission.refuses = "busy"
    await site.post("/webhook/voice", CALL | {"CallSid": "CA9"})
    assert not site.tokens.redeem("CA9", late)
    assert site.tokens.redeem("CA1", kept)
    assert len(site.tokens) == 0


def token_of(answer: httpx.Response) -> str:
    return answer.text.partition('name="token" value="')[2].partition('"')[0]


async def test_a_broken_call_that_cannot_come_again_is_told_so_at_once() -> None:
    site = Site()
    site.root.stop_admitting()
    answer = await site.post("/webhook/after-stream", CALL)
    assert ENGLISH.busy in answer.text
    assert "<Redirect" not in answer.text
    assert ENGLISH.reconnecting not in answer.text


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(HungUp(), "<Hangup"), (TransferTo("+15550123"), "<Number>+15550123</Number>")],
)
async def test_the_outcome_of_a_call_is_what_happens_after_its_stream(
    outcome: Outcome, expected: str
) -> None:
    site = Site()
    site.root.outcomes["CA1"] = outcome
    assert expected in (await site.post("/webhook/after-stream", CALL)).text


async def test_a_call_that_nobody_remembers_is_connected_once_more_and_only_once() -> None:
    site = Site(language="he-IL")
    first = await site.post("/webhook/after-stream", CALL)
    assert 'language="he-IL"' in first.text
    path = first.text.partition('<Redirect method="POST">')[2].partition("<")[0]
    again = await site.post(path, CALL)
    action = again.text.partition('<Connect action="')[2].partition('"')[0]
    last = await site.post(action, CALL)
    assert "<Redirect" not in last.text
    assert "<Hangup" in last.text


async def test_a_stream_error_is_logged_in_one_line() -> None:
    site = Site()
    error = CALL | {"StreamEvent": "stream-error", "StreamError": "31920\nhandshake"}
    with logged() as lines:
        answer = await site.post("/webhook/stream_status", error)
        await site.post("/webhook/stream_status", CALL | {"StreamEvent": "stream-started"})
    assert answer.status_code == 204
    assert lines == ["stream-error: 31920�handshake"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, "CallSid"),
        ({"CallSid": ""}, "CallSid"),
        ({"CallSid": "C" * 65}, "CallSid"),
        ({"CallSid": "CA<1>"}, "CallSid"),
        ({"CallSid": ["CA1", "CA2"]}, "CallSid"),
        ({"CallSid": "CA1", "x": "y" * 70_000}, "65536 bytes"),
        ({f"f{number}": "" for number in range(300)}, "200 fields"),
    ],
)
async def test_a_bad_form_is_refused_with_one_line(data: dict[str, Any], expected: str) -> None:
    with logged() as lines:
        answer = await Site().post("/webhook/voice", data)
    assert answer.status_code == 400
    assert expected in answer.text
    assert len(lines) == 1


async def test_a_body_that_is_no_form_is_refused() -> None:
    async with Site().caller() as http:
        answer = await http.post("/webhook/voice", json=CALL)
    assert answer.status_code == 400


def sign(url: str, data: Mapping[str, str], key: bytes = b"12345") -> str:
    text = url + "".join(name + data[name] for name in sorted(data))
    return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha1).digest()).decode()


SESAME = "open-sesame-12345"
VOICE_URL = "https://voice.example.com/webhook/voice"


async def test_with_a_token_only_signed_webhooks_are_answered() -> None:
    site = Site(auth_token="12345", public_host="voice.example.com")
    right = sign(VOICE_URL, CALL)
    # As through a proxy: another Host, forwarder headers. Neither is believed nor minded.
    proxied = {"host": "10.0.0.7", "x_forwarded_for": "203.0.113.9"}
    assert (
        await site.post("/webhook/voice", CALL, x_twilio_signature=right, **proxied)
    ).status_code == 200
    retried = sign(f"{VOICE_URL}?retry=1", CALL)
    answer = await site.post("/webhook/voice?retry=1", CALL, x_twilio_signature=retried)
    assert "after-stream?retry=1" in answer.text
    with logged() as lines:
        for data, headers in (
            (CALL, {}),
            (CALL | {"To": "x"}, {"x_twilio_signature": right}),
            (CALL, {"x_twilio_signature": sign(VOICE_URL, CALL, b"54321")}),
            (CALL, {"x_twilio_signature": sign("http://localhost:8080/webhook/voice", CALL)}),
        ):
            answer = await site.post("/webhook/voice", data, **headers)
            assert (answer.status_code, answer.text) == (403, "refused\n")
    assert lines == ["request refused: signature: /webhook/voice"] * 4
    assert metric(site.metrics, "refused_total", reason="signature") == 4


async def test_a_signed_get_is_signed_over_its_query() -> None:
    site = Site(auth_token="12345", public_host="voice.example.com")
    target = "/webhook/voice?CallSid=CA1&CallerName="
    signature = sign(f"https://voice.example.com{target}", {})
    answer = await site.get(target, "203.0.113.7", x_twilio_signature=signature)
    assert "<Stream" in answer.text
    assert (await site.get(f"{target}x", x_twilio_signature=signature)).status_code == 403


@pytest.mark.parametrize("path", ["/", "/healthz", "/webhook/voice", "/calls", "/nowhere"])
async def test_without_a_token_nothing_is_answered_through_a_forwarder(path: str) -> None:
    site = Site()
    with logged() as lines:
        answer = await site.get(path, x_forwarded_for="203.0.113.7")
    assert answer.status_code == 403
    assert lines == [f"request refused: forwarded: {path}"]


async def test_operator_pages_are_for_this_machine_alone_token_or_not() -> None:
    site = Site(auth_token="12345", public_host="voice.example.com")
    for path in ("/calls", "/calls/CA1", "/metrics"):
        assert (await site.get(path, "203.0.113.7")).status_code == 403
        assert (await site.get(path, x_forwarded_for="203.0.113.7")).status_code == 403
        assert (await site.get(path, host="voice.example.com")).status_code == 403
        assert (await site.get(path)).status_code != 403
    assert (await site.get("/healthz", "203.0.113.7")).status_code == 200


async def test_with_an_admin_token_operators_pages_demand_it_and_health_does_not() -> None:
    site = Site(
        auth_token="12345", public_host="voice.example.com", admin_token="open-sesame-12345"
    )
    site.root.seen["CA1"] = {"call_sid": "CA1"}
    bearer = {"authorization": f"Bearer {SESAME}", "x_forwarded_for": "203.0.113.7"}
    with logged() as lines:
        for path in ("/calls", "/calls/CA1", "/metrics"):
            for headers in ({}, {"authorization": f"Bearer {SESAME[:-1]}6"}):
                answer = await site.get(path, **headers)
                assert (answer.status_code, answer.text) == (401, "refused\n")
                assert answer.headers["www-authenticate"].startswith("Bearer")
            assert (await site.get(path, "203.0.113.7", **bearer)).status_code == 200
    assert metric(site.metrics, "refused_total", reason="bearer") == 6
    assert lines[0] == "request refused: bearer: /calls"
    assert SESAME[:6] not in "".join(lines)
    for path in ("/healthz", "/readyz"):
        assert (await site.get(path, "203.0.113.7")).status_code == 200


async def test_the_callers_number_travels_with_the_stream_and_in_no_line() -> None:
    site = Site()
    with logged() as lines:
        answer = await site.post("/webhook/voice", CALL)
        withheld = await site.post("/webhook/voice", CALL | {"From": "anonymous"})
        nonsense = await site.post("/webhook/voice", CALL | {"From": "<+1 555>"})
    assert '<Parameter name="from" value="+15550100"' in answer.text
    assert 'name="from"' not in withheld.text + nonsense.text
    assert lines == []


async def test_health_and_readiness() -> None:
    site = Site()
    site.root.active = 1
    health = (await site.get("/healthz")).json()
    assert health == {"version": VERSION, "engines": {"stt": "s", "tts": "t"}, "calls": 1}
    assert (await site.get("/readyz")).status_code == 200
    site.status.started = False
    assert (await site.get("/readyz")).json() == {"ready": False, "reason": "starting"}
    site.root.admission.unready = "busy"
    assert (await site.get("/readyz")).json() == {"ready": False, "reason": "busy"}
    site.root.stop_admitting()
    draining = await site.get("/readyz")
    assert (draining.status_code, draining.json()["reason"]) == (503, "draining")


async def test_calls_and_metrics_are_shown() -> None:
    site = Site()
    site.root.seen["CA1"] = {"call_sid": "CA1", "transcript": [{"text": "שלום"}]}
    assert (await site.get("/calls")).json() == {"calls": [site.root.seen["CA1"]]}
    one = await site.get("/calls/CA1")
    assert one.json() == site.root.seen["CA1"]
    assert "שלום" in one.text
    assert (await site.get("/calls/CA2")).status_code == 404
    site.metrics.calls_active.set(3)
    assert "calls_active 3.0" in (await site.get("/metrics")).text


async def test_a_body_that_breaks_off_is_one_line_and_no_error() -> None:
    site = Site()
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost:8080"), (b"content-length", b"100")]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/webhook/voice",
        "raw_path": b"/webhook/voice",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
    }
    with logged() as lines:
        await site.app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert len(lines) == 1
