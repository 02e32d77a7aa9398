"""The talking side of a call: hears what the caller said, lets the brain answer, speaks it.

Owns the turn: when a reply begins, when the caller interrupts it, when silence has lasted
too long, when the call is to end. What to say is the brain's business, how it sounds the
synthesiser's, when it goes out TX's. Transcripts come from STT, the caller's voice and keys
from the border; speech goes to TX, the end of the call to CallActor.
"""

from dataclasses import dataclass
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
from actors.speaker import PlaybackOverdue, ReplyDue, Speaker, Synthesized
from actors.turn_clock import TurnClock
from dialogue import ports as brains
from speech.ports import Synthesizer
from telemetry import latency_line


@dataclass(frozen=True, slots=True)
class _BrainSaid(OutOfBand):
    """The brain's next output for a playback."""

    epoch: int
    output: brains.BrainOutput


_Private = _BrainSaid | Synthesized | LineSilent | ReplyDue | PlaybackOverdue


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
        self._reply: brains.Reply | None = None
        self._voice = CallerVoice(self.after, memory, memory.brain.silence_after_s)

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
                pass  # Cleared by us: the playback it belonged to is over already.
            case messages.SayGoodbye(reason=reason):
                self._say_goodbye(reason)
            case _BrainSaid():
                self._on_brain_said(agent_message)
            case Synthesized():
                self._speaker.synthesized(agent_message)
            case messages.SpeechConfirmed():
                self._interrupt()
            case LineSilent():
                self._on_line_silent()
            case ReplyDue():
                self._on_reply_due(agent_message)
            case PlaybackOverdue(epoch=epoch):
                self._on_playback_overdue(epoch)
            case _:
                assert_never(agent_message)

    def release(self) -> None:
        """Drop the reply under way; what was not heard of it is in the memory."""
        self._drop_reply()
        self._speaker.release()
        self._voice.release()

    # --- beginning, also after a crash -----------------------------------------------

    def _on_call_connected(self) -> None:
        memory = self._memory
        self._speaker.silence_predecessor()
        if self._speaker.speaking:
            return  # A final that had waited for us came first and is being answered.
        if memory.goodbye_reason is not None:
            self._say_goodbye(memory.goodbye_reason)
        elif not memory.greeted:
            self._greet()
        elif memory.unheard_texts or memory.ending is not None:
            self._speak(memory.unheard_texts, memory.ending)
        elif memory.unanswered:
            self._speak([memory.brain.apology], None)
        else:
            self._await_speech()

    def _greet(self) -> None:
        self._answer(brains.CallBegan(), end_mark="greeting_end")
        self._context.log.info("🔊 GREETING: queued")

    # --- the caller ------------------------------------------------------------------

    def _on_speech_started(self, started_at: float) -> None:
        self._turn.voice_started(started_at)
        self._voice.started()

    def _on_speech_stopped(self, ended_at: float) -> None:
        self._turn.voice_ended_at = ended_at
        self._voice.stopped()
        self._await_speech()

    def _on_partial(self, partial: messages.PartialTranscript) -> None:
        self._turn.partial(partial.heard_at)
        if partial.text:
            self._interrupt()
            self._await_speech()

    def _on_final(self, final: messages.FinalTranscript) -> None:
        """Answer. What nobody could make out is let pass while the agent speaks."""
        if self._is_ending or (not final.text and self._speaker.speaking):
            return
        self._memory.unanswered = True
        self._interrupt()
        if final.text:
            self._memory.note("caller", final.text, final.heard_at)
        epoch = self._answer(brains.CallerSaid(final.text))
        self._turn.answered_by(epoch, final.heard_at)

    def _on_digit(self, digit: str) -> None:
        if self._is_ending:
            return
        self._context.log.info("🔢 [DTMF] {}", "*" if self._masked else digit)
        self._interrupt()
        self._answer(brains.CallerPressed(digit))

    def _on_line_silent(self) -> None:
        if self._voice.waited_in_vain() and not self._speaker.speaking:
            self._answer(brains.CallerSilent())

    def _interrupt(self) -> None:
        """Stop speaking, unless the call is to end: nothing interrupts that."""
        if self._is_ending:
            return
        self._drop_reply()
        self._speaker.interrupt()

    def _await_speech(self) -> None:
        if not self._speaker.speaking:
            self._voice.await_speech()

    # --- the reply -------------------------------------------------------------------

    @property
    def _is_ending(self) -> bool:
        return self._memory.ending is not None

    def _answer(self, event: brains.CallerEvent, end_mark: str = "reply_end") -> int:
        """Let the brain answer an event; its outputs come back as messages."""
        self._memory.unanswered = True
        self._voice.stop_waiting()
        epoch = self._speaker.begin(end_mark)
        self._reply = self._memory.brain.respond(
            event, lambda output: self._tell_self(_BrainSaid(epoch, output))
        )
        return epoch

    def _on_brain_said(self, message: _BrainSaid) -> None:
        if not self._speaker.is_at(message.epoch):
            return
        match message.output:
            case brains.Say(text=text):
                self._say(text)
            case brains.TransferCall(to=to):
                self._memory.ending = messages.Transfer(to)
            case brains.EndCall():
                self._memory.ending = messages.Hangup("goodbye")
            case brains.ReplyDone():
                self._finish()
            case brains.ReplyFailed(detail=detail):
                self._context.log.warning("⚠️ [AGENT] No answer: {}", detail)
                self._say(self._memory.brain.apology)
                self._finish()
            case _:
                assert_never(message.output)

    def _speak(self, texts: list[str], ending: messages.Transfer | messages.Hangup | None) -> None:
        """Say something of our own accord."""
        self._voice.stop_waiting()
        self._speaker.begin("reply_end")
        self._memory.ending = ending
        for text in list(texts):
            self._say(text)
        self._finish()

    def _say_goodbye(self, reason: str) -> None:
        if self._speaker.speaking and self._memory.goodbye_reason is not None:
            return
        self._memory.goodbye_reason = reason
        self._memory.ending = None
        self._interrupt()
        self._speak([self._memory.brain.goodbye], messages.Hangup(reason))

    def _say(self, text: str) -> None:
        self._speaker.say(text)
        self._memory.unanswered = False
        self._memory.greeted = True

    def _finish(self) -> None:
        self._reply = None
        self._speaker.finish()

    def _drop_reply(self) -> None:
        if self._reply is not None:
            self._reply.cancel()
            self._reply = None

    # --- what was heard --------------------------------------------------------------

    def _on_playback_started(self, message: messages.PlaybackStarted) -> None:
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

    def _on_reply_due(self, due: ReplyDue) -> None:
        """Apologise for a reply that hangs; if it was the last word or an apology, end it."""
        if not self._speaker.hangs(due):
            return
        self._context.log.warning("⚠️ [AGENT] Reply {} hangs in brain or synthesis", due.epoch)
        apologised = self._memory.unheard_texts == [self._memory.brain.apology]
        if self._is_ending or apologised:
            self._end_playback()
            return
        self._interrupt()
        self._speak([self._memory.brain.apology], None)

    def _on_playback_overdue(self, epoch: int) -> None:
        if self._speaker.is_at(epoch):
            self._context.log.warning("⚠️ [TX] The end mark of playback {} is lost", epoch)
            self._end_playback()

    def _end_playback(self) -> None:
        self._drop_reply()
        self._speaker.end()
        if self._memory.ending is not None:
            self._call.post(self._memory.ending)
        else:
            self._await_speech()

    def _tell_self(self, message: OutOfBand) -> None:
        """Take a result of one's own helpers; those of a dead incarnation go nowhere."""
        if self.alive:
            self.mailbox.post(message)
