"""One HTTP connection that may not dawdle: uvicorn's own, with deadlines it does not have.

uvicorn times only the pause between two requests, and any byte stops that clock: a peer that
sends one header a minute would keep its connection for ever. Here a request has a deadline from
its first byte to the end of its answer, and so has a pause. Made by
`web/connection_limit.py` for uvicorn; knows no route.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Final

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

if TYPE_CHECKING:
    from web.connection_limit import ConnectionLimit

REQUEST_TIMEOUT_S: Final = 15.0
"""From the first byte of a request, or from the connection's beginning, to the end of the answer.
Twilio itself gives a webhook no longer."""

PAUSE_TIMEOUT_S: Final = 80.0
"""Between two requests. Above uvicorn's own time (`KEEP_ALIVE_S` in `web/serving.py`), which says
goodbye properly; this one stands in where a byte has stopped that clock."""


class HttpConnection(H11Protocol):
    """An HTTP connection with deadlines."""

    def __init__(
        self,
        limit: "ConnectionLimit",
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Wait for the connection. The limit counts it; the rest is uvicorn's."""
        super().__init__(config, server_state, app_state, loop)
        self._limit = limit
        self._peer_host: str | None = None
        """Set as long as the limit counts this connection."""
        self._deadline: asyncio.TimerHandle | None = None
        self._busy = False
        """Whether a request is on its way or being answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        """Come in, unless there are too many."""
        super().connection_made(transport)
        peer_host = self.client[0] if self.client else ""
        if not self._limit.enter(peer_host):
            transport.abort()
            return
        self._peer_host = peer_host
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave nothing behind."""
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read; the first byte of a request starts its clock."""
        if self._peer_host is None or self.transport.is_closing():
            return  # not let in, or on its way out
        if not self._busy:
            self._begin()
        super().data_received(data)
        self._pause_if_done()

    def on_response_complete(self) -> None:
        """An answer is written: the pause begins, if the request was read to its end too."""
        super().on_response_complete()
        self._pause_if_done()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over to the media gate, which has limits of its own."""
        self._leave()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP; uvicorn has logged it."""
        self._limit.count_refusal("malformed")
        cycle: Any = self.cycle  # None before the first request, whatever its type says
        if cycle is not None and not cycle.response_complete:
            # Whoever still answers the request finds nobody there, and nothing raises.
            cycle.disconnected = True
            cycle.message_event.set()
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.transport.abort()  # behind an answer, or to a HEAD: h11 lets no such answer out

    def _begin(self) -> None:
        self._busy = True
        self._expect_within(REQUEST_TIMEOUT_S)

    def _pause_if_done(self) -> None:
        states = {self.conn.our_state, self.conn.their_state}
        rest, _ = self.conn.trailing_data
        if self._busy and self._peer_host is not None and states == {h11.IDLE} and not rest:
            self._busy = False
            self._expect_within(PAUSE_TIMEOUT_S)

    def _expect_within(self, timeout_s: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(timeout_s, self._overdue)

    def _overdue(self) -> None:
        if self._busy:
            self._limit.refuse("slow")
        self.transport.abort()

    def _leave(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._peer_host is not None:
            self._limit.leave(self._peer_host)
            self._peer_host = None
