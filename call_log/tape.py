"""The tape of one call: what enters and leaves it, in order, on its way to a file.

Owns the order, the times and the end of one recording. Appends to a bounded list and does
nothing else on the call's way: what a line says is encoded by the thread of `Recordings`,
which puts tapes on disk. Times are seconds of the call's clock, rounded to a microsecond.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

LINES_WAIT_MAX: Final = 100_000
"""Lines of all calls that wait for the disk: 2 s of 100 calls. Beyond, recordings end."""

TIME_DIGITS: Final = 6
"""A microsecond: finer than any decision, and short to write."""

MICROSECOND: Final = 1e-6

CALL_OVER: Final = "the call is over"
"""The one reason for which a recording is whole."""

Waiting = deque[tuple["Tape", tuple[Any, ...]]]


class Tape:
    """One call's recording.

    Lines are tuples. What happens to the call begins with its time, what the call does about
    it begins with a name and belongs to the line with a time before it.
    """

    __slots__ = (
        "_at",
        "_now",
        "_open",
        "_reads",
        "_running",
        "_waiting",
        "ended",
        "path",
        "written_bytes",
    )

    def __init__(self, path: str, now: Callable[[], float], waiting: Waiting) -> None:
        """Begin an empty tape.

        Args:
            path: the file it is for.
            now: the call's clock.
            waiting: where lines wait to be written.
        """
        self.path = path
        self.written_bytes = 0
        """What the writer has written of it."""
        self.ended = False
        """Whether the writer writes no more of it."""
        self._now = now
        self._waiting = waiting
        self._open = True
        self._running = False
        self._at = 0.0
        self._reads: list[float] = []

    def begin(self, *what: Any, at: float | None = None) -> float:
        """Note the begin of a turn, a tick or a timer: something that takes its time.

        Args:
            what: its kind and name.
            at: its time, if it has been given one; else now.

        Returns:
            the time as it is recorded.
        """
        self._at = round(self._now() if at is None else at, TIME_DIGITS)
        self._running = True
        self._put((self._at, *what))
        return self._at

    def end(self) -> None:
        """Note its end, and what the clock said in between."""
        self._running = False
        if self._reads:
            at = self._at
            offsets = [round((read - at) / MICROSECOND) for read in self._reads]
            self._reads.clear()
            if any(offsets):
                self._put(("reads", offsets))

    def enters(self, kind: str, *what: Any) -> None:
        """Note something that comes from outside, in the midst of a turn or by itself."""
        at = round(self._now(), TIME_DIGITS)
        self._put((at, f"+{kind}" if self._running else kind, *what))

    def leaves(self, *what: Any) -> None:
        """Note something that the call does."""
        self._put(what)

    def read(self, now: float) -> float:
        """Note a look at the clock; returns what the call is to be told."""
        now = round(now, TIME_DIGITS)
        if self._running and self._open:
            self._reads.append(now)
        return now

    def cut(self, why: str) -> None:
        """End the recording; the call goes on. Later calls change nothing."""
        if self._open:
            self._open = False
            self._waiting.append((self, ("cut", why)))

    def _put(self, line: tuple[Any, ...]) -> None:
        if not self._open:
            return
        if len(self._waiting) >= LINES_WAIT_MAX:
            self.cut("the disk is too slow")
            return
        self._waiting.append((self, line))
