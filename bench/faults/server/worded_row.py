"""What was done to a call or to a server, what was promised, and what came of it, in words.

The rows of the fault table that are no comparison of windows: those on the manual clock, those
at the end of a server, those that need a server of their own.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WordedRow:
    """One such row."""

    name: str
    promised: str
    measured: str
    broken: str | None = None
    """Which promise was not kept; None: all were."""
    sids: tuple[str, ...] = ()
    """CallSids of the calls that it was done to."""
