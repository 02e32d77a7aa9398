"""The replies of a call: the brain thinks them out, the speaker speaks them, one at a time.

A plain class inside AgentActor, which decides when a reply begins and when the caller
interrupts it. Passes what the brain says on to the speaker and remembers how the call is to
end after it. Knows nothing of transcripts; of keys only that the brain asks for them, of marks
only that one was the last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from actors.agent_memory import AgentMemory
from actors.call_notes import keep_note
from actors.caller_voice import CallerVoice
from actors.clock import Timer
from actors.context import CallContext
from actors.digit_entry import DigitEntry
from actors.family import OutOfBand
from actors.messages import Hangup, MarkFlushed, MarkPlayed, PlaybackStarted, Transfer
from actors.peer import to_nobody
from actors.playback_messages import PlaybackOverdue, ReplyDue, Synthesized
from actors.speaker import Speaker
from actors.turn_log import TurnLog
from dialogue import ports as brains


@dataclass(frozen=True, slots=True)
class BrainSaid(OutOfBand):
    """The brain's next output for a reply."""

    reply: int
    output: brains.BrainOutput


@dataclass(frozen=True, slots=True)
class FillerDue(OutOfBand):
    """The caller has waited for an answer long enough to be told that one is coming."""

    reply: int


OfReply = BrainSaid | FillerDue | Synthesized | ReplyDue | PlaybackOverdue


@dataclass(frozen=True, slots=True)
class ReplyParts:
    """What a reply is made with."""

    context: CallContext
    memory: AgentMemory
    speaker: Speaker
    voice: CallerVoice
    turn: TurnLog
    entry: DigitEntry


class Replies:
    """Lets the brain answer and has it spoken."""

    def __init__(
        self,
        parts: ReplyParts,
        *,
        tell_self: Callable[[OutOfBand], None],
        after: Callable[[float, OutOfBand], Timer],
        on_over: Callable[[], None],
    ) -> None:
        """Make it, with nothing to say.

        Args:
            parts: what a reply is made with.
            tell_self: sends the owner a message.
            after: sends it one later.
            on_over: called when a reply has been heard to its end, or cannot be.
        """
        self._context = parts.context
        self._memory = parts.memory
        self._speaker = parts.speaker
        self._voice = parts.voice
        self._turn = parts.turn
        self._entry = parts.entry
        self._tell_self = tell_self
        self._after = after
        self._on_over = on_over
        self._filler_after_s = parts.context.settings.filler_after_ms / 1000
        self._number = 0
        self._reply: brains.Reply | None = None

    @property
    def is_ending(self) -> bool:
        """Whether the call ends after what is being said."""
        return self._memory.ending is not None

    def answer(self, event: brains.CallerEvent, end_mark: str = "reply_end") -> int:
        """Let the brain answer an event; its outputs come back as messages.

        Returns:
            the number of the reply.
        """
        self._memory.unanswered = True
        self._voice.stop_waiting()
        reply = self._number = self._speaker.begin(end_mark)
        if self._filler_after_s and self._memory.brain.manners.filler:
            self._after(self._filler_after_s, FillerDue(reply))
        self._reply = self._memory.brain.respond(
            event, lambda output: self._tell_self(BrainSaid(reply, output))
        )
        return reply

    def _filler_due(self, due: FillerDue) -> None:
        """Pass the time, if there is still nothing to be said."""
        playback = self._speaker.playback
        if playback is not None and playback.reply == due.reply and not playback.has_texts:
            self._turn.filled(due.reply)
            self._speaker.fill(self._memory.brain.manners.filler)

    def take(self, message: OfReply) -> None:
        """Go on making or speaking the reply."""
        match message:
            case BrainSaid():
                self._brain_said(message)
            case FillerDue():
                self._filler_due(message)
            case Synthesized():
                self._synthesized(message)
            case ReplyDue():
                self._reply_due(message)
            case PlaybackOverdue():
                self._playback_overdue(message)
            case _:
                assert_never(message)

    def _brain_said(self, message: BrainSaid) -> None:
        """Take an output of the brain; that for an older reply goes nowhere."""
        if not self._speaker.is_at(message.reply):
            return
        match message.output:
            case brains.ReplyBegan():
                self._turn.thought(message.reply)
            case brains.CollectDigits():
                self._entry.collect(
                    message.output.max_digits, message.output.terminator, message.output.timeout_s
                )
            case brains.LeaveNote(text=text):
                keep_note(self._context, text)
            case brains.Say():
                self._turn.said(message.reply)
                self._say(message.output)
            case brains.TransferCall(to=to):
                self._end_with(Transfer(to))
            case brains.EndCall():
                self._end_with(Hangup("goodbye"))
            case brains.ReplyDone():
                self._finish()
            case brains.ReplyFailed(detail=detail):
                self._context.log.warning("⚠️ [AGENT] No answer: {}", detail)
                self._say(brains.Say(self._memory.brain.manners.apology))
                self._finish()
            case _:
                assert_never(message.output)

    def speak(self, says: Sequence[brains.Say], ending: Transfer | Hangup | None = None) -> None:
        """Say something of our own accord; then, perhaps, end the call."""
        self._voice.stop_waiting()
        self._memory.answered_else()
        self._number = self._speaker.begin("reply_end")
        self._memory.ending = ending
        for say in tuple(says):
            self._say(say)
        self._finish()

    def say_goodbye(self, reason: str) -> None:
        """Say goodbye and hang up, whatever was to be said; once."""
        if self._speaker.speaking and self._memory.goodbye_reason is not None:
            return
        self._memory.goodbye_reason = reason
        self._memory.ending = None
        self.interrupt()
        self.speak([brains.Say(self._memory.brain.manners.goodbye)], Hangup(reason))

    def apologise(self) -> bool:
        """Give up what is being said and ask to say it again; False if that cannot help.

        It cannot where the apology failed itself, or the call is to end. It is in the phrase
        cache, so that it can be spoken whatever has failed.
        """
        apology = brains.Say(self._memory.brain.manners.apology)
        if self.is_ending or self._memory.unheard == [apology]:
            return False
        self.interrupt()
        self.speak([apology])
        return True

    def interrupt(self) -> None:
        """Stop speaking, unless the call is to end: nothing interrupts that."""
        if not self.is_ending:
            self.drop()
            if self._speaker.speaking:
                self._memory.interrupted(self._number)
                heard = self._speaker.interrupt()
                self._context.events.note("interrupted", reply=self._number, text=heard)

    def drop(self) -> None:
        """Let the brain think no further."""
        if self._reply is not None:
            self._reply.cancel()
            self._reply = None

    def release(self) -> None:
        """Drop the reply and forget the owner: it has ended."""
        self.drop()
        self._tell_self = self._after = self._on_over = to_nobody

    # --- what was heard of it --------------------------------------------------------

    def playback_started(self, message: PlaybackStarted) -> None:
        """Note that a reply is on the wire."""
        reply = self._speaker.started(message)
        if reply is not None:
            self._memory.began_to_hear(reply)

    def mark_played(self, mark: MarkPlayed) -> None:
        """Note what was heard; at its end the reply is over."""
        if not self._speaker.mark_played(mark):
            return
        if mark.name.startswith("greeting_end"):
            self._context.log.info("🔊 GREETING: played ({})", mark.name)
        self.end()

    def mark_flushed(self, mark: MarkFlushed) -> None:
        """End a reply whose end was lost on the way; one that we cleared is over already."""
        if self._speaker.lost_its_end(mark):
            self.end()

    def end(self) -> None:
        """Forget the reply: it was heard to its end, or never will be."""
        self.drop()
        self._speaker.end()
        self._on_over()

    def _synthesized(self, message: Synthesized) -> None:
        """Take speech; a text that could not be spoken is not passed over in silence."""
        playback = self._speaker.playback
        if self._speaker.synthesized(message) or playback is None:
            return
        if not playback.is_made:
            self._speaker.push()
        elif playback.is_silent:
            self.apologise()
        elif self.is_ending or not self._say_sorry():
            self._speaker.push()

    def _say_sorry(self) -> bool:
        """Ask to say it again, behind half an answer; False if that is what broke off."""
        apology = brains.Say(self._memory.brain.manners.apology)
        if apology in self._memory.unheard:
            return False
        self._say(apology)
        return True

    def _reply_due(self, due: ReplyDue) -> None:
        """Apologise for a reply that hangs; if it was the last word or an apology, end it."""
        if not self._speaker.hangs(due):
            return
        self._context.log.warning("⚠️ [AGENT] Reply {} hangs in brain or synthesis", due.reply)
        if not self.apologise():
            self.end()

    def _playback_overdue(self, overdue: PlaybackOverdue) -> None:
        if self._speaker.is_in_play(overdue.epoch):
            self._context.log.warning("⚠️ [TX] The end mark of playback {} is lost", overdue.epoch)
            self.end()

    def _say(self, say: brains.Say) -> None:
        self._context.events.note("say", reply=self._number, text=say.text)
        self._speaker.say(say)
        if not say.interruptible:
            self._speaker.go_on()  # What must be heard is held by nobody.
        self._memory.unanswered = False
        self._memory.greeted = True

    def _end_with(self, ending: Transfer | Hangup) -> None:
        """Remember how the call ends; last words are held by nobody."""
        self._memory.ending = ending
        if not self._speaker.go_on():
            self.end()

    def _finish(self) -> None:
        """Let the reply end; one that was not spoken whole is apologised for."""
        self._reply = None
        playback = self._speaker.playback
        if playback is None or not playback.broken or self.is_ending:
            self._speaker.finish()
        elif playback.is_silent:
            self.apologise()
        else:
            self._say_sorry()
            self._speaker.finish()
