"""The watch over the event loop: how late it calls back.

Owns that one measurement and its line; says nothing of who made the loop late: the dispatcher
names the actor, `telemetry.blockage` any other code. Started and stopped by `server.py`.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from loguru import logger
from prometheus_client import Gauge

from telemetry.blockage import BlockageWatch


class Timers(Protocol):
    """The two things of an event loop that the watchdog needs."""

    def time(self) -> float:
        """Now, in seconds of the loop's own clock."""
        ...

    def call_at(self, when: float, callback: Callable[[], Any], /) -> asyncio.TimerHandle:
        """Call back at that time."""
        ...


class LoopWatchdog:
    """Measures how late the loop calls back, exports the worst, and warns.

    It says that the loop was late; which actor's turn made it late is the dispatcher's to
    say. One line a window at most.
    """

    TICK_S: Final = 0.05
    """How often the loop is asked to call back."""

    WINDOW_TICKS: Final = 100
    """Ticks to one exported value: 5 s when the loop is on time."""

    WARN_S: Final = 0.1
    """Lag worth a line: five frames late."""

    def __init__(self, timers: Timers, lag: Gauge) -> None:
        """Watch this loop and export to this gauge; nothing happens before `start()`."""
        self._timers = timers
        self._gauge = lag
        self._handle: asyncio.TimerHandle | None = None
        self._due_at = 0.0
        self._ticks = 0
        self._worst_s = 0.0

    def start(self) -> None:
        """Begin to measure."""
        self._arm()

    def stop(self) -> None:
        """Stop measuring. Calling twice is harmless."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self) -> None:
        self._due_at = self._timers.time() + self.TICK_S
        self._handle = self._timers.call_at(self._due_at, self._on_tick)

    def _on_tick(self) -> None:
        self._worst_s = max(self._worst_s, self._timers.time() - self._due_at)
        self._ticks += 1
        if self._ticks == self.WINDOW_TICKS:
            self._export()
        self._arm()

    def _export(self) -> None:
        self._gauge.set(self._worst_s)
        if self._worst_s >= self.WARN_S:
            logger.warning("event loop was late by {:.0f} ms", self._worst_s * 1000)
        self._ticks = 0
        self._worst_s = 0.0


def watch_loop(lag: Gauge, at_end: Callable[[Callable[[], None]], object]) -> None:
    """Watch the running event loop: how late it is, and what code keeps it.

    Args:
        lag: shows the worst lateness of the last window.
        at_end: takes what is to be called when the server stops.
    """
    loop = asyncio.get_running_loop()
    for watch in (LoopWatchdog(loop, lag), BlockageWatch(loop)):
        watch.start()
        at_end(watch.stop)
