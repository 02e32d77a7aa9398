"""What streams and requests to Google share: the ladder, the connections, the counters.

Owns one ladder and a channel pool for each endpoint in use, for the life of the process, and
what is under way. Steps down the ladder when a rung is refused, once however
many streams report it. Knows Google's dialect only by protocol. The recogniser makes one.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from loguru import logger

from speech.failure import Failure, failure_of
from speech.google_channels import ChannelPool, MakeChannel
from speech.google_counters import GoogleCounters
from speech.google_ladder import Ladder, Rung
from speech.google_wire import Dialect
from speech.ports import StreamEnded

NOTHING_LEFT: Final = StreamEnded("UNAVAILABLE", "every model and endpoint was refused")
"""What an owner is told when no rung is left: not for good, they are all tried again soon."""

RESTORE_FIRST_S: Final = 2.0
"""After every rung was refused, until all are tried again: refusals of everything are more
often the far side's mistake than ours, and a call survives so much. It doubles each time."""

RESTORE_MAX_S: Final = 60.0

CLOSED: Final = StreamEnded("CANCELLED", "the engine was closed")
"""What the owners of streams and requests are told at the end, and who comes after it."""

OnEnd = Callable[[Rung, StreamEnded], StreamEnded]
"""Hears how a stream ended and says what its owner is told: the ladder may know better."""

MakeChannelTo = Callable[[str], MakeChannel]
"""Makes the maker of channels to an endpoint."""


class Served(Protocol):
    """What the service needs of a stream or a request: it ends them when it is closed."""

    def end(self, status: str, detail: str = "") -> None:
        """End it now and tell its owner."""
        ...

    async def wait_closed(self) -> None:
        """Wait until nothing of it runs."""
        ...


class GoogleService:
    """One Google API as this process uses it."""

    def __init__(
        self, dialect: Dialect, ladder: Ladder, channel_to: MakeChannelTo, channels: int
    ) -> None:
        self.dialect = dialect
        self.ladder = ladder
        self.counters = GoogleCounters()
        self.served: set[Served] = set()
        """The streams and requests under way."""
        self.closed = False
        self._emptied = 0
        """Times in a row that no rung was left."""
        self._restoring: asyncio.TimerHandle | None = None

        self._channel_to = channel_to
        self._channels = channels
        self._pools: dict[str, ChannelPool] = {}

    def pool(self, rung: Rung) -> ChannelPool:
        """Return the connections to a rung's endpoint; the first time they are begun."""
        pool = self._pools.get(rung.endpoint)
        if pool is None:
            pool = ChannelPool(self._channel_to(rung.endpoint), self.dialect, self._channels)
            self._pools[rung.endpoint] = pool
        return pool

    def ended(self, rung: Rung, ended: StreamEnded) -> StreamEnded:
        """Take note of an end, and say what the owner is told.

        A refused rung is stepped down from. The status stays, which means "open again", as
        long as another rung is left.
        """
        if failure_of(ended.status, ended.detail) is not Failure.CONFIG:
            return ended
        if self.ladder.refuse(rung):
            self.counters.refusals += 1
            _log_step(rung, self.ladder.current, ended)
            if self.ladder.current is None:
                self._restore_later()
        return NOTHING_LEFT if self.ladder.current is None else ended

    def _restore_later(self) -> None:
        delay_s = min(RESTORE_FIRST_S * 2**self._emptied, RESTORE_MAX_S)
        self._emptied = min(self._emptied + 1, 16)
        self._restoring = asyncio.get_running_loop().call_later(delay_s, self.ladder.restore)

    def well(self) -> None:
        """Take note of a real answer: the ladder is sound."""
        self._emptied = 0

    async def aclose(self) -> None:
        """End streams and requests and close all connections; none is begun any more."""
        self.closed = True
        if self._restoring is not None:
            self._restoring.cancel()
        served = list(self.served)
        for one in served:
            one.end(CLOSED.status, CLOSED.detail)
        await asyncio.gather(*(one.wait_closed() for one in served))
        pools, self._pools = self._pools, {}
        await asyncio.gather(*(pool.aclose() for pool in pools.values()))


def _log_step(rung: Rung, following: Rung | None, ended: StreamEnded) -> None:
    refused = f"Google {rung} refused ({ended.status}: {ended.detail})"
    if following is None:
        logger.error("🧭 [STT] {}; nothing is left to try", refused)
    else:
        logger.warning("🧭 [STT] {}; now {}", refused, following)
