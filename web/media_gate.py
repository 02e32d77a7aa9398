"""The gate of the media sockets: checks each upgrade and runs its handshake.

uvicorn calls `connect()` for every WebSocket upgrade on the HTTP port; nothing configured on
the HTTP side (middleware, size, pings) applies from there on, so path, origin, signature and
number are checked here. It stands where websockets expects its `Server`.
"""

import asyncio
import http
from dataclasses import dataclass
from typing import Any, Final

from loguru import logger
from uvicorn.server import ServerState
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from telemetry import printable
from web.call_session import Border, CallSession
from web.guard import Guard
from web.knock import Knock, joined_headers
from web.media_socket import MediaConnection
from web.twiml import MEDIA_PATH

SPARE_SOCKETS: Final = 32
"""Sockets beyond `MAX_CALLS`, for those that have not said `start` yet."""

UNREADABLE: Final = "a request that cannot be read"
"""What stands in the line of a refusal where no path is known."""

_SWITCHING: Final = http.HTTPStatus.SWITCHING_PROTOCOLS


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """The time limits of one media socket, in seconds, and how many there may be."""

    handshake_timeout_s: float
    start_timeout_s: float
    ping_interval_s: float
    ping_timeout_s: float
    close_timeout_s: float
    max_calls: int


class MediaGate:
    """Lets media sockets in."""

    def __init__(self, border: Border, guard: Guard, limits: SocketLimits) -> None:
        """Make sessions with this border for upgrades that pass this guard."""
        self.limits = limits
        self.handler_tasks: set[asyncio.Task[None]] = set()
        """The task of each open socket; websockets adds to it."""
        self._border = border
        self._guard = guard

    def connect(
        self,
        config: object,  # noqa: ARG002  # uvicorn's keywords
        server_state: ServerState,
        app_state: object,  # noqa: ARG002
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> MediaConnection:
        """Make the protocol of one upgrade. Called by uvicorn with these keywords."""
        return MediaConnection(self, server_state.connections)

    def is_serving(self) -> bool:
        """Whether sockets may open at all; how many is `check`'s business."""
        return True

    async def handler(self, connection: ServerConnection) -> None:
        """Live with one connection from its first byte to its end. Called by websockets."""
        assert isinstance(connection, MediaConnection)  # noqa: S101  # connect() makes no other
        try:
            async with asyncio.timeout(self.limits.handshake_timeout_s):
                await connection.handshake(self.check, self.answer, server_header=None)
            if connection.response is None or connection.response.status_code != _SWITCHING:
                connection.transport.close()
                return
            connection.opened()
            await connection.wait_closed()
        except TimeoutError:
            if not connection.transport.is_closing():  # else it was told of
                self._note("handshake", UNREADABLE)
            connection.abort()
        except Exception:  # noqa: BLE001  # a task's end: one socket's trouble must stay its own
            logger.opt(exception=True).warning("media socket: dropped")
            connection.abort()
        finally:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101  # websockets runs this as a task
            self.handler_tasks.discard(task)

    def check(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer an upgrade: None lets it in."""
        assert isinstance(connection, MediaConnection)  # noqa: S101  # connect() makes no other
        knock = _knock(connection, request)
        reason = self._guard.refuse_upgrade(knock)
        if reason is not None:
            return self._refuse(reason, knock.path, connection, http.HTTPStatus.FORBIDDEN)
        if knock.path.removesuffix("/") != MEDIA_PATH:
            return self._refuse("path", knock.path, connection, http.HTTPStatus.NOT_FOUND)
        if len(self.handler_tasks) > self.limits.max_calls + SPARE_SOCKETS:
            status = http.HTTPStatus.SERVICE_UNAVAILABLE
            return self._refuse("sockets", knock.path, connection, status)
        connection.session = CallSession(self._border, connection)
        return None

    def answer(
        self, connection: ServerConnection, request: Request, response: Response
    ) -> Response | None:
        """Look at an answer before it is sent: what the library refuses is told like the rest."""
        if response.status_code == _SWITCHING:
            return None
        assert isinstance(connection, MediaConnection)  # noqa: S101  # connect() makes no other
        if "X-Content-Type-Options" in response.headers:
            return None
        path = request.path.partition("?")[0]
        return self._refuse("handshake", path, connection, http.HTTPStatus(response.status_code))

    def refuse_unreadable(self, connection: MediaConnection) -> Response:
        """Answer an upgrade that the library could not read: `check` and `answer` never see it."""
        return self._refuse("handshake", UNREADABLE, connection, http.HTTPStatus.BAD_REQUEST)

    def _refuse(
        self, reason: str, path: str, connection: MediaConnection, status: http.HTTPStatus
    ) -> Response:
        """Count and log one refusal, and return its answer, which says no more than that."""
        self._note(reason, path)
        response = connection.respond(status, "refused\n")
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    def _note(self, reason: str, what: str) -> None:
        self._border.metrics.refused.labels(reason).inc()
        logger.warning("upgrade refused: {}: {}", reason, printable(what, 80))


def _knock(connection: ServerConnection, request: Request) -> Knock:
    peer: Any = connection.remote_address
    path, _, query = request.path.partition("?")
    headers = joined_headers(request.headers.raw_items())
    return Knock(peer[0] if peer else "", path, query, headers)
