"""The watch over the event loop: how late it calls back.

Owns that one measurement and its line; says nothing of who made the loop late: the dispatcher
names the actor, `telemetry.blockage` any other code. Set up by `server.py`.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from loguru import logger
from prometheus_client import Counter, Gauge

from telemetry.blockage import BlockageWatch
from telemetry.descriptors import DescriptorWatch
from telemetry.pulse import Listener, LoopPulse


class LoopWatchdog:
    """Exports the worst lateness of the loop, and warns: one line a window at most."""

    WINDOW_BEATS: Final = 100
    """Beats to one exported value: 5 s when the loop is on time."""

    WARN_S: Final = 0.1
    """Lag worth a line: five frames late."""

    def __init__(self, lag: Gauge) -> None:
        """Export to this gauge."""
        self._gauge = lag
        self._beats = 0
        self._worst_s = 0.0

    def on_beat(self, late_s: float) -> None:
        """Take the lateness of one beat, in seconds."""
        self._worst_s = max(self._worst_s, late_s)
        self._beats += 1
        if self._beats == self.WINDOW_BEATS:
            self._export()

    def _export(self) -> None:
        self._gauge.set(self._worst_s)
        if self._worst_s >= self.WARN_S:
            logger.warning("event loop was late by {:.0f} ms", self._worst_s * 1000)
        self._beats = 0
        self._worst_s = 0.0


def watch_loop(
    lag: Gauge,
    blockages: Counter,
    load: Listener,
    at_end: Callable[[Callable[[], None]], object],
) -> None:
    """Watch the running event loop: how late it is, what code keeps it, what load that is.

    Once a second it is looked whether descriptors are left for what it accepts.

    Args:
        lag: shows the worst lateness of the last window.
        blockages: counts how often the loop did not beat at all for a while.
        load: told of the lateness of every beat.
        at_end: takes what is to be called when the server stops.
    """
    blockage = BlockageWatch(blockages.inc)
    listeners = (LoopWatchdog(lag).on_beat, blockage.on_beat, load, DescriptorWatch().on_beat)
    for watch in (blockage, LoopPulse(asyncio.get_running_loop(), listeners)):
        watch.start()
        at_end(watch.stop)
