"""HTTP and media on one port: the real uvicorn server on loopback, with a fake root."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from actors.clock import LoopClock
from actors.messages import (
    DigitPressed,
    InboundFrame,
    MarkEchoed,
    SocketClosed,
    StreamStopped,
)
from actors.outcome import HungUp
from media.frame import FRAME_BYTES, SILENCE_FRAME
from settings import Settings
from telemetry import Metrics
from tests.support.web import (
    WAIT_S,
    FakeCall,
    FakeRoot,
    digit,
    logged,
    mark,
    media,
    metric,
    settings,
    started,
    stopped,
)
from web.front import make_server
from web.serving import DrainingServer, bind
from web.status import ServerStatus

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class House:
    """A running server and what is behind it."""

    server: DrainingServer
    root: FakeRoot
    metrics: Metrics
    status: ServerStatus
    port: int
    task: asyncio.Task[None]

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def media_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/twilio-media"


@asynccontextmanager
async def running(**changes: Any) -> AsyncIterator[House]:
    configured: Settings = settings(**changes)
    root, metrics = FakeRoot(), Metrics()
    status = ServerStatus(root, {"stt": "fake", "tts": "fake"}, started=True)
    clock = LoopClock(asyncio.get_running_loop())
    server = make_server(configured, status, metrics, clock, "en-US")
    with bind("127.0.0.1", 0) as sock:
        task = asyncio.create_task(server.serve(sockets=[sock]))
        await asyncio.wait_for(server.listening.wait(), WAIT_S)
        house = House(server, root, metrics, status, sock.getsockname()[1], task)
        try:
            yield house
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, WAIT_S)


async def call(house: House, ws: ClientConnection, number: int = 1) -> FakeCall:
    """Start a stream on an open socket and return the call behind it."""
    await ws.send(json.dumps({"event": "connected"}))
    await ws.send(started(f"CA{number}", f"MZ{number}").decode())
    await still_alive(house, ws, number)
    return house.root.calls[f"CA{number}"]


async def still_alive(house: House, ws: ClientConnection, number: int = 1) -> None:
    """Send a frame and see it arrive: everything sent before has been handled."""
    begun = house.root.calls.get(f"CA{number}")
    before = 0 if begun is None else len(begun.rx.of(InboundFrame))
    await ws.send(media(SILENCE_FRAME, 0, f"MZ{number}").decode())
    await (await ws.ping())
    begun = house.root.calls[f"CA{number}"]
    assert len(await begun.rx.wait_for(InboundFrame, before + 1)) > before


async def close_code(ws: ClientConnection) -> int | None:
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                await ws.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd is not None else None


async def test_a_form_and_a_media_socket_share_one_port() -> None:
    async with running() as house, httpx.AsyncClient() as http:
        answer = await http.post(f"{house.http}/webhook/voice", data={"CallSid": "CA1", "From": ""})
        stream = ET.fromstring(answer.text).find("Connect/Stream")  # noqa: S314  # our own XML
        assert stream is not None
        assert stream.attrib["url"] == house.media_url
        async with connect(stream.attrib["url"], compression=None) as ws:
            begun = await call(house, ws)
            await ws.send(digit("7").decode())
            begun.socket.send_media(b"\xff" * 160)
            begun.socket.send_mark("a#1")
            begun.socket.send_clear()
            events = [json.loads(await ws.recv()) for _ in range(3)]
            await ws.send(mark("a#1").decode())
            await ws.send(stopped().decode())
        assert [event["event"] for event in events] == ["media", "mark", "clear"]
        assert {event["streamSid"] for event in events} == {"MZ1"}
        assert await begun.call.wait_for(SocketClosed) == [SocketClosed(1000)]
        assert begun.agent.posted == [DigitPressed("7")]
        assert begun.tx.posted == [MarkEchoed("a#1")]
        assert begun.call.posted == [StreamStopped(), SocketClosed(1000)]
        assert (await http.get(f"{house.http}/healthz")).json()["calls"] == 1


BAD_MESSAGES: dict[str, list[str | bytes]] = {
    "malformed JSON": ["{"],
    "JSON list": ["[]"],
    "JSON number": ["17"],
    "binary frame": [b"\x00\x01"],
    "second start": [started("CA9", "MZ9").decode()],
    "wrong streamSid": [media(stream_sid="MZ7").decode()],
    "unknown event": ['{"event":"dance","streamSid":"MZ1"}'],
    "no event": ["{}"],
    "invalid base64": [media().decode().replace("//", "!!")],
    "digit that is none": [digit("Z").decode()],
    "wrong media format": [started("CA9", "MZ9").decode().replace("8000", "16000")],
    "flood of digits": [digit().decode()] * 500,
    "flood of marks": [mark("nobody#1").decode()] * 500,
    "flood of nonsense of one kind": ["{"] * 40,
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
async def test_bad_messages_are_told_once_and_harm_no_call(name: str) -> None:
    async with running() as house, connect(house.media_url) as bad, connect(house.media_url) as ok:
        begun, other = await call(house, bad, 1), await call(house, ok, 2)
        with logged() as lines:
            for message in BAD_MESSAGES[name]:
                await bad.send(message)
            await still_alive(house, bad, 1)
            await still_alive(house, ok, 2)
        assert len(lines) == 1, lines
        assert metric(house.metrics, "bad_messages_total") >= 1
        assert len(begun.agent.posted) <= 32
        assert not begun.tx.posted
        assert not other.agent.posted
        assert set(house.root.calls) == {"CA1", "CA2"}


@pytest.mark.parametrize(
    ("payload", "frames"), [(b"", 0), (b"\xff" * 161, 1), (b"\xff" * 7, 0), (b"\xff" * 48_000, 300)]
)
async def test_payloads_of_any_size_are_cut_into_frames(payload: bytes, frames: int) -> None:
    async with running() as house, connect(house.media_url) as ws:
        begun = await call(house, ws)
        with logged() as lines:
            await ws.send(media(payload, 20).decode())
            await ws.send(stopped().decode())
            await begun.call.wait_for(StreamStopped)
        arrived = begun.rx.of(InboundFrame)[1:]
        assert len(arrived) == frames + (len(payload) % FRAME_BYTES > 0)
        assert not lines


async def test_media_before_start_is_ignored_and_the_call_begins_after_it() -> None:
    async with running() as house, connect(house.media_url) as ws:
        with logged() as lines:
            await ws.send(media().decode())
            begun = await call(house, ws)
        assert lines == ["media socket: ignored: message before start; told once a call"]
        assert len(begun.rx.of(InboundFrame)) == 1


async def test_an_oversized_message_closes_its_socket_with_1009_and_no_other() -> None:
    async with running() as house, connect(house.media_url) as bad, connect(house.media_url) as ok:
        begun = await call(house, bad, 1)
        await call(house, ok, 2)
        await bad.send("x" * 70_000)
        assert await close_code(bad) == 1009
        assert await begun.call.wait_for(SocketClosed)
        await still_alive(house, ok, 2)


async def test_a_fragmented_message_closes_its_socket_with_1009() -> None:
    async with running() as house, connect(house.media_url) as ws:
        begun = await call(house, ws)
        await ws.send(["{", "}"])
        assert await close_code(ws) == 1009
        assert await begun.call.wait_for(SocketClosed)


async def test_endless_nonsense_closes_its_socket_with_1008() -> None:
    async with running() as house, connect(house.media_url) as ws:
        for _ in range(60):
            await ws.send("{")
        assert await close_code(ws) == 1008


async def test_a_close_without_stop_and_an_abort_end_the_call() -> None:
    async with running() as house:
        async with connect(house.media_url) as polite:
            begun = await call(house, polite, 1)
        assert await begun.call.wait_for(SocketClosed) == [SocketClosed(1000)]
        async with connect(house.media_url) as rude:
            begun = await call(house, rude, 2)
            rude.transport.abort()
        assert await begun.call.wait_for(SocketClosed) == [SocketClosed(None)]
        assert not begun.call.of(StreamStopped)


async def test_a_stop_right_before_the_close_is_heard() -> None:
    async with running() as house, connect(house.media_url) as ws:
        begun = await call(house, ws)
        ws.protocol.send_text(stopped().decode().encode())
        ws.protocol.send_close(1000)
        ws.send_data()
        await begun.call.wait_for(SocketClosed)
        assert begun.call.of(StreamStopped)


async def test_a_socket_that_never_starts_is_closed() -> None:
    async with running(start_timeout_s=0.05) as house, connect(house.media_url) as ws:
        assert await close_code(ws) == 1008


async def test_a_peer_that_never_answers_the_close_is_dropped() -> None:
    async with running(close_timeout_s=0.05) as house:
        reader, writer = await raw_upgrade(house)
        writer.write(client_frame(0x1, started()))
        writer.write(client_frame(0x1, media()))
        begun = await asyncio.wait_for(house.root.begun.get(), WAIT_S)
        begun.socket.close("bye")
        assert await begun.call.wait_for(SocketClosed) == [SocketClosed(None)]
        await asyncio.wait_for(reader.read(), WAIT_S)
        writer.close()


async def test_a_peer_that_ignores_the_librarys_close_is_dropped() -> None:
    async with running(close_timeout_s=0.05) as house:
        _reader, writer = await raw_upgrade(house)
        writer.write(client_frame(0x1, started()))
        begun = await asyncio.wait_for(house.root.begun.get(), WAIT_S)
        writer.write(b"\x81\xff" + (70_000).to_bytes(8, "big") + bytes(4))
        assert await begun.call.wait_for(SocketClosed) == [SocketClosed(None)]
        writer.close()


async def test_pings_from_a_peer_that_reads_nothing_do_not_fill_the_memory() -> None:
    async with running() as house:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", house.port))
        sock.setblocking(False)
        _reader, writer = await asyncio.open_connection(sock=sock)
        writer.write(upgrade_request(house))
        pings = client_frame(0x9, b"x" * 120) * 100
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(write_for_ever(writer, pings), WAIT_S)
        writer.transport.abort()


async def write_for_ever(writer: asyncio.StreamWriter, data: bytes) -> None:
    while True:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0)


def upgrade_request(house: House) -> bytes:
    return (
        f"GET /ws/twilio-media HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()


async def raw_upgrade(house: House) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(upgrade_request(house))
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


def client_frame(opcode: int, data: bytes) -> bytes:
    """A masked frame (RFC 6455, 5.2) with a mask of zeros."""
    short = len(data) < 126
    length = bytes([0x80 | len(data)]) if short else b"\xfe" + len(data).to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + bytes(4) + data


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"X-Forwarded-For": "203.0.113.7"}, "forwarded"),
        ({"X-Twilio-Signature": "x"}, "forwarded"),
        ({"Origin": "https://evil.example"}, "origin"),
    ],
)
async def test_without_a_token_only_this_machine_gets_a_socket(
    headers: dict[str, str], reason: str
) -> None:
    async with running() as house:
        with logged() as lines, pytest.raises(InvalidStatus) as refused:
            async with connect(house.media_url, additional_headers=headers):
                pass
        assert refused.value.response.status_code == 403
        assert lines == [f"upgrade refused: {reason}: /ws/twilio-media"]
        assert metric(house.metrics, "refused_total", reason=reason) == 1


SIGNED = {"twilio_auth_token": SecretStr("12345"), "public_host": "example.com"}
UPGRADE_SIGNATURE = {"X-Twilio-Signature": "WBxAF43rvp6g9F8Szu06yA8pv+8="}
"""Of wss://example.com/ws/twilio-media under the token 12345."""


async def test_with_a_token_an_unsigned_socket_is_refused() -> None:
    async with running(**SIGNED) as house:
        for headers in ({}, {"X-Twilio-Signature": "x"}):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(house.media_url, additional_headers=headers):
                    pass
            assert refused.value.response.status_code == 403
        assert metric(house.metrics, "refused_total", reason="signature") == 2


async def test_with_a_token_a_call_needs_the_one_of_its_webhook_and_once() -> None:
    async with running(**SIGNED) as house, httpx.AsyncClient() as http:
        text = b"https://example.com/webhook/voiceCallSidCA1"
        signature = base64.b64encode(hmac.new(b"12345", text, hashlib.sha1).digest()).decode()
        headers = {"X-Twilio-Signature": signature}
        url = f"{house.http}/webhook/voice"
        answer = await http.post(url, data={"CallSid": "CA1"}, headers=headers)
        parameter = ET.fromstring(answer.text).find("Connect/Stream/Parameter")  # noqa: S314
        assert parameter is not None
        codes: list[int | None] = []
        for token in ("wrong", parameter.attrib["value"], parameter.attrib["value"]):
            async with connect(house.media_url, additional_headers=UPGRADE_SIGNATURE) as ws:
                await ws.send(started(token=token).decode())
                if token != "wrong" and not codes[1:]:  # noqa: S105  # not a secret
                    await still_alive(house, ws)
                    await ws.close()
                codes.append(await close_code(ws))
        assert codes == [1008, 1000, 1008]


async def test_an_upgrade_elsewhere_is_not_found() -> None:
    async with running() as house:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"ws://127.0.0.1:{house.port}/ws/other"):
                pass
        assert refused.value.response.status_code == 404


async def test_sockets_beyond_the_limit_are_refused_and_their_places_come_back() -> None:
    async with running(max_calls=1) as house:
        for _ in range(40):
            async with connect(house.media_url):
                pass
        held = [await connect(house.media_url) for _ in range(33)]
        with pytest.raises(InvalidStatus) as refused:
            await connect(house.media_url)
        assert refused.value.response.status_code == 503
        for ws in held:
            await ws.close()


async def test_a_refused_call_is_closed_with_1013() -> None:
    async with running() as house, connect(house.media_url) as ws:
        house.root.refusal = "busy"
        await ws.send(started().decode())
        assert await close_code(ws) == 1013


async def test_draining_refuses_new_calls_in_words_and_lets_old_ones_finish(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.serving.LINGER_S", 0.01)
    async with running() as house, httpx.AsyncClient() as http, connect(house.media_url) as ws:
        await call(house, ws)
        house.server.drain()
        answer = await http.post(f"{house.http}/webhook/voice", data={"CallSid": "CA2"})
        assert "<Hangup" in answer.text
        assert "busy" in answer.text
        assert (await http.get(f"{house.http}/readyz")).status_code == 503
        await still_alive(house, ws)
        house.root.outcomes["CA1"] = HungUp()
        after = await http.post(f"{house.http}/webhook/after-stream", data={"CallSid": "CA1"})
        assert "<Hangup" in after.text
        house.root.idle.set()
        await asyncio.wait_for(asyncio.shield(house.task), WAIT_S)
        assert await close_code(ws) == 1012
        assert not house.root.admitting
        assert not house.root.ended_with
        assert not house.server.forced


async def test_after_the_last_call_its_webhook_is_still_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.serving.LINGER_S", 0.5)
    async with running() as house, httpx.AsyncClient() as http:
        house.root.admission.quiet_s = 0.0  # the last call went in this moment
        house.server.drain()
        house.root.idle.set()
        answer = await http.post(f"{house.http}/webhook/after-stream", data={"CallSid": "CA1"})
        assert answer.status_code == 200
        assert not house.server.should_exit
        await asyncio.wait_for(asyncio.shield(house.task), WAIT_S)


async def test_forwarder_headers_do_not_change_who_is_asking() -> None:
    async with running() as house, httpx.AsyncClient() as http:
        with logged() as lines:
            await http.get(f"{house.http}/healthz", headers={"X-Forwarded-For": "203.0.113.7"})
        assert lines == ["request refused: forwarded: /healthz"]


async def test_calls_that_outlive_the_drain_hear_goodbye_and_are_dropped_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.serving.DRAIN_GOODBYE_S", 0.01)
    monkeypatch.setattr("web.serving.CUT_LINGER_S", 0.01)
    async with running(drain_s=0.01) as house:
        house.server.drain()
        await asyncio.wait_for(asyncio.shield(house.task), WAIT_S)
        assert house.root.ended_with == ["draining"]
        assert house.root.admission.closed
        assert house.root.aborted


async def test_a_promise_that_outlives_the_drain_is_void() -> None:
    async with running(drain_s=0.01) as house:
        house.root.admission.kept.append("CA1")
        house.root.idle.set()
        house.server.drain()
        await asyncio.wait_for(asyncio.shield(house.task), WAIT_S)
        assert house.root.admission.closed
        assert not house.root.ended_with


async def test_a_second_signal_stops_at_once() -> None:
    async with running(drain_s=60) as house:
        house.server.handle_exit(15, None)
        house.server.handle_exit(15, None)
        await asyncio.wait_for(asyncio.shield(house.task), WAIT_S)
        assert house.server.forced
