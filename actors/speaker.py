"""The agent's mouth: begins, feeds, interrupts and ends playbacks, one at a time.

A plain class inside AgentActor. Keeps the agent's memory true: what was said is cut down
to what was heard when a playback is interrupted, and what was not heard is kept for a
successor. Knows nothing of brains and of why something is said.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from actors.agent_memory import AgentMemory, Entry
from actors.clock import Timer
from actors.context import CallContext
from actors.family import OutOfBand
from actors.messages import Clear, MarkFlushed, MarkPlayed, TxMessage
from actors.peer import MediaPeer, to_nobody
from actors.playback import Playback
from media.frame import FRAME_MS
from speech import ports

REPLY_TIMEOUT_S: Final = 8.0
"""Without a single new frame of a reply that is not at its end: brain or synthesis hangs."""

PLAYBACK_GRACE_S: Final = 5.0
"""After the time a playback takes: then its end mark is taken as lost."""


@dataclass(frozen=True, slots=True)
class Synthesized(OutOfBand):
    """The synthesiser's next event for a playback."""

    epoch: int
    event: ports.SynthesisEvent


@dataclass(frozen=True, slots=True)
class ReplyDue(OutOfBand):
    """A reply should have more frames by now than it had."""

    epoch: int
    pushed_frames: int


@dataclass(frozen=True, slots=True)
class PlaybackOverdue(OutOfBand):
    """The end mark of a playback should long have come back."""

    epoch: int


class Speaker:
    """Speaks what the agent says."""

    def __init__(
        self,
        context: CallContext,
        memory: AgentMemory,
        synthesizer: ports.Synthesizer,
        tx: MediaPeer[TxMessage],
        tell_self: Callable[[OutOfBand], None],
        after: Callable[[float, OutOfBand], Timer],
    ) -> None:
        self._context = context
        self._settings = context.settings
        self._memory = memory
        self._synthesizer = synthesizer
        self._tx = tx
        self._tell_self = tell_self
        self._after = after
        self._playback: Playback | None = None
        self._entry: Entry | None = None
        self._predecessor_epoch = memory.epoch

    @property
    def speaking(self) -> bool:
        """Whether a playback is under way, thought about or audible."""
        return self._playback is not None

    def begin(self, end_mark: str) -> int:
        """Begin a playback with nothing to say yet; returns its epoch."""
        epoch = self._memory.next_epoch()
        self._entry = None
        self._playback = Playback(
            epoch,
            end_mark,
            synthesizer=self._synthesizer,
            on_speech=lambda event: self._tell_self(Synthesized(epoch, event)),
            max_frames=self._settings.reply_max_audio_s * 1000 // FRAME_MS,
            mark_every_frames=self._settings.tx_mark_every_ms // FRAME_MS,
        )
        self._after(REPLY_TIMEOUT_S, ReplyDue(epoch, 0))
        return epoch

    def hangs(self, due: ReplyDue) -> bool:
        """Say whether the reply has not grown since; if it has, look again later."""
        if self._playback is None or not self.is_at(due.epoch) or self._playback.all_pushed:
            return False
        pushed_frames = self._playback.pushed_frames
        if pushed_frames == due.pushed_frames:
            return True
        self._after(REPLY_TIMEOUT_S, ReplyDue(due.epoch, pushed_frames))
        return False

    def is_at(self, epoch: int) -> bool:
        """Whether this is the playback under way."""
        return self._playback is not None and self._playback.epoch == epoch

    def say(self, text: str) -> None:
        """Add a text to the playback."""
        if self._playback is None:
            return
        if self._entry is None:
            self._entry = self._memory.note("agent", "", self._context.runtime.clock.now())
        self._entry.add(text)
        # Before the synthesiser is called: should that crash us, the successor says it.
        self._memory.unheard_texts = [*self._memory.unheard_texts, text]
        self._playback.say(text)
        self._memory.unheard_texts = self._playback.unheard_texts
        self.push()

    def finish(self) -> None:
        """Say that nothing more belongs to the playback; its end mark follows the speech."""
        if self._playback is not None:
            self._playback.finish()
            self.push()

    def push(self) -> None:
        """Give TX what it has use for."""
        playback = self._playback
        if playback is None:
            return
        pushed_before = playback.all_pushed
        playback.push(self._tx, self._settings.tx_credit_target_frames)
        if playback.all_pushed and not pushed_before:
            grace_s = playback.remaining_s + PLAYBACK_GRACE_S
            self._after(grace_s, PlaybackOverdue(playback.epoch))

    def synthesized(self, message: Synthesized) -> bool:
        """Take an event of the synthesiser; that of an older playback goes nowhere.

        Returns:
            False if a text could not be spoken and the playback has nothing else to say.
        """
        if self._playback is None or not self.is_at(message.epoch):
            return True
        if isinstance(message.event, ports.SynthesisFailed):
            self._context.log.warning("⚠️ [TTS] {}", message.event.detail)
        truncated = self._playback.truncated
        spoken = self._playback.heard_from_engine(message.event)
        if self._playback.truncated and not truncated:
            self._context.log.warning("⚠️ [TTS] Reply {} is too long and was cut", message.epoch)
        self.push()
        return spoken or not self._playback.is_silent

    def mark_played(self, mark: MarkPlayed) -> bool:
        """Note what was heard.

        Returns:
            whether that was the end of the playback under way.
        """
        if self._playback is None or not self.is_at(mark.epoch):
            return False
        over = self._playback.mark_played(mark.name)
        self._memory.unheard_texts = self._playback.unheard_texts
        return over

    def lost_its_end(self, mark: MarkFlushed) -> bool:
        """Whether a flushed mark was the end of the playback under way; cut it to what was heard.

        Frames in front of it were dropped: the caller's side takes them too slowly.
        """
        playback = self._playback
        if playback is None or not self.is_at(mark.epoch) or mark.name != playback.end_mark:
            return False
        if self._entry is not None:
            self._entry.text = f"{playback.heard_text} …".strip()
        return True

    def interrupt(self) -> None:
        """Stop at once: here, in TX and at the far side. Remember only what was heard."""
        playback = self._playback
        if playback is None:
            return
        self._tx.post(Clear(playback.epoch))
        playback.cancel()
        if self._entry is not None:
            self._entry.text = f"{playback.heard_text} …".strip()
        self.end()

    def end(self) -> None:
        """Forget the playback: it is over, or given up."""
        if self._playback is not None:
            self._playback.cancel()
        self._playback = None
        self._entry = None
        self._memory.unheard_texts = []

    def silence_predecessor(self) -> None:
        """Clear what an incarnation that crashed had handed over already."""
        if self._predecessor_epoch:
            self._tx.post(Clear(self._predecessor_epoch))

    def release(self) -> None:
        """Stop synthesising; the memory is left as it is, for a successor."""
        if self._playback is not None:
            self._playback.cancel()
            self._playback = None
        self._tell_self = self._after = to_nobody
