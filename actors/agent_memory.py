"""What the agent of one call remembers; it outlives the agent's crash.

Owned by the call and handed to every incarnation of the agent. Bounded. Personal data:
never logged here, shown by `/calls/{CallSid}` only where the setting allows it.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final, Literal

from actors.agent_history import LINE_MAX_CHARS, HistoryLine, put_last
from actors.agent_turn import Question, Turn
from actors.digit_entry import EntryState
from actors.messages import FinalTranscript, Hangup, Transfer
from actors.own_words import OwnWords
from dialogue.ports import Brain, CallerEntered, CallerPressed, Say

KEPT_MAX: Final = 8
"""Utterances and keys kept until they can be answered."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A reply that ended because the caller seemed to say something."""

    reply: int
    rest: tuple[Say, ...]
    """Its texts that were not heard to their end."""

    whole: bool
    """Whether the brain had said all of it: then the rest is all that is missing."""

    near_end: bool
    """Whether the caller was hearing its last words: a question perhaps."""


Kept = FinalTranscript | CallerPressed | CallerEntered
"""What may have to be answered later."""


@dataclass(slots=True)
class AgentMemory:
    """The conversation so far, and what was going on when an agent crashed."""

    brain: Brain
    history: deque[HistoryLine]
    epoch: int = 0
    """The newest playback."""

    greeted: bool = False
    caller_speaking: bool = False
    quiet_since: float = float("-inf")
    """When the caller's voice was heard last, where it is not heard now."""

    own_words: OwnWords = field(default_factory=OwnWords)
    """What the agent says, or has said last: it may come back as an echo."""

    unanswered: bool = False
    """Whether the caller waits for an answer that has not begun to be spoken."""

    unheard: list[Say] = field(default_factory=list[Say])
    """What of the reply being spoken the caller has not heard yet."""

    kept: list[Kept] = field(default_factory=list[Kept])
    """What the caller said or keyed in and is to be answered, oldest first."""

    given_up: GivenUp | None = None
    """What the caller's last words have ended, until it is known what they are."""

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

    @property
    def must_be_heard(self) -> bool:
        """Whether something that nobody may interrupt has not been heard to its end."""
        return not all(say.interruptible for say in self.unheard)

    # --- what the caller says --------------------------------------------------------

    def to_answer(self, final: FinalTranscript, *, goes_on: bool = False) -> Question:
        """Look at a final: which of its words are to be answered?

        One that says an utterance once more is answered for what it adds. One that follows an
        utterance whose answer nobody has begun to hear belongs to it: people pause.

        Args:
            final: it.
            goes_on: whether it belongs to the utterance before however long the pause was.
        """
        turn = self.turn
        if final.revises and turn is not None and turn.utterance == final.utterance:
            return turn.revised(final.text)
        if turn is not None and final.text and (goes_on or turn.goes_on(final.heard_at)):
            before = turn.line.text
            return Question(f"{before} {final.text}"[:LINE_MAX_CHARS], replaces=True, before=before)
        return Question(final.text)

    def asks(self, said: Sequence[FinalTranscript]) -> bool:
        """Whether there is anything in finals to be answered still."""
        return any(not final.revises or self.to_answer(final).text for final in said)

    def hear(self, said: Sequence[FinalTranscript]) -> Question:
        """Remember finals that follow each other; together they are one question."""
        asked: Question | None = None
        for final in said:
            question = self.to_answer(final, goes_on=asked is not None)
            if question.text or len(said) == 1:
                self._heard(final, question)
                # Whether an answer is taken back was decided by the first of them.
                replaces = question.replaces if asked is None else asked.replaces
                asked = Question(question.text, replaces=replaces, before=question.before)
        return asked or Question("")

    def _heard(self, final: FinalTranscript, question: Question) -> None:
        turn, at = self.turn, final.heard_at
        same = turn is not None and turn.utterance == final.utterance
        if question.replaces and turn is not None:
            turn.line.text = question.text[:LINE_MAX_CHARS]
            put_last(self.history, turn.line)
            turn.utterance, turn.text, turn.before = final.utterance, final.text, question.before
            turn.answered = turn.answered if same else ""
            turn.spoken = turn.interrupted = turn.closed = False
            turn.heard_at = at
            return
        text = question.text
        line = self.note("caller", text, at) if text else HistoryLine("caller", "", at)
        answered = turn.text if turn is not None and same else ""
        self.turn = Turn(final.utterance, final.text, line, at, answered)

    # --- what is kept ----------------------------------------------------------------

    def keep(self, heard: Kept) -> bool:
        """Keep what is to be answered; a revision takes the place of what it revises.

        Returns:
            False if the oldest was forgotten for it.
        """
        for index, one in enumerate(self.kept):
            if isinstance(heard, FinalTranscript) and _is_of(one, heard.utterance):
                self.kept[index] = heard
                return True
        self.kept.append(heard)
        if len(self.kept) <= KEPT_MAX:
            return True
        del self.kept[0]
        return False

    def forget_kept(self, utterance: int) -> None:
        """Forget what was kept of an utterance: it was taken back."""
        self.kept = [one for one in self.kept if not _is_of(one, utterance)]

    def take_kept(self) -> CallerPressed | CallerEntered | list[FinalTranscript]:
        """Take what comes first: a key, or all that was said up to the next key."""
        first = self.kept[0]
        if not isinstance(first, FinalTranscript):
            del self.kept[0]
            return first
        words = takewhile(lambda one: isinstance(one, FinalTranscript), self.kept)
        said = [one for one in words if isinstance(one, FinalTranscript)]
        del self.kept[: len(said)]
        return said

    # --- what is answered ------------------------------------------------------------

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

    def goes_on_as(self, reply: int, before: int) -> None:
        """Note that a reply says the rest of one before."""
        if self.turn is not None and self.turn.reply == before:
            self.turn.reply, self.turn.interrupted = reply, False

    def next_epoch(self) -> int:
        """Number a new playback, or one that goes on."""
        self.epoch += 1
        return self.epoch

    def note(self, who: Literal["caller", "agent"], text: str, at: float) -> HistoryLine:
        """Remember something said; the oldest is forgotten when there is too much."""
        line = HistoryLine(who, text[:LINE_MAX_CHARS], at)
        self.history.append(line)
        return line


def _is_of(one: Kept, utterance: int) -> bool:
    return isinstance(one, FinalTranscript) and one.utterance == utterance
