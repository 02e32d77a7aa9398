"""The agent's mouth: begins, feeds, holds, interrupts and ends playbacks, one at a time.

A plain class inside AgentActor. Keeps the agent's memory true: what was said is cut down
to what was heard when a playback is interrupted, and what was not heard is kept for a
successor. Knows nothing of brains and of why something is said.
"""

from collections.abc import Callable
from typing import Final

from actors.agent_history import HistoryLine
from actors.agent_memory import AgentMemory
from actors.agent_messages import PlaybackOverdue, ReplyDue, Synthesized
from actors.clock import Timer
from actors.context import CallContext
from actors.family import OutOfBand
from actors.hang_watch import HangWatch
from actors.messages import Clear, MarkFlushed, MarkPlayed, PlaybackStarted, TxMessage
from actors.peer import MediaPeer, to_nobody
from actors.playback import Playback
from actors.turn_log import TurnLog
from dialogue.ports import Say
from media.frame import FRAME_MS
from speech import ports

PLAYBACK_GRACE_S: Final = 5.0
"""After the time a playback takes: then its end mark is taken as lost."""


class Speaker:
    """Speaks what the agent says."""

    def __init__(
        self,
        context: CallContext,
        memory: AgentMemory,
        synthesizer: ports.Synthesizer,
        tx: MediaPeer[TxMessage],
        turn_log: TurnLog,
        tell_self: Callable[[OutOfBand], None],
        after: Callable[[float, OutOfBand], Timer],
    ) -> None:
        self._context = context
        self._clock = context.runtime.clock
        self._settings = context.settings
        self._memory = memory
        self._synthesizer = synthesizer
        self._tx = tx
        self._turn_log = turn_log
        self._tell_self = tell_self
        self._after = after
        self.playback: Playback | None = None
        """The playback under way, for others to look at."""
        self._line: HistoryLine | None = None
        self._held_frame = 0
        self._watch = HangWatch(context, after)
        self._predecessor_epoch = memory.epoch

    # --- how it stands ---------------------------------------------------------------

    @property
    def speaking(self) -> bool:
        """Whether a playback is under way, thought about, audible or held."""
        return self.playback is not None

    @property
    def held(self) -> bool:
        """Whether the playback under way is silent until it goes on."""
        return self.playback is not None and self.playback.held

    @property
    def is_notice(self) -> bool:
        """Whether something is to be heard that nobody may interrupt."""
        return self.playback is not None and self.playback.is_notice(self._heard_frames)

    def ends_within(self, seconds: float) -> bool:
        """Whether the caller hears the last words of the playback, which is made whole."""
        playback = self.playback
        if playback is None or not playback.is_made:
            return False
        return playback.remaining_s(self._heard_frames) < seconds

    def is_at(self, reply: int) -> bool:
        """Whether this is the reply under way."""
        return self.playback is not None and self.playback.reply == reply

    def is_in_play(self, epoch: int) -> bool:
        """Whether this is the epoch of the playback under way, and not held."""
        playback = self.playback
        return playback is not None and playback.epoch == epoch and not playback.held

    @property
    def _heard_frames(self) -> int:
        if self.playback is None or self.playback.held:
            return self._held_frame
        return self.playback.heard_frames(self._clock.now(), self._tx.held_frames)

    # --- a reply ---------------------------------------------------------------------

    def begin(self, end_mark: str) -> int:
        """Begin a playback with nothing to say yet; returns the number of the reply."""
        reply = self._memory.next_epoch()
        self._line = None
        self._memory.unheard = []
        self._memory.given_up = None
        self._memory.own_words.begin(self._clock.now())
        self.playback = Playback(
            reply,
            end_mark,
            synthesizer=self._synthesizer,
            on_speech=lambda event: self._tell_self(Synthesized(reply, event)),
            max_frames=self._settings.reply_max_audio_s * 1000 // FRAME_MS,
            mark_every_frames=self._settings.tx_mark_every_ms // FRAME_MS,
        )
        self._watch.begin(reply)
        return reply

    def hangs(self, due: ReplyDue) -> bool:
        """Say whether the reply has not grown since; if it has, look again later."""
        playback = self.playback
        if playback is None or playback.reply != due.reply or playback.all_pushed:
            return False
        return self._watch.hangs(due, held=playback.held)

    def say(self, say: Say, *, ours: bool = False) -> None:
        """Add a text to the playback, of the brain's or of ours."""
        if self.playback is None:
            return
        if self._line is None:
            self._line = self._memory.note("agent", "", self._clock.now())
        self._line.add(say.text)
        # Before the synthesiser is called: should that crash us, the successor says it.
        self._memory.unheard = [*self._memory.unheard, say]
        self._memory.own_words.say(say.text)
        self.playback.say(say, ours=ours)
        self._memory.unheard = self.playback.unheard
        self.push()

    def fill(self, text: str) -> None:
        """Say something that passes the time; it is no part of the answer."""
        if self.playback is not None:
            self._memory.own_words.say(text)
            self.playback.say(Say(text), filler=True)
            self.push()

    def finish(self) -> None:
        """Say that nothing more belongs to the playback; its end mark follows the speech."""
        if self.playback is not None:
            self.playback.finish()
            self.push()

    def push(self) -> None:
        """Give TX what it has use for."""
        playback = self.playback
        if playback is None:
            return
        pushed_before, filling, pushes = playback.all_pushed, playback.is_filler, playback.pushes
        playback.push(self._tx, self._settings.tx_credit_target_frames)
        if playback.pushes != pushes:
            self._watch.grew()
        if filling and not playback.is_filler:
            self._memory.began_to_hear(playback.reply)
            self._turn_log.answer_starts(playback.reply, self._tx.held_frames)
        if playback.all_pushed and not pushed_before:
            rest_s = playback.remaining_s(playback.position.proved)
            self._after(rest_s + PLAYBACK_GRACE_S, PlaybackOverdue(playback.epoch))

    def synthesized(self, message: Synthesized) -> bool:
        """Take an event of the synthesiser; False if a text was not spoken to its end."""
        if self.playback is None or not self.is_at(message.reply):
            return True
        if isinstance(message.event, ports.SynthesisFailed):
            self._context.log.warning("⚠️ [TTS] {}", message.event.detail)
        if isinstance(message.event, ports.AudioChunk):
            self._turn_log.synthesized(message.reply)
        spoken = self.playback.heard_from_engine(message.event)
        if spoken:  # Else the owner may have something to add before the end mark.
            self.push()
        return spoken

    # --- what was heard --------------------------------------------------------------

    def started(self, message: PlaybackStarted) -> int | None:
        """Note that the playback is on the wire.

        Returns:
            the reply that the caller begins to hear; None for one that goes on, or is over.
        """
        playback = self.playback
        if playback is None or playback.epoch != message.epoch:
            return None
        playback.position.started(message.started_at)
        self._turn_log.started(playback.reply, message.started_at)
        first, playback.was_heard = not playback.was_heard, True
        return playback.reply if first and not playback.is_filler else None

    def mark_played(self, mark: MarkPlayed) -> bool:
        """Note what was heard.

        Returns:
            whether that was the end of the playback under way.
        """
        playback = self.playback
        if playback is None or not self.is_in_play(mark.epoch):
            return False
        playback.position.mark_played(mark.name, self._clock.now())
        self._memory.unheard = playback.unheard
        self._turn_log.heard(playback.reply)
        return mark.name == playback.end_mark

    def lost_its_end(self, mark: MarkFlushed) -> bool:
        """Whether a flushed mark was the end of the playback under way; cut it to what was heard.

        Frames in front of it were dropped: the caller's side takes them too slowly.
        """
        playback = self.playback
        if playback is None or not self.is_in_play(mark.epoch) or mark.name != playback.end_mark:
            return False
        self._cut_line(playback, playback.position.proved)
        return True

    # --- interruptions ---------------------------------------------------------------

    def hold(self) -> None:
        """Fall silent at once, here, in TX and at the far side; the reply goes on being made."""
        playback = self.playback
        if playback is None or playback.held:
            return
        self._held_frame = self._heard_frames
        if playback.pushes:
            self._tx.post(Clear(playback.epoch))
        playback.hold(self._held_frame)

    def go_on(self) -> bool:
        """Go on from just before where the caller stopped hearing.

        Returns:
            False if nothing was left to be heard: the playback is over.
        """
        playback = self.playback
        if playback is None or not playback.held:
            return True
        if playback.is_spoken_out(self._held_frame):
            return False
        self._watch.grew()
        playback.go_on(self._memory.next_epoch())
        self.push()
        return True

    def interrupt(self) -> str:
        """Stop for good, here, in TX and at the far side. Remember only what was heard.

        Returns:
            the words of it that were heard.
        """
        playback = self.playback
        if playback is None:
            return ""
        heard_frames = self._heard_frames
        if not playback.held:
            self._tx.post(Clear(playback.epoch))
        playback.cancel()
        self._cut_line(playback, heard_frames)
        self.end()
        return playback.heard_text(heard_frames)

    def _cut_line(self, playback: Playback, heard_frames: int) -> None:
        if self._line is not None:
            self._line.cut_to(playback.heard_text(heard_frames))
            self._line = None

    def end(self) -> None:
        """Forget the playback: it is over, or given up."""
        playback = self.playback
        if playback is not None:
            if playback.truncated:
                self._context.log.warning("⚠️ [TTS] Reply {} was too long", playback.reply)
            if not playback.is_whole:
                self._cut_line(playback, self._heard_frames)
            playback.cancel()
            self._memory.own_words.end(self._clock.now())
        self.playback = None
        self._line = None
        self._memory.unheard = []

    def silence_predecessor(self) -> None:
        """Clear what an incarnation that crashed had handed over already."""
        if self._predecessor_epoch:
            self._tx.post(Clear(self._predecessor_epoch))

    def release(self) -> None:
        """Stop synthesising; the memory is left as it is, for a successor."""
        if self.playback is not None:
            self._cut_line(self.playback, self.playback.position.proved)
            self.playback.cancel()
            self.playback = None
        self._watch.release()
        self._tell_self = self._after = to_nobody
