"""The recorded course of a call, followed line by line by the one that is replayed.

It is the tape of the replayed call: whatever that does comes here and is held against the
next line. As long as it matches, the replay is in step: what happened to the recorded call
in the midst of a turn happens at the same place again, and the clock says what it said. The
first line that does not match is where the replay departs from the recording; it then goes
on by its own clock. Whether its outputs are the same is the comparison's business.
"""

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from replay.codec import as_read
from replay.comparison import Comparison, output_of, without_measures
from replay.lines import Line


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a replay stopped to do the same steps."""

    at: float
    line: int
    """Of the file."""

    expected: list[Any] | None
    got: list[Any] | None


class Course:
    """Follows a recording; `replay.tape.TapeSink` for the replayed call."""

    def __init__(self, lines: tuple[Line, ...], comparison: Comparison, began_at: float) -> None:
        """Begin at the first line."""
        self.at = began_at
        """When what is going on began."""
        self.cursor = 0
        self.departure: Departure | None = None
        self.happen: Callable[[Line], None] = lambda _line: None
        """Lets something happen to the replayed call."""
        self.seen: Callable[[float, list[Any]], None] = lambda _at, _content: None
        """Told of everything the replayed call does."""
        self.now: Callable[[], float] = lambda: self.at
        """The clock of the replayed call."""
        self._lines = lines
        self._comparison = comparison
        self._reads: deque[float] = deque()

    @property
    def in_step(self) -> bool:
        """Whether the replay has done the same steps up to here."""
        return self.departure is None

    def next(self) -> Line | None:
        """Take the next line; None at the end."""
        if self.cursor == len(self._lines):
            return None
        line = self._lines[self.cursor]
        self.cursor += 1
        return line

    def starts(self, line: Line) -> None:
        """Begin with what this line says; the clock will say what it said then."""
        self.at = line.at
        self._reads = deque(line.reads if self.in_step else ())
        self._let_happen()

    def ends(self) -> None:
        """End with it. If the recorded call did more, that is the next line."""
        self._reads.clear()

    def depart(self, expected: list[Any] | None, got: list[Any] | None) -> None:
        """Go on out of step."""
        if self.in_step:
            line = self._peek() or self._lines[-1]
            self.departure = Departure(self.at, line.number, expected, got)
            self._reads.clear()

    # --- the tape of the replayed call -----------------------------------------------

    def begin(self, *what: Any, at: float | None = None) -> float:  # noqa: ARG002  # the tape's
        """Let a turn begin: the player knows."""
        return self.at if at is None else at

    def end(self) -> None:
        """Let it end."""

    def enters(self, kind: str, *what: Any) -> None:
        """Take note of an input: it comes from the recording."""

    def leaves(self, *what: Any) -> None:
        """Hold what the call does against the recording."""
        content = as_read(what)
        at = self.at if self.in_step else self.now()
        self.seen(at, content)
        line = self._peek()
        if self.in_step:
            if line is not None and not line.timed and self._is_next(content):
                self.cursor += 1
            else:
                expected = None if line is None or line.timed else line.content
                self.depart(expected, content)
        output = output_of(content, at)
        if output is not None:
            self._comparison.got(output, in_step=self.in_step)
        self._let_happen()

    def read(self, now: float) -> float:
        """Say what the clock said."""
        return self._reads.popleft() if self._reads else now

    # --- inside ----------------------------------------------------------------------

    def _peek(self) -> Line | None:
        return self._lines[self.cursor] if self.cursor < len(self._lines) else None

    def _is_next(self, content: list[Any]) -> bool:
        """Say whether the recorded call did this next.

        Timers that are called off together, as an actor ends, come in no order.
        """
        first = self._lines[self.cursor]
        if first.kind != "cancel":
            return without_measures(first.content) == without_measures(content)
        for line in itertools.islice(self._lines, self.cursor, None):
            if line.kind != "cancel":
                return False
            if line.content == content:
                line.content, first.content = first.content, line.content
                return True
        return False

    def _let_happen(self) -> None:
        """Let happen what happened in the midst of the turn, here."""
        while self.in_step:
            line = self._peek()
            if line is None or not line.nested:
                return
            self.cursor += 1
            self.happen(line)
