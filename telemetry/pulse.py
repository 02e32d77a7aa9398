"""The pulse of the event loop: a call back every 50 ms, and how late each one was.

Owns that one timer. What the lateness means is for those who listen: the watchdog exports it,
the watch over blockages counts beats, admission takes it for load. Listeners are called on the
loop and must not block. Started by `telemetry.watchdog.watch_loop`.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

BEAT_S: Final = 0.05
"""Between two beats: a lateness of two frames and more is never missed."""

Listener = Callable[[float], None]
"""Told of every beat how late it was, in seconds."""


class Timers(Protocol):
    """The two things of an event loop that the pulse needs."""

    def time(self) -> float:
        """Now, in seconds of the loop's own clock."""
        ...

    def call_at(self, when: float, callback: Callable[[], Any], /) -> asyncio.TimerHandle:
        """Call back at that time."""
        ...


class LoopPulse:
    """Asks the loop to call back, again and again."""

    def __init__(self, timers: Timers, listeners: Sequence[Listener]) -> None:
        """Beat on this loop for these listeners; nothing happens before `start()`."""
        self._timers = timers
        self._listeners = tuple(listeners)
        self._handle: asyncio.TimerHandle | None = None
        self._due_at = 0.0

    def start(self) -> None:
        """Begin to beat."""
        self._due_at = self._timers.time() + BEAT_S
        self._handle = self._timers.call_at(self._due_at, self._beat)

    def stop(self) -> None:
        """Stop beating. Calling twice is harmless."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _beat(self) -> None:
        late_s = self._timers.time() - self._due_at
        for listener in self._listeners:
            listener(late_s)
        self.start()
