"""The meter of the load signal: asks the event loop to call back, and tells how late it did.

Owns that timer and the line about a new level; what the lateness means is decided by the
admission it tells. Started and stopped by `web.serving`, so that warming up does not count.
"""

import asyncio
from typing import Final

from loguru import logger

from telemetry import Timers
from web.admission import Admission

TICK_S: Final = 0.05
"""Between two looks: a lateness of two frames and more is never missed."""


class LoadMeter:
    """Tells an admission how late the loop is, 20 times a second."""

    def __init__(self, timers: Timers, admission: Admission) -> None:
        """Measure this loop; nothing happens before `start()`."""
        self._timers = timers
        self._admission = admission
        self._handle: asyncio.TimerHandle | None = None
        self._due_at = 0.0

    def start(self) -> None:
        """Begin to measure."""
        self._due_at = self._timers.time() + TICK_S
        self._handle = self._timers.call_at(self._due_at, self._on_tick)

    def stop(self) -> None:
        """Stop measuring. Calling twice is harmless."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _on_tick(self) -> None:
        level = self._admission.observe(self._timers.time() - self._due_at)
        if level is not None:
            logger.warning("load: {}", level)
        self.start()
