"""What the agent of one call remembers; it outlives the agent's crash.

Owned by the call and handed to every incarnation of the agent. Bounded. Personal data:
never logged here, shown by `/calls/{CallSid}` only where the setting allows it.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

from actors.digit_entry import EntryState
from actors.messages import FinalTranscript, Hangup, Transfer
from dialogue.ports import Brain, CallerEntered, CallerPressed, Say
from dialogue.revision import added_text

ENTRY_MAX_CHARS: Final = 2000
"""Characters kept of one entry."""

KEPT_MAX: Final = 8
"""Utterances and keys kept until they can be answered."""

PAUSE_MAX_S: Final = 8.0
"""Between two utterances that may still be one thought."""


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


@dataclass(frozen=True, slots=True)
class Question:
    """What of an utterance is to be answered."""

    text: str
    """Empty for speech that nobody could make out, or that adds nothing."""

    replaces: bool = False
    """Whether it takes the place of what was asked before: nobody has heard that answer."""

    before: str = ""
    """The part of it that was said in earlier utterances."""


Kept = FinalTranscript | CallerPressed | CallerEntered
"""What may have to be answered later."""


@dataclass(slots=True)
class AgentMemory:
    """The conversation so far, and what was going on when an agent crashed."""

    brain: Brain
    history: deque[Entry]
    epoch: int = 0
    """The newest playback."""

    greeted: bool = False
    caller_speaking: bool = False
    quiet_since: float = float("-inf")
    """When the caller's voice was heard last, where it is not heard now."""

    own_words: frozenset[str] = frozenset()
    """What the agent says, or has said last: it may come back as an echo."""

    own_words_until: float = float("inf")
    """When it had said that."""

    unanswered: bool = False
    """Whether the caller waits for an answer that has not begun to be spoken."""

    unheard: list[Say] = field(default_factory=list[Say])
    """What of the reply being spoken the caller has not heard yet."""

    kept: list[Kept] = field(default_factory=list[Kept])
    """What the caller said or keyed in while something had to be heard first."""

    entry: EntryState = field(default_factory=EntryState)
    """What the caller is keying in."""

    ending: Transfer | Hangup | None = None
    """What happens once the reply being spoken has been heard."""

    hearing_lost: bool = False
    """Whether the recogniser has trouble."""

    words_after_s: float = 0.0
    """Seconds from the end of a voice to its first words, at most; 0 where they come before."""

    words_are_guesses: bool = False
    """Whether it makes words of any sound, out of a small grammar."""

    goodbye_reason: str | None = None
    """Why the call is being ended by our own goodbye."""

    turn: Turn | None = None
    """The utterance that was answered last, as a later final may still revise it."""

    def to_answer(self, final: FinalTranscript) -> Question:
        """Take a final: which of its words are to be answered?

        One that says an utterance once more is answered for what it adds. One that follows an
        utterance whose answer nobody has begun to hear belongs to it: people pause.
        """
        turn = self.turn
        if final.revises and turn is not None and turn.utterance == final.utterance:
            return _revised(turn, final.text)
        if turn is not None and final.text and turn.goes_on(final.heard_at):
            before = turn.entry.text
            return Question(
                f"{before} {final.text}"[:ENTRY_MAX_CHARS], replaces=True, before=before
            )
        return Question(final.text)

    def keep(self, heard: Kept) -> None:
        """Keep what is to be answered later; a revision takes the place of its first half."""
        if isinstance(heard, FinalTranscript):
            self.kept = [one for one in self.kept if not _is_same(one, heard)]
        self.kept = [*self.kept, heard][-KEPT_MAX:]

    def take_kept(self) -> Kept | None:
        """Take what is to be answered now: keys before words, and of words all, as one.

        Words that keys take the place of are remembered, for brains that look back.
        """
        kept, self.kept = self.kept, []
        said = [one for one in kept if isinstance(one, FinalTranscript)]
        keys = [one for one in kept if not isinstance(one, FinalTranscript)]
        if keys:
            for one in said:
                self.note("caller", one.text, one.heard_at)
            return keys[-1]
        if len(said) < 2:  # noqa: PLR2004  # one is as it was, a revision perhaps
            return said[0] if said else None
        text = " ".join(one.text for one in said)[:ENTRY_MAX_CHARS]
        return FinalTranscript(said[-1].utterance, text, said[-1].heard_at)

    def heard(self, final: FinalTranscript, question: Question) -> Turn:
        """Remember an utterance and what of it is to be answered."""
        turn = self.turn
        if question.replaces and turn is not None:
            turn.entry.text = question.text[:ENTRY_MAX_CHARS]
            turn.utterance, turn.text, turn.before = final.utterance, final.text, question.before
            turn.spoken = turn.interrupted = turn.closed = False
            turn.heard_at = final.heard_at
            return turn
        text, at = question.text, final.heard_at
        entry = self.note("caller", text, at) if text else Entry("caller", "", at)
        goes_on = turn is not None and turn.utterance == final.utterance
        answered = turn.text if turn is not None and goes_on else ""
        self.turn = Turn(final.utterance, final.text, entry, at, answered)
        return self.turn

    def answered_else(self) -> None:
        """Note that something other than an utterance is answered: what is said next is new."""
        if self.turn is not None:
            self.turn.closed = True

    def interrupted(self, reply: int) -> None:
        """Note that a reply is broken off."""
        if self.turn is not None and self.turn.reply == reply:
            self.turn.interrupted = True

    def began_to_hear(self, reply: int) -> None:
        """Note that the caller hears this reply."""
        if self.turn is not None and self.turn.reply == reply:
            self.turn.spoken = True

    def says_something_new(self) -> None:
        """Note that the agent begins another reply."""
        self.own_words, self.own_words_until = frozenset(), float("inf")

    def next_epoch(self) -> int:
        """Number a new playback, or one that goes on."""
        self.epoch += 1
        return self.epoch

    def note(self, who: Literal["caller", "agent"], text: str, at: float) -> Entry:
        """Remember something said; the oldest is forgotten when there is too much."""
        entry = Entry(who, text[:ENTRY_MAX_CHARS], at)
        self.history.append(entry)
        return entry


def _revised(turn: Turn, text: str) -> Question:
    added = added_text(turn.text, text) if turn.spoken else ""
    if added or (turn.spoken and not turn.interrupted):
        return Question(added)
    rest = f"{turn.before} {added_text(turn.answered, text)}".strip()
    return Question(rest, replaces=True, before=turn.before)


def _is_same(one: object, final: FinalTranscript) -> bool:
    return isinstance(one, FinalTranscript) and one.utterance == final.utterance
