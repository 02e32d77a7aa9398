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

from web.connection_limit import ConnectionLimit
from web.media_gate import MediaGate
from web.status import ServerStatus

KEEP_ALIVE_S: Final = 75
"""Longer than the 60 s for which load balancers reuse a connection."""

DRAIN_GOODBYE_S: Final = 8.0
"""For the goodbyes of the calls that are still there when `DRAIN_S` is over. Less than a call
gives its own (15 s): one takes 2 to 3 s."""

LINGER_S: Final = 2.0
"""For Twilio to ask, after the last call, what comes after its stream: it may be a transfer."""

CUT_LINGER_S: Final = 1.0
"""The same after calls were cut off. All they are told is to hang up; without an answer a caller
who is still there would hear of an application error."""

PROMISE_POLL_S: Final = 0.05
"""Between two looks whether the streams that were promised a place have come."""

CLOSE_S: Final = 2
"""For sockets to close once the calls are over; then they are dropped."""

STOP_WITHIN_S: Final = 15.0
"""From the end of `DRAIN_S` to the end of the process, whatever callers do: the times above and the
closing of the engines. With the default of `DRAIN_S` it makes the 30 s for which Kubernetes waits
before it kills (`terminationGracePeriodSeconds`)."""


class PortError(Exception):
    """The address cannot be listened on. One line."""


class DrainingServer(uvicorn.Server):
    """Serves HTTP and media on one port until told to stop."""

    def __init__(
        self,
        app: ASGIApp,
        connections: ConnectionLimit,
        gate: MediaGate,
        status: ServerStatus,
        drain_s: float,
    ) -> None:
        """Serve this application behind these two; let calls finish for `drain_s` seconds."""
        self.listening = asyncio.Event()
        """Set once both are served."""
        super().__init__(
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", connections.connect),
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
        self._signalled = False
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
        if self._loop is None or self._signalled:
            self.forced = self.should_exit = self.force_exit = True
            return
        self._signalled = True
        self._loop.call_soon_threadsafe(self.drain)

    def drain(self) -> None:
        """Take no more calls, and stop once those that are there have ended."""
        if self._draining is None:
            self._status.root.stop_admitting()
            self._draining = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        try:
            await asyncio.sleep(await self._let_calls_end())
        finally:
            self.should_exit = True

    async def _let_calls_end(self) -> float:
        """End all calls; returns for how many seconds one that has gone may be asked for yet."""
        root = self._status.root
        promised = root.admission.reserved
        logger.info(
            "draining: {} calls, {} on their way, {:.0f} s for them",
            root.active,
            promised,
            self._drain_s,
        )
        ended = await self._ended(self._drain_s)
        root.admission.close()  # who starts from here on would be cut off without a word
        if not ended:
            root.end_all("draining")
            ended = await root.drained(DRAIN_GOODBYE_S)
        # A call that went just before the signal may be asked for as well.
        linger_s = max(0.0, LINGER_S - root.admission.quiet_s)
        if ended:
            return linger_s
        logger.warning("draining: {} calls cut off", root.active)
        root.abort_all()
        return max(linger_s, CUT_LINGER_S)  # within it their ledgers are closed as well

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
        PortError: it is taken, or the address is not ours.
    """
    try:
        return _bound(host, port)
    except (OSError, UnicodeError) as error:
        # The latter for what cannot be a name (RFC 1035, 2.3.4): an empty or too long label.
        why = error.strerror if isinstance(error, OSError) else "Not a host name"
        raise PortError(f"HOST={host} PORT={port}: {why}; expected a free address") from None


def _bound(host: str, port: int) -> socket.socket:
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
