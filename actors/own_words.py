"""What the agent has said lately: its echo may bring the words back as the caller's.

Owns the words of the reply being spoken and of the one before it, whose echo may still be on
its way when the next one begins. Pure: times are arguments. The speaker tells it what is said,
the floor asks it; it survives a crash of the agent with the rest of its memory.
"""

from dataclasses import dataclass
from math import inf

from dialogue.revision import words_said


@dataclass(slots=True)
class OwnWords:
    """The agent's own words."""

    _now: frozenset[str] = frozenset()
    _said_at: float = inf
    """When the last of them was said; not yet."""

    _before: frozenset[str] = frozenset()
    _before_said_at: float = -inf

    def begin(self, now: float) -> None:
        """Note that another reply begins."""
        self._before, self._before_said_at = self._now, min(self._said_at, now)
        self._now, self._said_at = frozenset(), inf

    def say(self, text: str) -> None:
        """Note words of the reply."""
        self._now |= frozenset(words_said(text))

    def end(self, now: float) -> None:
        """Note that the reply is over."""
        self._said_at = now

    def heard_lately(self, now: float, late_s: float) -> bool:
        """Whether any of them may come back now, so many seconds late."""
        return now - self._said_at <= late_s

    def explain(self, text: str, now: float, late_s: float) -> bool:
        """Whether all words of a text may be echoes of ours."""
        ours = self._now
        if now - self._before_said_at <= late_s:
            ours |= self._before
        return ours.issuperset(words_said(text))
