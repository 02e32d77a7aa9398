"""The replies of a call: the brain thinks them out, the speaker speaks them, one at a time.

A plain class inside AgentActor, which decides when a reply begins and when the caller
interrupts it. Passes what the brain says on to the speaker and remembers how the call is to
end after it. Knows nothing of transcripts; of keys only that the brain asks for them, of marks
only that one was the last.
"""

from collections.abc import Sequence
from typing import assert_never

from actors.agent_memory import GivenUp
from actors.agent_messages import (
    BrainSaid,
    FillerDue,
    OfReply,
    PlaybackOverdue,
    ReplyDue,
    Synthesized,
)
from actors.call_notes import keep_note
from actors.messages import Hangup, MarkFlushed, MarkPlayed, PlaybackStarted, Transfer
from actors.peer import to_nobody
from actors.playback import Playback
from actors.reply_parts import ReplyParts
from dialogue import ports as brains
from telemetry import GREETING_QUEUED


class Replies:
    """Lets the brain answer and has it spoken."""

    def __init__(self, parts: ReplyParts) -> None:
        """Make it, with nothing to say."""
        self._context = parts.context
        self._memory = parts.memory
        self._speaker = parts.speaker
        self._voice = parts.voice
        self._turn_log = parts.turn_log
        self._entry = parts.entry
        self._tell_self = parts.tell_self
        self._after = parts.after
        self._on_over = parts.on_over
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

    def greet(self) -> None:
        """Let the brain begin the conversation."""
        self.answer(brains.CallBegan(), end_mark="greeting_end")
        self._context.log.info(GREETING_QUEUED)

    def _filler_due(self, due: FillerDue) -> None:
        """Pass the time, if there is still nothing to be said."""
        playback = self._speaker.playback
        if playback is not None and playback.reply == due.reply and not playback.has_texts:
            self._turn_log.filled(due.reply)
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
                self._turn_log.thought(message.reply)
            case brains.CollectDigits():
                self._entry.collect(
                    message.output.max_digits, message.output.terminator, message.output.timeout_s
                )
            case brains.LeaveNote(text=text):
                keep_note(self._context, text)
            case brains.Say():
                self._turn_log.said(message.reply)
                self._say(message.output)
            case brains.TransferCall(to=to):
                self._end_with(Transfer(to))
            case brains.EndCall():
                self._end_with(Hangup("goodbye"))
            case brains.ReplyDone():
                self._finish()
            case brains.ReplyFailed(detail=detail):
                self._context.log.warning("⚠️ [AGENT] No answer: {}", detail)
                self._say(self._apology, ours=True)
                self._finish()
            case _:
                assert_never(message.output)

    def speak(self, says: Sequence[brains.Say], ending: Transfer | Hangup | None = None) -> None:
        """Say something of our own accord; then, perhaps, end the call."""
        self._memory.answered_else()
        self._memory.ending = ending
        self._speak(says)

    def say_rest(self, given_up: GivenUp) -> None:
        """Say what of a reply was not heard; it still answers what it answered."""
        if given_up.rest:
            self._speak(given_up.rest)
            self._memory.goes_on_as(self._number, given_up.reply)

    def _speak(self, says: Sequence[brains.Say]) -> None:
        texts = tuple(says)  # Perhaps what the memory has, which forgets it now.
        self._voice.stop_waiting()
        self._number = self._speaker.begin("reply_end")
        for say in texts:
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

    @property
    def _apology(self) -> brains.Say:
        """What asks to say it again. It is in the phrase cache, whatever has failed."""
        return brains.Say(self._memory.brain.manners.apology)

    def _apologise(self) -> bool:
        """Give up what is being said and apologise; False if that cannot help.

        It cannot where the apology failed itself, or the call is to end.
        """
        if self.is_ending or self._memory.unheard == [self._apology]:
            return False
        self.interrupt()
        self.speak([self._apology])
        return True

    def interrupt(self, *, near_end: bool = False) -> GivenUp | None:
        """Stop speaking, unless the call is to end: nothing interrupts that.

        Args:
            near_end: whether its last words were being heard.

        Returns:
            what was given up, if anything.
        """
        if self.is_ending:
            return None
        whole = self._reply is None
        self._drop()
        if not self._speaker.speaking:
            return None
        given_up = GivenUp(self._number, tuple(self._memory.unheard), whole, near_end)
        self._memory.interrupted(self._number)
        heard = self._speaker.interrupt()
        self._context.events.note("interrupted", reply=self._number, text=heard)
        return given_up

    def _drop(self) -> None:
        """Let the brain think no further."""
        if self._reply is not None:
            self._reply.cancel()
            self._reply = None

    def release(self) -> None:
        """Drop the reply and forget the owner: it has ended."""
        self._drop()
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
        self._drop()
        self._speaker.end()
        self._on_over()

    def _synthesized(self, message: Synthesized) -> None:
        """Take speech; a text that could not be spoken is not passed over in silence."""
        playback = self._speaker.playback
        if self._speaker.synthesized(message) or playback is None:
            return
        if playback.is_made:
            self._regret(playback)
        else:
            self._speaker.push()

    def _regret(self, playback: Playback) -> None:
        """Apologise for a reply that was not spoken whole, behind what can be heard of it.

        One that is held is silent for the caller's sake: its apology waits with it.
        """
        if playback.is_silent and not playback.held and self._apologise():
            return
        if not self.is_ending and self._apology not in self._memory.unheard:
            self._say(self._apology, ours=True)
        self._speaker.finish()

    def _reply_due(self, due: ReplyDue) -> None:
        """Apologise for a reply that hangs; if it was the last word or an apology, end it."""
        if not self._speaker.hangs(due):
            return
        self._context.log.warning("⚠️ [AGENT] Reply {} hangs in brain or synthesis", due.reply)
        if not self._apologise():
            self.end()

    def _playback_overdue(self, overdue: PlaybackOverdue) -> None:
        if self._speaker.is_in_play(overdue.epoch):
            self._context.log.warning("⚠️ [TX] The end mark of playback {} is lost", overdue.epoch)
            self.end()

    def _say(self, say: brains.Say, *, ours: bool = False) -> None:
        self._context.events.note("say", reply=self._number, text=say.text)
        self._speaker.say(say, ours=ours)
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
        if playback is not None and playback.broken and not self.is_ending:
            self._regret(playback)
        else:
            self._speaker.finish()
