"""The media socket: what the event loop and an ill-behaved peer may do to it."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.frames import Frame, Opcode

from actors.clock import ManualClock
from actors.messages import InboundFrame, SocketClosed
from actors.socket import UNSENT_MAX_BYTES
from telemetry import Metrics
from tests.support.web import WAIT_S, FakeRoot, ScriptedDetector, logged, media, started
from web.call_session import Border
from web.guard import Guard
from web.media_gate import MediaGate, SocketLimits
from web.media_socket import (
    FLOOD_PAUSE_S,
    MESSAGE_BURST,
    MESSAGE_RATE_HZ,
    MediaConnection,
)
from web.socket_tuning import NOT_SENT_BYTES, SEND_BUFFER_BYTES, tune
from web.voice_edges import VoiceEdges

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

UPGRADE = (
    b"GET /ws/twilio-media HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class FakeTcp(asyncio.Transport):
    """A TCP transport that keeps what is written and can be told to be full."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.written = b""
        self.unsent = 0
        self.closing = self.aborted = False
        self.reading = True
        self.wrote, self.resumed = asyncio.Event(), asyncio.Event()

    def write(self, data: Any) -> None:
        self.written += bytes(data)
        self.wrote.set()

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
        self.resumed.set()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True


class Peer:
    """The far side of one media socket, and everything behind the near side."""

    def __init__(self) -> None:
        self.root = FakeRoot()
        border = Border(self.root, None, Metrics(), make_voice, ManualClock())
        limits = SocketLimits(5, 5, 5, 5, 5, 10)
        self.gate = MediaGate(border, Guard(auth_token=None, public_host=None), limits)
        self.tcp = FakeTcp()
        self.siblings: set[Any] = set()
        self.connection = MediaConnection(self.gate, self.siblings)
        self.connection.connection_made(self.tcp)

    async def upgrade(self) -> None:
        self.connection.data_received(UPGRADE)
        await asyncio.wait_for(self.tcp.wrote.wait(), WAIT_S)
        assert b" 101 " in self.tcp.written

    def send(self, opcode: Opcode, data: bytes) -> None:
        self.connection.data_received(Frame(opcode, data).serialize(mask=True))

    async def gone(self) -> None:
        self.connection.connection_lost(None)
        await asyncio.gather(*self.gate.handler_tasks)


def make_voice() -> VoiceEdges:
    return VoiceEdges(ScriptedDetector(), onset_ms=60, hangover_ms=180, confirm_ms=160)


async def test_a_frame_before_the_upgrade_is_accepted_is_never_looked_at() -> None:
    peer = Peer()
    peer.connection.data_received(UPGRADE + Frame(Opcode.TEXT, started()).serialize(mask=True))
    assert peer.tcp.aborted
    assert not peer.root.calls
    await peer.gone()
    assert not peer.root.calls


async def test_a_whole_life_leaves_nothing_behind() -> None:
    peer = Peer()
    await peer.upgrade()
    peer.send(Opcode.TEXT, started())
    assert peer.siblings == {peer.connection}
    peer.connection.send_text(b'{"event":"clear"}')
    assert peer.tcp.written.endswith(b'{"event":"clear"}')
    await peer.gone()
    assert peer.root.calls["CA1"].call.posted == [SocketClosed(None)]
    assert not peer.siblings
    assert not peer.gate.handler_tasks
    before = peer.tcp.written
    peer.connection.send_text(b"{}")
    peer.connection.finish(1000, "again")
    peer.connection.abort()
    assert peer.tcp.written == before


async def test_a_fault_of_ours_ends_its_call_with_a_close_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer = Peer()
    await peer.upgrade()

    def fail(*_: object) -> None:
        raise RuntimeError("fault")

    monkeypatch.setattr(peer.root, "begin", fail)
    with logged() as lines:
        peer.send(Opcode.TEXT, started())
        peer.send(Opcode.TEXT, started())
    assert peer.tcp.written.endswith(b"\x03\xf3internal error")
    assert len([line for line in lines if "message failed" in line]) == 1
    await peer.gone()


async def test_a_flood_is_read_slowly_and_a_burst_after_a_stall_is_not() -> None:
    peer = Peer()
    await peer.upgrade()
    peer.send(Opcode.TEXT, started())
    for _ in range(1400):
        peer.send(Opcode.TEXT, media())
    assert peer.tcp.reading
    for _ in range(200):
        peer.send(Opcode.TEXT, media())
    assert not peer.tcp.reading
    assert len(peer.root.calls["CA1"].rx.of(InboundFrame)) == 1600
    await asyncio.wait_for(peer.tcp.resumed.wait(), WAIT_S)
    assert peer.tcp.reading
    await peer.gone()


async def test_what_a_flood_had_in_one_read_is_paid_for_before_the_next() -> None:
    peer = Peer()
    await peer.upgrade()
    flood = Frame(Opcode.TEXT, b'{"event":"connected"}').serialize(mask=True)
    peer.connection.data_received(flood * 3000)
    assert not peer.tcp.reading
    first = peer.connection._timers["flood"]
    assert first.when() - peer.connection.loop.time() <= FLOOD_PAUSE_S
    peer.connection._read_on()
    first.cancel()
    pause_s = peer.connection._timers["flood"].when() - peer.connection.loop.time()
    assert not peer.tcp.reading
    assert pause_s == pytest.approx((3000 - MESSAGE_BURST) / MESSAGE_RATE_HZ, rel=0.1)
    await peer.gone()


@pytest.mark.parametrize("by_peer", [False, True])
async def test_who_floods_a_socket_that_is_closing_is_dropped_at_once(*, by_peer: bool) -> None:
    peer = Peer()
    await peer.upgrade()
    if by_peer:  # from here on the library throws away what comes
        peer.send(Opcode.CLOSE, (1000).to_bytes(2, "big"))
    else:
        peer.connection.finish(1008, "token")
    flood = b"x" * 16_384 if by_peer else Frame(Opcode.PING, b"").serialize(mask=True) * 1000
    with logged() as lines:
        peer.connection.data_received(flood)
        assert not peer.tcp.aborted  # what a stalled network held back
        for _ in range(100):
            peer.connection.data_received(flood)
    assert peer.tcp.aborted
    assert lines == ["media socket: too much behind the close, dropped"]
    await peer.gone()


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (b"\xf1\x80\0\0\0\0", 1002),  # reserved bits
        (b"\x81\xff" + (70_000).to_bytes(8, "big") + bytes(4), 1009),  # longer than allowed
        (b"\x88\x82\0\0\0\0\0\1", 1002),  # a close code that nobody may send
        (b"\x88\x83\0\0\0\0\3\xe8\xff", 1007),  # a close reason that is no UTF-8
    ],
)
async def test_a_frame_that_is_none_ends_its_call_at_once_with_one_line(
    broken: bytes, code: int
) -> None:
    peer = Peer()
    await peer.upgrade()
    peer.send(Opcode.TEXT, started())
    call = peer.root.calls["CA1"].call
    frame = Frame(Opcode.TEXT, media()).serialize(mask=True)
    with logged() as lines:
        peer.connection.data_received(frame + broken)
        assert [type(message) for message in call.posted] == [SocketClosed]
        peer.connection.data_received(b"more of it")
    assert len(peer.root.calls["CA1"].rx.of(InboundFrame)) == 1
    expected = "expected RFC 6455 and at most 65536 bytes"
    assert lines == [f"media socket: frame that cannot be read; {expected}, closing with {code}"]
    assert code.to_bytes(2, "big") in peer.tcp.written[-120:]
    assert "close" in peer.connection._timers
    await peer.gone()
    assert len(call.posted) == 1


async def test_a_broken_frame_behind_our_close_says_nothing_more() -> None:
    peer = Peer()
    await peer.upgrade()
    peer.connection.finish(1000, "bye")
    with logged() as lines:
        peer.connection.data_received(b"\xf1\x80\0\0\0\0")
    assert lines == []
    await peer.gone()


async def test_a_stream_that_was_refused_is_not_missed_as_well() -> None:
    peer = Peer()
    await peer.upgrade()
    with logged() as lines:
        peer.send(Opcode.TEXT, started().replace(b"8000", b"16000"))
        peer.connection._on_start_overdue()
    assert lines == ["media socket: stream refused: mediaFormat.sampleRate: expected 8000"]
    assert peer.tcp.written.endswith(b"\x03\xebmedia format")
    await peer.gone()


async def test_a_peer_that_pings_and_reads_nothing_is_dropped() -> None:
    peer = Peer()
    await peer.upgrade()
    peer.send(Opcode.PING, b"")
    assert not peer.tcp.aborted
    peer.tcp.unsent = UNSENT_MAX_BYTES + 1
    peer.send(Opcode.PING, b"")
    assert peer.tcp.aborted
    await peer.gone()


CALLERS_MESSAGES = 5 * 50
"""In the time that a pong has, at the pace of a caller."""


@pytest.mark.parametrize("sends", [0, CALLERS_MESSAGES])
async def test_a_peer_without_a_pong_is_dropped_though_it_sends(sends: int) -> None:
    peer = Peer()
    await peer.upgrade()
    peer.connection._ping()
    assert peer.tcp.written.endswith(b"\x89\x00")
    for _ in range(sends):
        peer.send(Opcode.BINARY, b"")
    with logged() as lines:
        peer.connection._on_pong_due()
    assert peer.tcp.aborted
    assert lines[-1] == "media socket: no answer to a ping within 5 s, dropped"
    await peer.gone()


async def test_a_peer_that_works_off_a_backlog_may_answer_behind_it() -> None:
    peer = Peer()
    await peer.upgrade()
    peer.connection._ping()
    for _ in range(2 * CALLERS_MESSAGES):
        peer.send(Opcode.BINARY, b"")
    peer.connection._on_pong_due()
    assert not peer.tcp.aborted
    await peer.gone()


async def test_a_pong_is_a_sign_of_life() -> None:
    peer = Peer()
    await peer.upgrade()
    peer.connection._ping()
    peer.send(Opcode.PONG, b"")
    peer.connection._on_pong_due()
    assert not peer.tcp.aborted
    assert "ping" in peer.connection._timers
    await peer.gone()


async def test_a_peer_that_we_hold_back_is_not_taken_for_dead_until_it_had_time_to_answer() -> None:
    peer = Peer()
    await peer.upgrade()
    peer.connection._ping()
    peer.connection._read_slowly()
    peer.connection._on_pong_due()
    assert not peer.tcp.aborted
    peer.connection._read_on()
    peer.connection._ping()
    peer.connection._on_pong_due()
    assert not peer.tcp.aborted
    peer.connection._held_back_at -= 5.1
    peer.connection._on_pong_due()
    assert peer.tcp.aborted
    await peer.gone()


async def test_what_comes_after_our_close_is_not_looked_at() -> None:
    peer = Peer()
    await peer.upgrade()
    peer.connection.finish(1000, "bye " + "x" * 200)
    peer.send(Opcode.TEXT, started())
    assert not peer.root.calls
    peer.connection.shutdown()
    assert peer.tcp.written.count(b"bye ") == 1
    await peer.gone()


@pytest.fixture
def pair() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
        with near, far:
            yield near


async def test_a_socket_is_tuned_for_live_audio(pair: socket.socket) -> None:
    tune(pair, 10)
    assert pair.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert pair.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SEND_BUFFER_BYTES
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        assert pair.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == NOT_SENT_BYTES
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        assert pair.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
    tune(None, 10)
