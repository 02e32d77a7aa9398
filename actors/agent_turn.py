"""The caller's newest utterance: what of it was answered, and what of it is to be.

Plain data and the rules for utterances that are revised or go on. Kept in the agent's memory;
`actors.agent_turns` acts on it. Personal data.
"""

from dataclasses import dataclass
from typing import Final

from actors.agent_history import HistoryLine
from dialogue.revision import added_text

PAUSE_MAX_S: Final = 8.0
"""Between two utterances that may still be one thought."""


@dataclass(slots=True)
class Turn:
    """The caller's newest utterance and what became of its answer."""

    utterance: int
    text: str
    """All of it."""

    line: HistoryLine
    heard_at: float = 0.0
    """When it was recognised."""

    answered: str = ""
    """Its beginning, where the caller has heard an answer to that already."""

    before: str = ""
    """What the caller had said before, to which nobody has heard an answer either."""

    reply: int = 0
    """The reply that answers it."""

    spoken: bool = False
    """Whether the caller has begun to hear that answer."""

    interrupted: bool = False
    """Whether that answer was broken off."""

    closed: bool = False
    """Whether something else has been answered since."""

    def goes_on(self, at: float) -> bool:
        """Whether what is said at this time belongs to it."""
        open_still = not (self.spoken or self.closed) and bool(self.text)
        return open_still and at - self.heard_at <= PAUSE_MAX_S

    def revised(self, text: str) -> "Question":
        """Say what is to be answered if the utterance is this text."""
        added = added_text(self.text, text) if self.spoken else ""
        if added or (self.spoken and not self.interrupted):
            return Question(added)
        rest = f"{self.before} {added_text(self.answered, text)}".strip()
        return Question(rest, replaces=True, before=self.before)


@dataclass(frozen=True, slots=True)
class Question:
    """What of an utterance is to be answered."""

    text: str
    """Empty for speech that nobody could make out, or that adds nothing."""

    replaces: bool = False
    """Whether it takes the place of what was asked before: nobody has heard that answer."""

    before: str = ""
    """The part of it that was said in earlier utterances."""
