"""The uvicorn server that drains: calls finish before the listeners close.

uvicorn alone closes its listeners first and dies of the signal it was stopped with. Here the
first signal only begins the drain: webhooks go on being answered, so that new calls hear a
sentence and old ones get their `<Connect action>`; uvicorn stops when the calls are over. A
second signal stops at once.
"""

import asyncio
import socket
from types import FrameType
from typing import Final, cast

import uvicorn
from loguru import logger
from starlette.types import ASGIApp

from web.http_gate import HttpGate
from web.media_gate import MediaGate
from web.status import ServerStatus

KEEP_ALIVE_S: Final = 75
"""Longer than the 60 s for which load balancers reuse a connection."""

GOODBYE_S: Final = 8.0
"""For the goodbyes of the calls that are still there when `DRAIN_S` is over. Less than a call
gives its own (15 s): one takes 2 to 3 s, and this with `LINGER_S` and the default of `DRAIN_S`
makes the 30 s for which Kubernetes waits by default before it kills."""

LINGER_S: Final = 2.0
"""For Twilio to ask, after the last call, what comes after its stream: it may be a transfer."""

PROMISE_POLL_S: Final = 0.05
"""Between two looks whether the streams that were promised a place have come."""

CLOSE_S: Final = 5
"""For sockets to close once the calls are over; then they are dropped."""


class DrainingServer(uvicorn.Server):
    """Serves HTTP and media on one port until told to stop."""

    def __init__(
        self,
        app: ASGIApp,
        http_gate: HttpGate,
        gate: MediaGate,
        status: ServerStatus,
        drain_s: float,
    ) -> None:
        """Serve this application and these gates; let calls finish for `drain_s` seconds."""
        self.listening = asyncio.Event()
        """Set once both are served."""
        super().__init__(
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", http_gate.connect),
                ws=cast("type[asyncio.Protocol]", gate.connect),
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # the guard must see who is really there
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=CLOSE_S,
            )
        )
        self._status = status
        self._drain_s = drain_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._draining: asyncio.Task[None] | None = None
        self.forced = False
        """Whether a second signal cut the drain short."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.listening.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Take a signal: the first one drains, the second one stops at once."""
        if self._loop is None or self._status.draining:
            self.forced = self.should_exit = self.force_exit = True
            return
        self._status.draining = True
        self._loop.call_soon_threadsafe(self.drain)

    def drain(self) -> None:
        """Take no more calls, and stop once those that are there have ended."""
        self._status.draining = True
        if self._draining is None:
            self._draining = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        try:
            await self._let_calls_end()
            # A call that went just before the signal may be asked for as well.
            await asyncio.sleep(max(0.0, LINGER_S - self._status.root.admission.quiet_s))
        finally:
            self.should_exit = True

    async def _let_calls_end(self) -> None:
        root = self._status.root
        root.stop_admitting()
        promised = root.admission.reserved
        logger.info(
            "draining: {} calls, {} on their way, {:.0f} s for them",
            root.active,
            promised,
            self._drain_s,
        )
        ended = await self._ended(self._drain_s)
        root.admission.close()  # who starts from here on would be cut off without a word
        if ended:
            return
        root.end_all("draining")
        if not await root.drained(GOODBYE_S):
            logger.warning("draining: {} calls cut off", root.active)
            root.abort_all()
            await root.drained(LINGER_S)  # until their ledgers are closed

    async def _ended(self, timeout_s: float) -> bool:
        """Wait for the streams that were promised a place, then for the end of all calls."""
        root, loop = self._status.root, asyncio.get_running_loop()
        ends_at = loop.time() + timeout_s
        # Reservations also end by time, of which nobody is told: no event could say so.
        while root.admission.reserved and loop.time() < ends_at:  # noqa: ASYNC110
            await asyncio.sleep(PROMISE_POLL_S)
        return await root.drained(max(0.0, ends_at - loop.time()))


def bind(host: str, port: int) -> socket.socket:
    """Take the port, before anything slow is started.

    Raises:
        OSError: it is taken, or the address is not ours.
    """
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock
