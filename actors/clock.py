"""The clock actors live by: the event loop's in production, a hand-wound one in tests.

Actors never read the time or set a timer any other way, so that a whole call runs on the
manual clock without threads and without waiting.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Final, Protocol

EARLY_S: Final = 0.001
"""A timer may fire as much too early, by rounding or by the loop's own clock."""


class Timer(Protocol):
    """A call to come."""

    def cancel(self) -> None:
        """Call it off. Harmless when it has already happened."""
        ...


class Clock(Protocol):
    """Monotonic time in seconds, and calls to come."""

    def now(self) -> float:
        """Read the time."""
        ...

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call back once, on the loop's thread, after a delay."""
        ...


class LoopClock:
    """The running event loop's clock."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        """Read the time; finer than `loop.time()`, which uvloop rounds to a millisecond."""
        return time.monotonic()

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call back once after a delay; resolution about a millisecond."""
        return self._loop.call_later(max(0.0, delay_s), callback)


class ManualTimer:
    """A call to come on the manual clock."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Call it off."""
        self.callback = None


class ManualClock:
    """Time that stands still until it is advanced."""

    def __init__(self, settle: Callable[[], None] = lambda: None, start_at: float = 1000.0) -> None:
        """Make a clock.

        Args:
            settle: called after every timer and every advance, to let actors have their turns.
            start_at: the first reading; not 0, so that code that confuses the two is found.
        """
        self._settle = settle
        self._now = start_at
        self._order = itertools.count()
        self._timers: list[tuple[float, int, ManualTimer]] = []

    def now(self) -> float:
        """Read the time."""
        return self._now

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call back when the clock is advanced to or past that time."""
        timer = ManualTimer(callback)
        due_at = self._now + max(0.0, delay_s)
        heapq.heappush(self._timers, (due_at, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass: timers fire in order, each at its own time."""
        self._settle()
        until = self._now + seconds
        while self._timers and self._timers[0][0] <= until:
            due_at, _, timer = heapq.heappop(self._timers)
            if timer.callback is not None:
                self._now = max(self._now, due_at)
                timer.callback()
                self._settle()
        self._now = until
        self._settle()

    @property
    def pending(self) -> int:
        """How many timers are set and not cancelled: a leak shows here."""
        return sum(timer.callback is not None for _, _, timer in self._timers)
