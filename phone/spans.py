"""Joins stretches of voice into spans of speech, with pauses for breath inside them.

Pure; positions are samples since the stream began. Used for the agent and for the caller.
"""

from dataclasses import dataclass
from typing import Final

from media.frame import SAMPLE_RATE_HZ

PAUSE_SAMPLES: Final = SAMPLE_RATE_HZ * 6 // 10
"""A quiet shorter than this (0.6 s) is a pause inside one span: a comma, a full stop."""

MAX_SPANS: Final = 10_000
"""Spans kept of one direction; later ones are counted in `unkept`."""


@dataclass(slots=True)
class Span:
    """One stretch of speech."""

    start: int
    end: int
    """One past the last voiced sample."""
    cut: bool = False
    """Ended by a `clear`, not by itself."""


class Spans:
    """The speech of one direction of a call."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.unkept = 0
        self._open = False

    @property
    def last_end(self) -> int:
        """Where the latest voice ended; 0 before any."""
        return self.spans[-1].end if self.spans else 0

    def add(self, start: int, end: int) -> None:
        """Voice was found; positions never go back by more than a frame."""
        if self._open and start - self.spans[-1].end < PAUSE_SAMPLES:
            self.spans[-1].end = max(end, self.spans[-1].end)
            return
        if len(self.spans) >= MAX_SPANS:
            self.unkept += 1
            return
        self.spans.append(Span(start, end))
        self._open = True

    def cut(self, position: int) -> None:
        """What follows is something new; marks the span as cut if it was under way."""
        if self._open and position - self.spans[-1].end < PAUSE_SAMPLES:
            self.spans[-1].cut = True
        self._open = False

    def first_after(self, position: int) -> Span | None:
        """The earliest span that starts at or after a position."""
        found = None
        for span in reversed(self.spans):
            if span.start < position:
                break
            found = span
        return found
