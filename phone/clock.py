"""The phone's clock: monotonic seconds, which a test may let run faster than the world's.

Owns the relation between phone time and the loop's timers, and nothing else. Every time in
this package (`…_at`, `now`, timeouts) is phone time.
"""

import asyncio
import math
import time
from collections.abc import Callable


class Clock:
    """Tells the time and wakes somebody up."""

    def __init__(self, speed: float = 1.0) -> None:
        """Bind to the running loop.

        Args:
            speed: Phone seconds in a real second.
        """
        self._loop = asyncio.get_running_loop()
        self._speed = speed

    def now(self) -> float:
        """Phone seconds; only differences mean anything."""
        return time.monotonic() * self._speed

    def call_at(self, when: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """Call back once phone time `when` has come."""
        delay_s = max(0.0, (when - self.now()) / self._speed)
        # uvloop rounds a delay to whole milliseconds: rounded down it would wake too early.
        return self._loop.call_later(math.ceil(delay_s * 1000.0) / 1000.0, callback)
