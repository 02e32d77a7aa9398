"""The limit of the HTTP connections: how many there may be, in all and from one address.

uvicorn calls `connect()` for every TCP connection. A connection that becomes a media socket
leaves here and counts at `web/media_gate.py`. The routes behind, and who may ask them, are the
guard's business.
"""

import asyncio
from collections import Counter
from typing import Any, Final

from loguru import logger
from uvicorn.config import Config
from uvicorn.server import ServerState

from settings import is_loopback
from telemetry import Metrics
from web.http_connection import HttpConnection

MAX_CONNECTIONS: Final = 512
"""Open HTTP connections. 200 calls need a handful; with as many media sockets this stays below
the 1024 file descriptors that a process usually has."""

MAX_OF_ONE_PEER: Final = 128
"""Of them from one address, which may be that of a proxy with everybody behind it. This machine
is not limited: its own proxy comes from there."""


class ConnectionLimit:
    """Lets HTTP connections in, up to a number."""

    def __init__(self, metrics: Metrics) -> None:
        """Begin with none; count in these metrics."""
        self._metrics = metrics
        self._open = 0
        self._of_peer: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._open

    def connect(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> HttpConnection:
        """Make the protocol of one connection. Called by uvicorn with these keywords."""
        return HttpConnection(self, config, server_state, app_state, _loop)

    def enter(self, peer_host: str) -> bool:
        """Count one more connection; False when there are too many."""
        crowded = self._of_peer.get(peer_host, 0) >= MAX_OF_ONE_PEER and not is_loopback(peer_host)
        if crowded or self._open >= MAX_CONNECTIONS:
            self.refuse("connections")
            return False
        self._open += 1
        self._of_peer[peer_host] += 1
        return True

    def leave(self, peer_host: str) -> None:
        """Count one less."""
        self._open -= 1
        self._of_peer[peer_host] -= 1
        if not self._of_peer[peer_host]:
            del self._of_peer[peer_host]  # the table is no longer than the connections are many

    def refuse(self, reason: str) -> None:
        """Count and log a connection that is dropped."""
        self.count_refusal(reason)
        logger.warning("connection refused: {}", reason)

    def count_refusal(self, reason: str) -> None:
        """Count a connection that somebody else has logged."""
        self._metrics.refused.labels(reason).inc()
