"""What the agent of one call remembers; it outlives the agent's crash.

Owned by the call and handed to every incarnation of the agent. Bounded. Personal data:
never logged here, shown by `/calls/{CallSid}` only where the setting allows it.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from actors.messages import Hangup, Transfer
from dialogue.ports import Brain
from dialogue.revision import added_text

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
class Turn:
    """The caller's newest utterance and what became of its answer."""

    utterance: int
    text: str
    """All of it."""

    entry: Entry
    answered: str = ""
    """Its beginning, where the caller has heard an answer to that already."""

    epoch: int = 0
    """The playback that answers it."""

    spoken: bool = False
    """Whether the caller has begun to hear that answer."""

    interrupted: bool = False
    """Whether that answer was broken off."""


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

    hearing_lost: bool = False
    """Whether the recogniser has trouble."""

    goodbye_reason: str | None = None
    """Why the call is being ended by our own goodbye."""

    turn: Turn | None = None
    """The utterance that was answered last, as a later final may still revise it."""

    def revision(self, utterance: int, text: str) -> tuple[str, bool]:
        """Take a final that says an utterance once more, with other words.

        Returns:
            the text that is to be answered, empty if nothing is, and whether it replaces what
            was answered, because nobody has heard that answer.
        """
        turn = self.turn
        if turn is None or turn.utterance != utterance:
            return text, False
        added = added_text(turn.text, text) if turn.spoken else ""
        if added or (turn.spoken and not turn.interrupted):
            return added, False
        return added_text(turn.answered, text), True

    def heard(
        self,
        utterance: int,
        whole: str,
        text: str,
        at: float,
        replaces: bool,  # noqa: FBT001
    ) -> Turn:
        """Remember an utterance.

        Args:
            utterance: its number.
            whole: all of its words.
            text: those that are to be answered now.
            at: when, on the call's clock.
            replaces: whether it is the last one, in other words.
        """
        if replaces and self.turn is not None:
            self.turn.entry.text = text[:ENTRY_MAX_CHARS]
            self.turn.text = whole
            self.turn.spoken = self.turn.interrupted = False
        else:
            entry = self.note("caller", text, at) if text else Entry("caller", "", at)
            goes_on = self.turn is not None and self.turn.utterance == utterance
            answered = self.turn.text if self.turn is not None and goes_on else ""
            self.turn = Turn(utterance, whole, entry, answered)
        return self.turn

    def interrupted(self) -> None:
        """Note that the playback under way is broken off."""
        if self.turn is not None and self.turn.epoch == self.epoch:
            self.turn.interrupted = True

    def playback_began(self, epoch: int) -> None:
        """Note that the caller hears this playback."""
        if self.turn is not None and self.turn.epoch == epoch:
            self.turn.spoken = True

    def next_epoch(self) -> int:
        """Number a new playback."""
        self.epoch += 1
        return self.epoch

    def note(self, who: Literal["caller", "agent"], text: str, at: float) -> Entry:
        """Remember something said; the oldest is forgotten when there is too much."""
        entry = Entry(who, text[:ENTRY_MAX_CHARS], at)
        self.history.append(entry)
        return entry
