"""What the agent of one call remembers; it outlives the agent's crash.

Owned by the call and handed to every incarnation of the agent. Bounded. Personal data:
never logged here, shown by `/calls/{CallSid}` only where the setting allows it.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from actors.messages import Hangup, Transfer
from dialogue.ports import Brain

ENTRY_MAX_CHARS = 2000
"""Characters kept of one entry."""


@dataclass(slots=True)
class Entry:
    """Something that was said."""

    who: Literal["caller", "agent"]
    text: str
    at: float
    """When, on the call's clock."""

    def add(self, text: str) -> None:
        """Add a sentence to it."""
        self.text = f"{self.text} {text}".strip()[:ENTRY_MAX_CHARS]


@dataclass(slots=True)
class AgentMemory:
    """The conversation so far, and what was going on when an agent crashed."""

    brain: Brain
    history: deque[Entry]
    epoch: int = 0
    """The newest playback."""

    greeted: bool = False
    caller_speaking: bool = False
    unanswered: bool = False
    """Whether the caller waits for an answer that has not begun to be spoken."""

    unheard_texts: list[str] = field(default_factory=list[str])
    """The texts of the reply being spoken that the caller has not heard yet."""

    ending: Transfer | Hangup | None = None
    """What happens once the reply being spoken has been heard."""

    goodbye_reason: str | None = None
    """Why the call is being ended by our own goodbye."""

    def next_epoch(self) -> int:
        """Number a new playback."""
        self.epoch += 1
        return self.epoch

    def note(self, who: Literal["caller", "agent"], text: str, at: float) -> Entry:
        """Remember something said; the oldest is forgotten when there is too much."""
        entry = Entry(who, text[:ENTRY_MAX_CHARS], at)
        self.history.append(entry)
        return entry
