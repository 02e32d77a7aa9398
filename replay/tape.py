"""The tape as the taps see it: where they note what enters a call and what leaves it.

Two things keep it: `call_log.Tape`, which goes to a file, and `replay.course.Course`, which
compares. The taps are the same for both, so that a replay is noted as the call was.
"""

from typing import Any, Protocol


class TapeSink(Protocol):
    """Where a call's traffic with the outside is noted."""

    def begin(self, *what: Any, at: float | None = None) -> float:
        """Note the begin of a turn, a tick or a timer; returns its time as it is noted."""
        ...

    def end(self) -> None:
        """Note its end."""
        ...

    def enters(self, kind: str, *what: Any) -> None:
        """Note something that comes from outside."""
        ...

    def leaves(self, *what: Any) -> None:
        """Note something that the call does."""
        ...

    def read(self, now: float) -> float:
        """Note a look at the clock; returns what the call is to be told."""
        ...
