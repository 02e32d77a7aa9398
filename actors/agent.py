"""The talking side of a call: hears what the caller said, lets the brain answer, speaks it.

Owns the turn: when a reply begins, when the caller interrupts it, when silence has lasted
too long, when the call is to end. What to say is the brain's business, how it sounds the
synthesiser's, when it goes out TX's. Transcripts come from STT, the caller's voice and keys
from the border; speech goes to TX, the end of the call to CallActor.
"""

from typing import Any, assert_never

from actors import messages
from actors.agent_memory import AgentMemory
from actors.caller_voice import CallerVoice, LineSilent
from actors.context import CallContext
from actors.family import OutOfBand
from actors.loop_actor import LoopActor
from actors.mailbox import Mailbox
from actors.messages import AgentMessage, CallMessage, ChildFailed, TxMessage
from actors.peer import MediaPeer, Peer
from actors.replies import BrainSaid, Replies
from actors.speaker import PlaybackOverdue, ReplyDue, Speaker, Synthesized
from actors.trouble import Trouble, TroubleDue
from actors.turn_clock import TurnClock
from dialogue import ports as brains
from speech.ports import Synthesizer
from telemetry import latency_line

_OfHearing = messages.HearingLost | messages.HearingRestored | messages.HearingGaveOut | TroubleDue
_Private = BrainSaid | Synthesized | LineSilent | ReplyDue | PlaybackOverdue | TroubleDue


class AgentActor(LoopActor):
    """Holds the conversation."""

    def __init__(
        self,
        context: CallContext,
        mailbox: Mailbox[AgentMessage],
        supervisor: Peer[ChildFailed],
        memory: AgentMemory,
        synthesizer: Synthesizer,
        tx: MediaPeer[TxMessage],
        call: Peer[CallMessage],
    ) -> None:
        super().__init__(context.runtime, mailbox, supervisor, context.label("agent"))
        self._context = context
        self._memory = memory
        self._masked = not context.settings.log_transcripts
        self._call = call
        self._speaker = Speaker(context, memory, synthesizer, tx, self._tell_self, self.after)
        self._turn = TurnClock()
        self._voice = CallerVoice(self.after, memory, memory.brain.manners.silence_after_s)
        self._replies = Replies(context, memory, self._speaker, self._voice, self._tell_self)
        said_after_s = context.settings.trouble_said_after_ms / 1000
        self._trouble = Trouble(self.after, memory, context.runtime.clock, said_after_s)

    def on_receive(self, message: Any) -> None:  # noqa: C901, PLR0912  # one case a message
        """Deal with one message of the protocol, or of our own helpers."""
        agent_message: AgentMessage | _Private = message
        match agent_message:
            case messages.CallConnected():
                self._on_call_connected()
            case messages.SpeechStarted(started_at=at):
                self._on_speech_started(at)
            case messages.SpeechStopped(ended_at=at):
                self._on_speech_stopped(at)
            case messages.PartialTranscript():
                self._on_partial(agent_message)
            case messages.FinalTranscript():
                self._on_final(agent_message)
            case messages.DigitPressed(digit=digit):
                self._on_digit(digit)
            case messages.FramesWanted():
                self._speaker.push()
            case messages.PlaybackStarted():
                self._on_playback_started(agent_message)
            case messages.MarkPlayed():
                self._on_mark_played(agent_message)
            case messages.MarkFlushed():
                self._on_mark_flushed(agent_message)
            case messages.SayGoodbye(reason=reason):
                self._replies.say_goodbye(reason)
            case BrainSaid():
                self._replies.brain_said(agent_message)
            case Synthesized():
                self._on_synthesized(agent_message)
            case messages.SpeechConfirmed():
                self._on_speech_confirmed()
            case LineSilent():
                self._on_line_silent()
            case ReplyDue():
                self._on_reply_due(agent_message)
            case PlaybackOverdue(epoch=epoch):
                self._on_playback_overdue(epoch)
            case _:
                self._on_hearing(agent_message)

    def _on_hearing(self, message: _OfHearing) -> None:
        match message:
            case messages.HearingLost():
                self._trouble.lost()
            case messages.HearingRestored():
                self._trouble.restored()
            case messages.HearingGaveOut():
                self._on_hearing_gave_out()
            case TroubleDue():
                self._on_trouble_due()
            case _:
                assert_never(message)

    def release(self) -> None:
        """Drop the reply under way; what was not heard of it is in the memory."""
        self._replies.release()
        self._speaker.release()
        self._voice.release()
        self._trouble.release()

    # --- beginning, also after a crash -----------------------------------------------

    def _on_call_connected(self) -> None:
        memory = self._memory
        self._speaker.silence_predecessor()
        if self._speaker.speaking:
            return  # A final that had waited for us came first and is being answered.
        if memory.goodbye_reason is not None:
            self._replies.say_goodbye(memory.goodbye_reason)
        elif not memory.greeted:
            self._greet()
        elif memory.unheard_texts or memory.ending is not None:
            self._replies.speak(memory.unheard_texts, memory.ending)
        elif memory.unanswered:
            self._replies.speak([memory.brain.manners.apology])
        else:
            self._await_speech()

    def _greet(self) -> None:
        self._replies.answer(brains.CallBegan(), end_mark="greeting_end")
        self._context.log.info("🔊 GREETING: queued")

    # --- the caller ------------------------------------------------------------------

    def _on_speech_started(self, started_at: float) -> None:
        self._turn.voice_started(started_at)
        self._voice.started()

    def _on_speech_confirmed(self) -> None:
        self._trouble.caller_spoke()
        self._replies.interrupt()

    def _on_speech_stopped(self, ended_at: float) -> None:
        self._turn.voice_ended_at = ended_at
        self._voice.stopped()
        self._trouble.caller_stopped(ended_at)
        self._await_speech()

    def _on_partial(self, partial: messages.PartialTranscript) -> None:
        self._turn.partial(partial.heard_at)
        if partial.text:
            self._replies.interrupt()
            self._await_speech()

    def _on_final(self, final: messages.FinalTranscript) -> None:
        """Answer. What nobody could make out is let pass while the agent speaks."""
        self._trouble.answered()
        if self._replies.is_ending or (not final.text and self._speaker.speaking):
            return
        text, replaces = final.text, False
        if final.revises:
            text, replaces = self._memory.revision(final.utterance, final.text)
            if not text:
                return  # The same words again: they are being answered.
        self._replies.interrupt()
        self._answer_caller(final, text, replaces=replaces)

    def _answer_caller(self, final: messages.FinalTranscript, text: str, *, replaces: bool) -> None:
        self._memory.unanswered = True
        turn = self._memory.heard(final.utterance, final.text, text, final.heard_at, replaces)
        epoch = turn.epoch = self._replies.answer(brains.CallerSaid(text, replaces))
        self._turn.answered_by(epoch, final.heard_at)

    def _on_digit(self, digit: str) -> None:
        if self._replies.is_ending:
            return
        self._trouble.answered()
        self._context.log.info("🔢 [DTMF] {}", "*" if self._masked else digit)
        self._replies.interrupt()
        self._replies.answer(brains.CallerPressed(digit))

    def _on_trouble_due(self) -> None:
        """Tell a caller who waits that the recogniser has trouble."""
        idle = not (self._replies.is_ending or self._speaker.speaking or self._voice.speaking)
        if self._trouble.is_due(idle=idle):
            self._replies.speak([self._memory.brain.manners.one_moment])

    def _on_hearing_gave_out(self) -> None:
        if not self._replies.is_ending:
            self._replies.interrupt()
            self._replies.answer(brains.RecognitionLost())

    def _on_line_silent(self) -> None:
        if self._voice.waited_in_vain() and not self._speaker.speaking:
            self._trouble.answered()
            self._replies.answer(brains.CallerSilent())

    def _await_speech(self) -> None:
        if not self._speaker.speaking:
            self._voice.await_speech()

    def _on_synthesized(self, message: Synthesized) -> None:
        """Take speech; a text that could not be spoken is not passed over in silence."""
        if not self._speaker.synthesized(message):
            self._replies.apologise()

    # --- what was heard --------------------------------------------------------------

    def _on_playback_started(self, message: messages.PlaybackStarted) -> None:
        self._memory.playback_began(message.epoch)
        latency = self._turn.started(message.epoch, message.started_at)
        if latency is None:
            return
        self._context.stats.latencies.append(latency)
        parts = (latency.partial_s, latency.final_s, latency.total_s)
        self._context.metrics.observe_turn(*parts)
        self._context.log.info(latency_line(*parts))

    def _on_mark_played(self, mark: messages.MarkPlayed) -> None:
        if not self._speaker.mark_played(mark):
            return
        if mark.name.startswith("greeting_end"):
            self._context.log.info("🔊 GREETING: played ({})", mark.name)
        self._end_playback()

    def _on_mark_flushed(self, mark: messages.MarkFlushed) -> None:
        """End a playback whose end was lost on the way; one that we cleared is over already."""
        if self._speaker.lost_its_end(mark):
            self._end_playback()

    def _on_reply_due(self, due: ReplyDue) -> None:
        """Apologise for a reply that hangs; if it was the last word or an apology, end it."""
        if not self._speaker.hangs(due):
            return
        self._context.log.warning("⚠️ [AGENT] Reply {} hangs in brain or synthesis", due.epoch)
        if not self._replies.apologise():
            self._end_playback()

    def _on_playback_overdue(self, epoch: int) -> None:
        if self._speaker.is_at(epoch):
            self._context.log.warning("⚠️ [TX] The end mark of playback {} is lost", epoch)
            self._end_playback()

    def _end_playback(self) -> None:
        self._replies.drop()
        self._speaker.end()
        if self._memory.ending is not None:
            self._call.post(self._memory.ending)
        else:
            self._await_speech()
            self._trouble.look_again()

    def _tell_self(self, message: OutOfBand) -> None:
        """Take a result of one's own helpers; those of a dead incarnation go nowhere."""
        if self.alive:
            self.mailbox.post(message)
