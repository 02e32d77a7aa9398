"""Every way to be refused, through the whole border: its status, its count, exactly one line."""

import asyncio
import hashlib
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from websockets.frames import Frame, Opcode

from tests.support.front import (
    HOST,
    MEDIA,
    STRANGER,
    VOICE,
    FakeTcp,
    Front,
    sign,
    upgrade_request,
)
from tests.support.web import logged, metric, started

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

SIGNED = {"twilio_auth_token": SecretStr("12345"), "public_host": HOST}
ADMIN = {**SIGNED, "admin_token": SecretStr("operators-only-1234")}
CALL = {"CallSid": "CA1", "From": "+15550100", "CallerName": ""}
SIGNATURE = sign(VOICE, CALL)
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def signed(signature: str = SIGNATURE, **more: str) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return {"x-twilio-signature": signature} | named


REFUSED: dict[str, tuple[dict[str, Any], str, dict[str, Any], int, str]] = {
    "no signature": (SIGNED, "POST /webhook/voice", {"data": CALL}, 403, "signature"),
    "no signature, GET": (SIGNED, "GET /webhook/voice?CallSid=CA1", {}, 403, "signature"),
    "no signature, a body of another kind": (
        SIGNED, "POST /webhook/voice", {"json": CALL}, 403, "signature",
    ),
    "no signature, a body too long": (
        SIGNED, "POST /webhook/voice", {"content": b"x" * 70_000}, 403, "signature",
    ),
    "the form was changed": (
        SIGNED, "POST /webhook/voice",
        {"data": CALL | {"From": "+15550199"}, "headers": signed()}, 403, "signature",
    ),
    "a blank field was left out": (
        SIGNED, "POST /webhook/voice",
        {"data": {"CallSid": "CA1", "From": "+15550100", "X": ""}, "headers": signed()},
        403, "signature",
    ),
    "signed for another webhook": (
        SIGNED, "POST /webhook/after-stream", {"data": CALL, "headers": signed()}, 403, "signature",
    ),
    "signed for another query": (
        SIGNED, "POST /webhook/voice?retry=1", {"data": CALL, "headers": signed()},
        403, "signature",
    ),
    "signed with another secret": (
        SIGNED, "POST /webhook/voice",
        {"data": CALL, "headers": signed(sign(VOICE, CALL, "54321"))}, 403, "signature",
    ),
    "signed for the Host that it names": (
        SIGNED, "POST /webhook/voice",
        {"data": CALL, "headers": signed(sign("https://evil.example/webhook/voice", CALL),
                                         host="evil.example")}, 403, "signature",
    ),
    "signed by an algorithm nobody knows": (
        SIGNED, "POST /webhook/voice",
        {"data": CALL,
         "headers": signed(x_twilio_webhooks_signature_settings="algorithm=HMAC_X")},
        403, "signature",
    ),
    "the old secret, after the rotation": (
        SIGNED | {"twilio_auth_token": SecretStr("new")}, "POST /webhook/voice",
        {"data": CALL, "headers": signed()}, 403, "signature",
    ),
    "JSON whose hash is missing": (
        SIGNED, "POST /webhook/voice",
        {"json": CALL, "headers": signed(sign(VOICE))}, 403, "signature",
    ),
    "JSON whose hash is another's": (
        SIGNED, "POST /webhook/voice?bodySHA256=00",
        {"json": CALL, "headers": signed(sign(f"{VOICE}?bodySHA256=00"))}, 403, "signature",
    ),
    "a form beside a hash of another body": (
        SIGNED, "POST /webhook/voice?bodySHA256=00",
        {"data": CALL, "headers": signed(sign(f"{VOICE}?bodySHA256=00", CALL))}, 403, "signature",
    ),
    "a body too long": (
        {}, "POST /webhook/voice",
        {"content": b"x" * 70_000, "headers": {"content-type": FORM}}, 400, "form",
    ),
    "a length nobody can have": (
        {}, "POST /webhook/voice",
        {"content": b"x", "headers": {"content-type": FORM, "content-length": "9" * 30}},
        400, "form",
    ),
    "too many fields": (
        {}, "POST /webhook/voice", {"data": {f"f{n}": "" for n in range(300)}}, 400, "form",
    ),
    "a query of too many fields": (
        {}, "POST /webhook/voice?" + "&".join("a" * 300), {"data": CALL}, 400, "form",
    ),
    "another kind of body": ({}, "POST /webhook/voice", {"json": CALL}, 400, "form"),
    "no CallSid": ({}, "POST /webhook/voice", {"data": {}}, 400, "form"),
    "two CallSids": (
        {}, "POST /webhook/voice", {"data": {"CallSid": ["CA1", "CA2"]}}, 400, "form",
    ),
    "a CallSid that is markup": (
        {}, "POST /webhook/voice", {"data": {"CallSid": "<a>"}}, 400, "form",
    ),
    "another machine": ({}, "GET /", {"peer": STRANGER}, 403, "remote"),
    "through a proxy": ({}, "GET /", {"headers": {"via": "1.1 p"}}, 403, "forwarded"),
    "a foreign name": ({}, "GET /", {"headers": {"host": "evil.example"}}, 403, "host"),
    "a picture on a foreign page": (
        {}, "GET /webhook/voice?CallSid=X1", {"headers": {"sec-fetch-site": "cross-site"}},
        403, "origin",
    ),
    "a foreign page": ({}, "GET /", {"headers": {"origin": "http://evil.example"}}, 403, "origin"),
    "a public name without a secret": (
        {"public_host": HOST}, "POST /webhook/voice",
        {"data": CALL, "peer": STRANGER, "headers": signed()}, 403, "remote",
    ),
    "operators from elsewhere": (SIGNED, "GET /calls", {"peer": STRANGER}, 403, "remote"),
    "operators through a proxy": (
        SIGNED, "GET /metrics", {"headers": {"x-forwarded-for": STRANGER}}, 403, "forwarded",
    ),
    "operators without a token": (ADMIN, "GET /calls", {}, 401, "bearer"),
    "operators with a wrong token": (
        ADMIN, "GET /metrics", {"headers": {"authorization": "Bearer wrong"}}, 401, "bearer",
    ),
    "operators with Twilio's token": (
        ADMIN, "GET /calls/CA1", {"headers": {"authorization": "Bearer 12345"}}, 401, "bearer",
    ),
}  # fmt: skip


def assert_silent(answer: httpx.Response, *secrets: str) -> None:
    """An answer tells a stranger nothing of what runs, and a browser to do nothing with it."""
    shown = answer.text + repr(answer.headers)
    for word in ("Traceback", "uvicorn", "starlette", "websockets", "Python", "0.1.0", *secrets):
        assert word not in shown
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("name", REFUSED)
async def test_a_request_is_refused_with_its_status_and_one_line(name: str) -> None:
    changes, target, request, status, reason = REFUSED[name]
    front = Front(**changes)
    method, _, path = target.partition(" ")
    with logged() as lines:
        answer = await front.ask(method, path, **{"peer": "127.0.0.1", **request})
    assert answer.status_code == status
    assert len(lines) == 1, lines
    assert metric(front.metrics, "refused_total", reason=reason) == 1
    assert_silent(answer, "12345", "operators-only-1234", "+15550100")
    for secret in ("12345", "operators-only", "+1555", SIGNATURE):
        assert secret not in lines[0]
    if status in {401, 403}:
        assert answer.text == "refused\n"
        assert answer.headers["connection"] == "close"
        assert path.partition("?")[0] in lines[0]
    assert not front.root.admission.kept
    assert not front.root.calls


@pytest.mark.parametrize("changes", [{}, SIGNED])
@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT"])
async def test_other_methods_and_paths_find_nothing(changes: dict[str, Any], method: str) -> None:
    front = Front(**changes)
    for path in ("/webhook/voice", "/calls", "/healthz", "/nowhere", "/calls//"):
        with logged() as lines:
            answer = await front.ask(method, path, peer="127.0.0.1")
        assert answer.status_code in {404, 405}
        assert_silent(answer)
        assert lines == []


async def test_what_is_signed_comes_in_with_either_secret_port_and_slash() -> None:
    front = Front(**SIGNED | {"twilio_auth_token": SecretStr("new")},
                  twilio_auth_token_old=SecretStr("12345"))  # fmt: skip
    for key in ("new", "12345"):
        for host in (HOST, f"{HOST}:443"):
            for slash in ("", "/"):
                signature = sign(f"https://{host}/webhook/voice", CALL, key)
                answer = await front.ask(
                    "POST", f"/webhook/voice{slash}", data=CALL, headers=signed(signature)
                )
                assert answer.status_code == 200
                assert f'url="{MEDIA}"' in answer.text
                assert_silent(answer, "12345")


async def test_signed_json_is_known_for_twilios_and_then_refused_for_what_it_is() -> None:
    body = b'{"CallSid":"CA1"}'
    query = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
    front = Front(**SIGNED)
    headers = signed(sign(f"{VOICE}?{query}"), content_type="application/json")
    answer = await front.ask("POST", f"/webhook/voice?{query}", content=body, headers=headers)
    assert (answer.status_code, answer.text) == (400, f"body: expected {FORM}\n")


async def test_no_stranger_is_told_what_runs() -> None:
    front = Front(**ADMIN)
    stranger = await front.ask("GET", "/healthz")
    assert stranger.json() == {"ok": True}
    assert_silent(stranger)
    headers = {"authorization": "Bearer operators-only-1234"}
    operator = await front.ask("GET", "/healthz", headers=headers)
    assert operator.json()["engines"] == {"stt": "s"}


async def test_a_fault_of_ours_shows_nobody_where(monkeypatch: pytest.MonkeyPatch) -> None:
    front = Front()

    def fail(*_: object) -> None:
        raise RuntimeError("secret-place")

    monkeypatch.setattr(front.root, "outcome", fail)
    connection, tcp = front.http_connection("127.0.0.1")
    connection.data_received(
        b"POST /webhook/after-stream?CallSid=CA1 HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    await asyncio.wait_for(tcp.wrote.wait(), 5)
    await asyncio.gather(*front.state.tasks, return_exceptions=True)
    assert tcp.written.startswith(b"HTTP/1.1 500 ")
    for word in (b"secret-place", b"Traceback", b"uvicorn", b"python"):
        assert word not in tcp.written
    connection.connection_lost(None)


# --- upgrades ---------------------------------------------------------------------------

RIGHT = sign(MEDIA)
REFUSED_UPGRADES: dict[str, tuple[dict[str, Any], bytes, int, str]] = {
    "no signature": (SIGNED, upgrade_request(), 403, "signature"),
    "an empty one": (SIGNED, upgrade_request(x_twilio_signature=""), 403, "signature"),
    "signed as https": (
        SIGNED, upgrade_request(x_twilio_signature=sign(MEDIA.replace("wss", "https"))),
        403, "signature",
    ),
    "signed for another host": (
        SIGNED, upgrade_request(x_twilio_signature=sign("wss://evil.example/ws/twilio-media")),
        403, "signature",
    ),
    "signed with another secret": (
        SIGNED, upgrade_request(x_twilio_signature=sign(MEDIA, key="x")), 403, "signature",
    ),
    "a query that was not signed": (
        SIGNED, upgrade_request("/ws/twilio-media?a=1", x_twilio_signature=RIGHT), 403, "signature",
    ),
    "a target that is no path": (
        SIGNED, upgrade_request(":99999999/ws", x_twilio_signature=RIGHT), 403, "signature",
    ),
    "a target with a bracket": (
        SIGNED, upgrade_request("[/ws", x_twilio_signature=RIGHT), 403, "signature",
    ),
    "signed for another path": (
        SIGNED,
        upgrade_request("/ws/other", x_twilio_signature=sign(f"wss://{HOST}/ws/other")),
        404, "path",
    ),
    "from a page": (
        {}, upgrade_request(origin="http://evil.example"), 403, "origin",
    ),
    "through a proxy": ({}, upgrade_request(x_forwarded_for="1.2.3.4"), 403, "forwarded"),
    "no key": (
        SIGNED, upgrade_request(x_twilio_signature=RIGHT, sec_websocket_key=None), 400, "handshake",
    ),
    "a key that is none": (
        SIGNED, upgrade_request(x_twilio_signature=RIGHT, sec_websocket_key="<script>"),
        400, "handshake",
    ),
    "another version": (
        SIGNED, upgrade_request(x_twilio_signature=RIGHT, sec_websocket_version="8"),
        400, "handshake",
    ),
    "not by GET": (
        SIGNED, upgrade_request(x_twilio_signature=RIGHT).replace(b"GET", b"POST", 1),
        405, "handshake",
    ),
    "a path too long": (SIGNED, upgrade_request("/" + "a" * 30_000), 400, "handshake"),
    "a header too long": (SIGNED, upgrade_request(x_a="a" * 20_000), 400, "handshake"),
    "too many headers": (
        SIGNED, upgrade_request(**{f"x_{n}": "b" for n in range(2000)}), 400, "handshake",
    ),
    "a header that is no text": (SIGNED, upgrade_request(x_a="\x1b"), 400, "handshake"),
    "a path that is not ASCII": (SIGNED, upgrade_request("/\xe9"), 400, "handshake"),
    "with a body": (SIGNED, upgrade_request(content_length="5"), 400, "handshake"),
    "with a body in pieces": (
        SIGNED, upgrade_request(transfer_encoding="chunked"), 400, "handshake",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_UPGRADES)
async def test_an_upgrade_is_refused_with_its_status_and_one_line(name: str) -> None:
    changes, request, status, reason = REFUSED_UPGRADES[name]
    front = Front(**changes)
    with logged() as lines:
        connection, tcp = await front.upgrade(request, peer="127.0.0.1")
        # A stranger who does not wait for the answer: nothing of it is looked at.
        connection.data_received(Frame(Opcode.TEXT, started()).serialize(mask=True))
        await front.hang_up(connection)
    head, _, body = tcp.written.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert body == b"refused\n"
    assert b"nosniff" in head
    assert b"no-store" in head
    assert tcp.closing
    assert b"erver:" not in head
    assert lines == [line for line in lines if line.startswith(f"upgrade refused: {reason}: ")]
    assert len(lines) == 1
    assert metric(front.metrics, "refused_total", reason=reason) == 1
    assert not front.root.calls


async def test_a_signed_upgrade_and_its_token_open_one_stream() -> None:
    front = Front(**SIGNED)
    webhook = await front.ask("POST", "/webhook/voice", data=CALL, headers=signed())
    token = webhook.text.partition('name="token" value="')[2].partition('"')[0]
    request = upgrade_request(x_twilio_signature=RIGHT)
    first, first_tcp = await front.upgrade(request)
    again, again_tcp = await front.upgrade(request)
    assert b" 101 " in first_tcp.written
    with logged() as lines:
        for connection in (first, again):
            connection.data_received(Frame(Opcode.TEXT, started(token=token)).serialize(mask=True))
    assert list(front.root.calls) == ["CA1"]
    assert lines == ["media socket: call refused: token"]
    assert again_tcp.written.endswith(b"\x03\xf0token")  # 1008
    await front.hang_up(first, again)


async def test_one_socket_too_many_is_refused_with_one_line() -> None:
    front = Front(max_calls=1)
    held = [(await front.upgrade(upgrade_request(), "127.0.0.1"))[0] for _ in range(33)]
    with logged() as lines:
        last, tcp = await front.upgrade(upgrade_request(), "127.0.0.1")
    assert b" 503 " in tcp.written
    assert lines == ["upgrade refused: sockets: /ws/twilio-media"]
    await front.hang_up(*held, last)
    assert not front.media_gate.handler_tasks


async def test_who_sends_before_our_answer_is_dropped_without_a_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    front = Front(**SIGNED)
    connection = front.media_gate.connect(front.config, front.state, {})
    tcp = FakeTcp()
    connection.connection_made(tcp)
    connection.data_received(upgrade_request())
    connection.data_received(b"\xff" * 60)
    assert tcp.aborted
    with logged() as lines:
        await front.hang_up(connection)
    assert caplog.messages == []
    assert len(lines) <= 1


@pytest.mark.parametrize("request_sent", [upgrade_request(x_a="y" * 9000), upgrade_request()[:-2]])
async def test_an_upgrade_that_the_library_cannot_read_ends_in_one_line(
    request_sent: bytes,
) -> None:
    front = Front(handshake_timeout_s=0.01)
    connection = front.media_gate.connect(front.config, front.state, {})
    tcp = FakeTcp("127.0.0.1")
    connection.connection_made(tcp)
    with logged() as lines:
        connection.data_received(request_sent)
        await asyncio.wait_for(asyncio.gather(*front.media_gate.handler_tasks), 5)
    assert lines == ["upgrade refused: handshake: a request that cannot be read"]
    assert tcp.aborted
    await front.hang_up(connection)
