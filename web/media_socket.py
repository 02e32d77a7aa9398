"""One media socket: a WebSocket connection without the layers that live audio does not need.

A subclass of websockets' `ServerConnection`, made by `web/media_gate.py` for uvicorn. TEXT
frames go to the call session inside the read callback, and sends are synchronous: no queue,
no task switch, no ASGI. Owns the start and close deadlines, and what an ill-behaved peer may
cost. Knows frames, not Twilio's messages.
"""

import asyncio
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any, Final

from loguru import logger
from websockets.asyncio.server import ServerConnection
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Event, State
from websockets.server import ServerProtocol

from actors.socket import UNSENT_MAX_BYTES
from media.twilio import MAX_MESSAGE_BYTES
from web.rate_limit import RateLimit
from web.socket_tuning import tune

if TYPE_CHECKING:
    from web.call_session import CallSession
    from web.media_gate import MediaGate

MESSAGE_BURST: Final = 1500
"""Messages taken at once: what 30 s of a stalled network hold back (50 a second)."""

MESSAGE_RATE_HZ: Final = 150.0
"""Messages a second taken for ever: three times real time. What a faster peer had in one read
beyond it is taken as well, and nothing more is read until it is paid for at this rate."""

BYTES_PER_COST: Final = 1024
"""A message costs one, and one more for each of these: Twilio's have about 400 bytes."""

FLOOD_PAUSE_S: Final = 0.1
"""For which, at least, nothing is read from a peer that is too fast; TCP holds it back."""

HURRY_RATE_HZ: Final = 75.0
"""Messages a second of a peer that has a backlog: a caller has 50. The pong stands behind it."""

MAX_REASON_BYTES: Final = 120
"""A close frame's reason has room for 123 bytes (RFC 6455, 5.5)."""


class MediaConnection(ServerConnection):
    """A media socket. Implements `web.caller_socket.Transport`."""

    def __init__(self, gate: "MediaGate", siblings: set[Any]) -> None:
        """Wait for the handshake.

        Args:
            gate: makes the session, checks the upgrade, runs the handler task.
            siblings: the server's open connections; it waits for them at shutdown.
        """
        limits = gate.limits
        super().__init__(
            ServerProtocol(max_size=MAX_MESSAGE_BYTES),
            gate,  # type: ignore[arg-type]  # all that is used of a Server is in MediaGate
            ping_interval=None,  # see `_ping`
            close_timeout=limits.close_timeout_s,
            # Above what is ever unsent: the ping's own write must not wait for a dead peer.
            write_limit=2 * UNSENT_MAX_BYTES,
        )
        self._gate = gate
        self.session: CallSession | None = None
        """Set once the upgrade is accepted."""
        self._limits = limits
        self._siblings = siblings
        self._budget = RateLimit(burst=MESSAGE_BURST, rate_hz=MESSAGE_RATE_HZ, now=self.loop.time())
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._heard_at = 0.0
        """When anything was received last."""
        self._held_back_at = -inf
        """When reading last went on after a pause."""
        self._answered = True
        """Whether the last ping has its pong."""
        self._since_ping = 0
        """Messages since then."""
        self._finished = False

    # What the gate and uvicorn call

    def opened(self) -> None:
        """The handshake is done: tune the socket, start the pings and the start deadline."""
        tune(self.transport.get_extra_info("socket"), self._limits.ping_timeout_s)
        self._heard_at = self.loop.time()
        self._after("ping", self._limits.ping_interval_s, self._ping)
        self._after("start", self._limits.start_timeout_s, self._on_start_overdue)

    def shutdown(self) -> None:
        """Close because the server stops. Called by uvicorn."""
        self.finish(CloseCode.SERVICE_RESTART, "server is stopping")

    # What the call's socket calls

    @property
    def unsent_bytes(self) -> int:
        """Bytes written here that the kernel has not taken."""
        return self.transport.get_write_buffer_size()

    def send_text(self, message: bytes) -> None:
        """Send one text message, or nothing when the connection is not open."""
        if self.protocol.state is State.OPEN and not self.transport.is_closing():
            self.protocol.send_text(message)
            self.send_data()

    def finish(self, code: int, reason: str) -> None:
        """Begin to close; harmless when it has begun."""
        self._finished = True
        if self.protocol.state is not State.OPEN or self.transport.is_closing():
            return
        bounded = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
        self.protocol.send_close(code, bounded)
        self.send_data()
        self._expect_close()

    def abort(self) -> None:
        """Drop the connection; harmless when it is gone."""
        self._finished = True
        self.transport.abort()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the server's open connections."""
        super().connection_made(transport)
        self._siblings.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the session, and leave nothing behind."""
        self._siblings.discard(self)
        super().connection_lost(exc)
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._lose_session()

    def data_received(self, data: bytes) -> None:
        """Read, unless it is too soon; a closing that the library began gets its deadline here.

        What comes behind a close is thrown away, by the library or by us, and paid for as well.

        Between its request and our answer no client may send (RFC 6455, 4.1). Nonsense there would
        make the library close its side, fail to answer and log a traceback: for anybody.
        """
        if self.request is not None and self.response is None:
            self.abort()
            return
        self._heard_at = self.loop.time()
        if self.request is None:
            self._on_request(data)
            return
        closing = self.protocol.state is not State.OPEN
        super().data_received(data)
        if closing:
            self._pay(1 + len(data) // BYTES_PER_COST)
        if self.protocol.state is State.CLOSING:
            self._expect_close()
            if self.protocol.parser_exc is not None:
                self._on_broken_frame()

    def process_event(self, event: Event) -> None:
        """Take one event: the request of the handshake, then frames."""
        if self.request is None or not isinstance(event, Frame):
            super().process_event(event)
        elif self.session is None:
            self.abort()  # a frame before the upgrade was accepted: nobody checked this peer
        else:
            self._since_ping += 1
            if not self._finished:
                self._on_frame(event, self.session)
            self._pay(1 + len(event.data) // BYTES_PER_COST)

    def _on_request(self, data: bytes) -> None:
        """Read the request of the handshake; what the library cannot read is refused like the rest.

        Its own answer, which names its limits, or none at all, is not sent.
        """
        if self.transport.is_closing():
            return
        self.protocol.receive_data(data)
        if self.protocol.handshake_exc is not None:
            self.transport.write(self._gate.refuse_unreadable(self).serialize())
            self.transport.close()
            return
        for event in self.protocol.events_received():
            self.process_event(event)

    def _on_broken_frame(self) -> None:
        """End the call: of what follows a broken frame the library reads nothing."""
        sent = self.protocol.close_sent
        if self.session is None or self._finished or sent is None:
            return
        line = "media socket: frame that cannot be read; expected RFC 6455 and at most {} bytes, "
        logger.warning(line + "closing with {}", MAX_MESSAGE_BYTES, int(sent.code))
        self._finished = True
        self._lose_session()

    def _lose_session(self) -> None:
        if self.session is not None:
            received = self.protocol.close_rcvd
            self.session.on_closed(None if received is None else received.code)
            self.session = None  # they refer to each other

    def _on_frame(self, frame: Frame, session: "CallSession") -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT and frame.fin:
            self._on_text(bytes(frame.data), session)
        elif opcode is Opcode.BINARY and frame.fin:
            session.on_binary()
        elif opcode is Opcode.PING:
            self._on_ping()
        elif opcode is Opcode.PONG:
            self._answered = True
        elif opcode is not Opcode.CLOSE:
            logger.warning("media socket: fragmented message; expected whole ones, closing")
            self.finish(CloseCode.MESSAGE_TOO_BIG, "fragmented message")

    def _on_text(self, message: bytes, session: "CallSession") -> None:
        try:
            session.on_text(message)
        except Exception:  # noqa: BLE001  # a fault of ours ends this call, with a close frame
            logger.opt(exception=True).error("media socket: message failed, closing")
            self.finish(CloseCode.INTERNAL_ERROR, "internal error")

    def _on_ping(self) -> None:
        if self.unsent_bytes > UNSENT_MAX_BYTES:
            logger.warning("media socket: pings without reading, dropped")
            self.abort()

    def _ping(self) -> None:
        """Ask for a sign of life.

        The library's own keepalive knows nothing of peers that we hold back, whose pong stands
        behind messages that we have not read.
        """
        if self.protocol.state is not State.OPEN or self.transport.is_closing():
            return
        self._answered, self._since_ping = False, 0
        self.protocol.send_ping(b"")
        self.send_data()
        self._after("ping", self._limits.ping_timeout_s, self._on_pong_due)

    def _on_pong_due(self) -> None:
        timeout_s = self._limits.ping_timeout_s
        held_back = "flood" in self._timers or self.loop.time() - self._held_back_at < timeout_s
        if self._answered or held_back or self._since_ping > HURRY_RATE_HZ * timeout_s:
            self._after("ping", self._limits.ping_interval_s, self._ping)
        else:
            # It may send all the time: a caller who gets nothing hears nothing.
            logger.warning("media socket: no answer to a ping within {:g} s, dropped", timeout_s)
            self.abort()

    def _pay(self, cost: int) -> None:
        """Charge for what came: who sends too fast is held back, or dropped if we are closing."""
        if not self._budget.spend(self._heard_at, cost) or self.transport.is_closing():
            return
        if self._finished or self.protocol.state is not State.OPEN:
            logger.warning("media socket: too much behind the close, dropped")
            self.abort()
        else:
            self._read_slowly()

    def _read_slowly(self) -> None:
        if "flood" not in self._timers and not self.transport.is_closing():
            self.transport.pause_reading()
            self._after("flood", FLOOD_PAUSE_S, self._read_on)

    def _read_on(self) -> None:
        del self._timers["flood"]
        if self.transport.is_closing():
            return
        debt_s = self._budget.spend(self.loop.time(), 0)
        if debt_s:
            self._after("flood", max(debt_s, FLOOD_PAUSE_S), self._read_on)
        else:
            self._held_back_at = self.loop.time()
            self.transport.resume_reading()

    def _on_start_overdue(self) -> None:
        if self.session is not None and not (self.session.started or self._finished):
            logger.warning("media socket: no start within {} s", self._limits.start_timeout_s)
            self.finish(CloseCode.POLICY_VIOLATION, "no start")

    def _expect_close(self) -> None:
        if "close" not in self._timers:
            self._after("close", self._limits.close_timeout_s, self.abort)

    def _after(self, name: str, delay_s: float, callback: Callable[[], None]) -> None:
        self._timers[name] = self.loop.call_later(delay_s, callback)
