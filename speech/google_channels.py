"""The connections to one of Google's endpoints: a few gRPC channels, kept warm.

Owns the channels, the options they are made with, and which one a new stream gets. HTTP/2
servers allow about 100 streams on a connection, so there are several, each with a subchannel
of its own. Never looks into messages. The recogniser has one pool for each endpoint in use.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import grpc

from speech.google_wire import Dialect

BACKOFF_MIN_MS: Final = 100
"""Before the second try to connect; grows by 1.6 with each."""

BACKOFF_MAX_MS: Final = 1000
"""Between tries at most: a call waits for its recogniser."""

CONNECT_MS: Final = 10_000
"""For one try to connect. gRPC calls it the least backoff, but it bounds TCP and TLS together:
with 1 s, a server that took 1.5 s for it was never reached; with 100 ms, first tries over a way
of 150 ms were cut off. A lost packet is sent again by TCP itself, after 1, 3 and 7 s."""

REPLACE_EVERY_S: Final = 5.0
"""Least time between two replacements of a channel that seems dead."""

WATCH_EVERY_S: Final = 0.1
"""Between looks at a connection; one costs microseconds."""

CHANNEL_OPTIONS: Final[tuple[tuple[str, int], ...]] = (
    ("grpc.use_local_subchannel_pool", 1),  # or all channels would share one connection
    ("grpc.initial_reconnect_backoff_ms", BACKOFF_MIN_MS),
    ("grpc.min_reconnect_backoff_ms", CONNECT_MS),
    ("grpc.max_reconnect_backoff_ms", BACKOFF_MAX_MS),
    ("grpc.keepalive_time_ms", 30_000),  # more often counts as abuse: too_many_pings
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.minimal_stack", 1),  # filters nobody needs here: 4 % of a call's processor time
    ("grpc.enable_deadline_checking", 1),  # but for the timeouts
    ("grpc.enable_retries", 0),  # would keep a copy of each stream; the supervisor restarts
)
"""The names and meanings are those of gRPC core's `channel_arg_names.h`."""

MakeChannel = Callable[[Sequence[tuple[str, int]]], Any]
"""Makes a `grpc.aio.Channel` with these options."""


class PooledChannel:
    """One channel and what is known about it."""

    __slots__ = ("channel", "heard", "load", "retired", "single", "streaming", "watcher")

    def __init__(self, channel: Any, dialect: Dialect) -> None:
        self.channel = channel
        self.streaming: Any = channel.stream_stream(
            dialect.streaming_method, response_deserializer=dialect.streamed
        )
        self.single: Any = channel.unary_unary(
            dialect.single_method, response_deserializer=dialect.answered
        )
        self.load = 0
        """Calls under way."""

        self.heard = 0
        """Messages that came back, on any stream."""

        self.retired = False
        """Whether it gets no new calls and is closed with its last."""

        self.watcher = asyncio.get_running_loop().create_task(stay_connected(channel))

    @property
    def ready(self) -> bool:
        """Whether a connection stands, as far as gRPC knows."""
        return bool(self.channel.get_state() is grpc.ChannelConnectivity.READY)

    async def aclose(self) -> None:
        """Close the connection; calls on it end."""
        self.watcher.cancel()
        await asyncio.wait({self.watcher})
        await self.channel.close()


async def stay_connected(channel: Any) -> None:
    """Connect now and whenever the connection is lost, so that nobody has to wait for it.

    gRPC's own waiting for a change cannot be called off: it outlives the channel.
    """
    while True:
        channel.get_state(try_to_connect=True)
        await asyncio.sleep(WATCH_EVERY_S)


class ChannelPool:
    """The channels to one endpoint. For use on one event loop."""

    __slots__ = ("_channels", "_closing", "_dialect", "_make", "_replaced_at")

    def __init__(self, make: MakeChannel, dialect: Dialect, count: int) -> None:
        self._make = make
        self._dialect = dialect
        self._channels = [self._new() for _ in range(count)]
        self._closing: set[asyncio.Task[None]] = set()
        self._replaced_at = float("-inf")

    def take(self) -> PooledChannel:
        """Return the channel for a new call: connected before all, then the least loaded."""
        chosen = min(self._channels, key=lambda channel: (not channel.ready, channel.load))
        chosen.load += 1
        return chosen

    def give_back(self, channel: PooledChannel) -> None:
        """Take note that a call on this channel is over."""
        channel.load -= 1
        if channel.retired and channel.load == 0:
            self._close(channel)

    def replace(self, channel: PooledChannel) -> bool:
        """Give up a channel that seems dead; what still runs on it may end there.

        A connection that a router forgot looks alive until a keepalive fails, up to 40 s
        later; new streams must not be put on it meanwhile.

        Returns:
            whether it was replaced: not twice, and not more often than every 5 s.
        """
        now = asyncio.get_running_loop().time()
        if channel not in self._channels or now - self._replaced_at < REPLACE_EVERY_S:
            return False
        self._replaced_at = now
        self._channels[self._channels.index(channel)] = self._new()
        channel.retired = True
        if channel.load == 0:
            self._close(channel)
        return True

    async def aclose(self) -> None:
        """Close all channels; calls on them end."""
        channels, self._channels = self._channels, []
        await asyncio.gather(*(channel.aclose() for channel in channels), *self._closing)

    def _new(self) -> PooledChannel:
        return PooledChannel(self._make(CHANNEL_OPTIONS), self._dialect)

    def _close(self, channel: PooledChannel) -> None:
        closing = asyncio.get_running_loop().create_task(channel.aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
