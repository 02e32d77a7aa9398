"""The conversation of one call, line by line: what was said, as far as it was heard.

Plain data and one rule on its order. Brains read it (`dialogue.ports.Line`); the agent's memory
and its speaker write it. Bounded by the deque that `actors.call_parts` makes. Personal data.
"""

from collections import deque
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Literal

LINE_MAX_CHARS: Final = 2000
"""Characters kept of one line."""

UNHEARD: Final = "…"
"""The text of an answer of which nobody has heard a word; stands at the end of one cut short."""


@dataclass(slots=True)
class HistoryLine:
    """Something that was said; a brain may hold on to it, so it is changed, not replaced."""

    who: Literal["caller", "agent"]
    text: str
    at: float
    """When, on the call's clock."""

    def add(self, text: str) -> None:
        """Add a sentence to it."""
        self.text = f"{self.text} {text}".strip()[:LINE_MAX_CHARS]

    def cut_to(self, heard: str) -> None:
        """Leave of it the words that were heard."""
        self.text = f"{heard[:LINE_MAX_CHARS]} {UNHEARD}".strip()


def put_last(history: deque[HistoryLine], line: HistoryLine) -> None:
    """Let the conversation end with a line: brains answer the last one.

    Answers behind it that nobody has heard a word of are forgotten: it takes their place.
    """
    behind = list(takewhile(lambda other: other is not line, reversed(history)))
    for _ in behind:
        history.pop()
    if history:
        history.pop()  # The line itself; it may be older than what is kept.
    heard = (one for one in reversed(behind) if one.who == "caller" or one.text != UNHEARD)
    history.extend(heard)
    history.append(line)
