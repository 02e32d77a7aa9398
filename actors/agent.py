"""The talking side of a call: hears what the caller said, lets the brain answer, speaks it.

Owns the turn: when a reply begins, when the caller interrupts it, when silence has lasted
too long, when the call is to end. What to say is the brain's business, how it sounds the
synthesiser's, when it goes out TX's. Transcripts come from STT, the caller's voice and keys
from the border; speech goes to TX, the end of the call to CallActor.
"""

from typing import Any, assert_never

from actors import messages
from actors.agent_memory import AgentMemory
from actors.agent_messages import (
    BrainSaid,
    EntryOverdue,
    FillerDue,
    KeptDue,
    LineSilent,
    PlaybackOverdue,
    Private,
    QuietDue,
    ReplyDue,
    Synthesized,
    TroubleDue,
)
from actors.agent_turns import CallerTurns, TurnParts
from actors.caller_voice import CallerVoice
from actors.context import CallContext
from actors.digit_entry import DigitEntry
from actors.family import OutOfBand
from actors.floor import FloorKeeper
from actors.loop_actor import LoopActor
from actors.mailbox import Mailbox
from actors.messages import AgentMessage, CallMessage, ChildFailed, TxMessage
from actors.peer import MediaPeer, Peer
from actors.replies import Replies
from actors.reply_parts import ReplyParts
from actors.speaker import Speaker
from actors.trouble import Trouble
from actors.turn_log import TurnLog
from dialogue import ports as brains
from media.turns import Heard, Move
from speech.ports import Synthesizer

_OfHearing = messages.HearingLost | messages.HearingRestored | messages.HearingGaveOut | TroubleDue


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
        self._turn_log = TurnLog(context)
        self._speaker = Speaker(
            context, memory, synthesizer, tx, self._turn_log, self._tell_self, self.after
        )
        self._voice = CallerVoice(self.after, memory, memory.brain.manners.silence_after_s)
        self._entry = DigitEntry(self.after, memory.entry, context.runtime.clock)
        self._replies = Replies(
            ReplyParts(
                context,
                memory,
                self._speaker,
                self._voice,
                self._turn_log,
                self._entry,
                tell_self=self._tell_self,
                after=self.after,
                on_over=self._on_reply_over,
            )
        )
        self._floor = FloorKeeper(context, memory, self._speaker, self._replies, self.after)
        said_after_s = context.settings.trouble_said_after_ms / 1000
        self._trouble = Trouble(self.after, memory, context.runtime.clock, said_after_s)
        self._turns = CallerTurns(
            TurnParts(
                context,
                memory,
                self._floor,
                self._replies,
                self._entry,
                self._trouble,
                self._turn_log,
            ),
            self.after,
        )

    def on_receive(self, message: Any) -> None:  # noqa: C901, PLR0912  # one case a message
        """Deal with one message of the protocol, or of our own helpers."""
        agent_message: AgentMessage | Private = message
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
                self._turns.final(agent_message)
            case messages.DigitPressed(digit=digit):
                self._on_digit(digit)
            case messages.FramesWanted():
                self._speaker.push()
            case messages.PlaybackStarted():
                self._replies.playback_started(agent_message)
            case messages.MarkPlayed():
                self._on_mark_played(agent_message)
            case messages.MarkFlushed():
                self._replies.mark_flushed(agent_message)
            case messages.SayGoodbye(reason=reason):
                self._replies.say_goodbye(reason)
            case messages.SpeechConfirmed():
                self._on_speech_confirmed()
            case LineSilent():
                self._on_line_silent()
            case EntryOverdue():
                self._on_entry_overdue(agent_message)
            case KeptDue():
                self._turns.answer_kept()
            case QuietDue():
                self._floor.quiet_due(agent_message)
            case BrainSaid() | FillerDue() | Synthesized() | ReplyDue() | PlaybackOverdue():
                self._replies.take(agent_message)
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
        self._entry.release()
        self._floor.release()
        self._replies.release()
        self._speaker.release()
        self._voice.release()
        self._trouble.release()
        self._turns.release()

    # --- beginning, also after a crash -----------------------------------------------

    def _on_call_connected(self) -> None:
        memory = self._memory
        self._speaker.silence_predecessor()
        self._entry.resume()
        if self._speaker.speaking:
            return  # A final that had waited for us came first and is being answered.
        if memory.goodbye_reason is not None:
            self._replies.say_goodbye(memory.goodbye_reason)
        elif not memory.greeted:
            self._replies.greet()
        elif memory.must_be_heard or memory.ending is not None:
            self._replies.speak(memory.unheard, memory.ending)
        elif memory.kept:
            self._turns.answer_kept()
        elif memory.unheard:
            self._replies.speak(memory.unheard)
        elif memory.unanswered and not memory.given_up:
            self._replies.speak([brains.Say(memory.brain.manners.apology)])
        self._await_speech()

    # --- the caller ------------------------------------------------------------------

    def _on_speech_started(self, started_at: float) -> None:
        self._turn_log.voice_started(started_at)
        self._voice.started()
        self._floor.voice_started()

    def _on_speech_confirmed(self) -> None:
        self._context.events.note("voice_confirmed")
        self._trouble.caller_spoke()
        self._floor.take(Heard.VOICE)

    def _on_speech_stopped(self, ended_at: float) -> None:
        self._turn_log.voice_ended(ended_at)
        self._voice.stopped(ended_at)
        self._floor.voice_stopped()
        self._trouble.caller_stopped(ended_at)
        self._await_speech()

    def _on_partial(self, partial: messages.PartialTranscript) -> None:
        self._turn_log.partial(partial.heard_at)
        if partial.text:
            self._floor.take(self._floor.partial(partial.text))
            self._await_speech()

    def _on_digit(self, digit: str) -> None:
        self._context.log.info("🔢 [DTMF] {}", "*" if self._masked else digit)
        self._context.events.note("digit", digit="*")
        key = self._entry.pressed(digit)
        if key is not None:
            self._turns.key(key)
        else:
            self._trouble.answered()
            self._voice.stop_waiting()
            self._floor.take(Heard.KEY_OF_ENTRY)

    def _on_entry_overdue(self, overdue: EntryOverdue) -> None:
        entered = self._entry.timed_out(overdue)
        if entered is not None:
            self._turns.key(entered)

    def _on_trouble_due(self) -> None:
        """Tell a caller who waits that the recogniser has trouble."""
        idle = not (self._replies.is_ending or self._speaker.speaking or self._voice.speaking)
        if self._trouble.is_due(idle=idle):
            self._replies.speak([brains.Say(self._memory.brain.manners.one_moment)])

    def _on_hearing_gave_out(self) -> None:
        if not self._replies.is_ending:
            self._replies.interrupt()
            self._turns.answer(brains.RecognitionLost())

    def _on_line_silent(self) -> None:
        in_vain = self._voice.waited_in_vain() and not self._entry.under_way
        if in_vain and self._floor.take(Heard.SILENCE) is Move.PROMPT:
            self._turns.answer(brains.CallerSilent())

    def _await_speech(self) -> None:
        if not self._speaker.speaking:
            self._voice.await_speech()

    # --- what is said ----------------------------------------------------------------

    def _on_mark_played(self, mark: messages.MarkPlayed) -> None:
        self._replies.mark_played(mark)
        self._turns.answer_kept()

    def _on_reply_over(self) -> None:
        if self._memory.ending is not None:
            self._call.post(self._memory.ending)
        else:
            self._await_speech()
            self._trouble.look_again()
            self._turns.answer_kept()

    def _tell_self(self, message: OutOfBand) -> None:
        """Take a result of one's own helpers; those of a dead incarnation go nowhere."""
        if self.alive:
            self.mailbox.post(message)
