"""What becomes of what the caller says and keys in: answered, kept for later, or come to nothing.

A plain class inside AgentActor, which hands it finals and keys. The floor says what is to be
done; this does it: tells the brain, in the order in which things were said, and takes an answer
up again that was given up for words that were none. Judges no words and speaks none itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

from actors.agent_memory import AgentMemory, Kept
from actors.agent_messages import KeptDue
from actors.clock import Timer
from actors.context import CallContext
from actors.digit_entry import DigitEntry
from actors.family import OutOfBand
from actors.floor import FloorKeeper
from actors.messages import FinalTranscript
from actors.peer import to_nobody
from actors.replies import Replies
from actors.trouble import Trouble
from actors.turn_log import TurnLog
from dialogue import ports as brains
from media.turns import Heard, Move


@dataclass(frozen=True, slots=True)
class TurnParts:
    """What a turn of the caller is dealt with by."""

    context: CallContext
    memory: AgentMemory
    floor: FloorKeeper
    replies: Replies
    entry: DigitEntry
    trouble: Trouble
    turn_log: TurnLog


class CallerTurns:
    """Deals with the turns of one call's caller.

    Args:
        parts: what they are dealt with by.
        after: sends its owner a message later.
    """

    def __init__(self, parts: TurnParts, after: Callable[[float, OutOfBand], Timer]) -> None:
        self._context = parts.context
        self._memory = parts.memory
        self._floor = parts.floor
        self._replies = parts.replies
        self._entry = parts.entry
        self._trouble = parts.trouble
        self._turn_log = parts.turn_log
        self._after = after

    def final(self, final: FinalTranscript) -> None:
        """Take a finished utterance."""
        self._trouble.answered()
        question = self._memory.to_answer(final)
        nothing_new = final.revises and not question.text
        if nothing_new:
            self._memory.forget_kept(final.utterance)
        said = question.text if final.revises else final.text
        self._deal_with(final, Heard.NOTHING_NEW if nothing_new else self._floor.final(said))

    def key(self, key: brains.CallerPressed | brains.CallerEntered) -> None:
        """Take a key, or several that are one entry."""
        self._deal_with(key, Heard.KEY)

    def answer(self, event: brains.CallerEvent) -> None:
        """Answer something that is no utterance."""
        self._trouble.answered()
        self._memory.answered_else()
        self._replies.answer(event)

    def answer_kept(self) -> None:
        """Answer what was kept, unless something must be heard or the caller may be speaking.

        Words in a row are one question. Of words and keys the brain is told one after the other,
        as if they came now; the answer to the last of them is heard.
        """
        while self._memory.kept and self._floor.may_answer:
            kept = self._memory.take_kept()
            if not isinstance(kept, list):
                self._floor.take(Heard.KEY)
                self.answer(kept)
            elif self._memory.asks(kept):
                # It was judged when it was said: behind a notice it would be judged otherwise.
                self._floor.take(Heard.UTTERANCE)
                self._answer_words(kept)
            else:
                continue
            if self._memory.kept:
                # A brain that runs in a task must have begun to hear of this before the next.
                self._after(0.0, KeptDue())
            return

    def release(self) -> None:
        """Forget the owner: it has ended."""
        self._after = to_nobody

    # --- inside ----------------------------------------------------------------------

    def _deal_with(self, heard: Kept, what: Heard) -> None:
        """Do what the floor says. All that is answered goes by what is kept: nothing overtakes."""
        match self._floor.take(what):
            case Move.KEEP:
                self._keep(heard)
            case Move.ANSWER:
                self._keep(heard)
                self.answer_kept()
            case Move.TAKE_UP:
                self._take_up_again()
            case _:
                pass

    def _keep(self, heard: Kept) -> None:
        if not self._memory.keep(heard):
            self._context.events.note("kept_forgotten")
            self._context.log.warning("⚠️ [AGENT] Too much was said at once: the oldest is let go")

    def _answer_words(self, said: list[FinalTranscript]) -> None:
        self._memory.unanswered = True
        question = self._memory.hear(said)
        if not self._entry.under_way:
            self._entry.cancel()  # Who speaks instead of keying in is answered in words.
        reply = self._replies.answer(brains.CallerSaid(question.text, question.replaces))
        if self._memory.turn is not None:
            self._memory.turn.reply = reply
        self._turn_log.answered_by(reply, said[-1])

    def _take_up_again(self) -> None:
        """Go on with what was given up: the caller has said nothing after all."""
        memory, turn = self._memory, self._memory.turn
        given_up, memory.given_up = memory.given_up, None
        if memory.kept:
            self.answer_kept()
        elif given_up is None:
            return
        elif given_up.whole:
            self._replies.say_rest(given_up)
        elif turn is not None and turn.reply == given_up.reply:
            again = FinalTranscript(turn.utterance, turn.text, turn.heard_at, revises=True)
            self._answer_words([again])
        elif not memory.greeted:
            self._replies.greet()
        else:
            # What a key has done may not be done twice.
            self._replies.speak([brains.Say(memory.brain.manners.apology)])
