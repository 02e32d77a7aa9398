"""One playback: the texts of one reply become frames and marks for TX.

Synthesises one text after the other and only so far ahead as is needed, hands frames over
only as TX has use for them, and sets a mark behind the first frame of every text and about
every half second of speech, so that it can say which words the caller has really heard. It can
be held in the middle and go on, then under a new epoch: what was sent but not heard is sent
again. The agent's `Speaker` has one at a time.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, assert_never

from actors.messages import Mark, OutboundFrame, TxMessage
from actors.peer import MediaPeer
from actors.play_position import PlayPosition
from actors.playback_frames import PlaybackFrames
from actors.spoken_text import SpokenText
from dialogue.ports import Say
from media.frame import FRAME_MS, SILENCE_FRAME
from speech import ports

AHEAD_FRAMES: Final = 250
"""Buffered speech from which on the next text is not synthesised yet: 5 s."""

PAUSE_FRAMES: Final = 10
"""Silence between two texts: 0.2 s, a breath."""

TEXTS_MAX: Final = 64
"""Texts of the brain in one reply; more are not spoken."""

OWN_TEXTS_MAX: Final = 2
"""Texts of our own among them, however many the brain has: a filler and an apology."""

TEXT_MAX_CHARS: Final = 2000
"""Characters in one text; more are not spoken. The synthesisers take no more either."""


class Playback:
    """The speaking of one reply."""

    def __init__(
        self,
        reply: int,
        end_mark: str,
        *,
        synthesizer: ports.Synthesizer,
        on_speech: Callable[[ports.SynthesisEvent], None],
        max_frames: int,
        mark_every_frames: int,
    ) -> None:
        """Begin with nothing to say.

        Args:
            reply: its number, and its first epoch.
            end_mark: the name of the mark behind its last frame, without the epoch.
            synthesizer: what speaks.
            on_speech: the sink of the synthesiser; comes back to `heard_from_engine`.
            max_frames: bound on the speech that waits.
            mark_every_frames: distance of the marks.
        """
        self.reply = self.epoch = reply
        self.truncated = False
        """Whether speech was cut off because of a bound."""
        self.pushes = 0
        """Frames handed over, those handed over again included: only ever grows."""
        self.broken = False
        """Whether the newest text was not spoken to its end."""
        self.was_heard = False
        """Whether its first frame was on the wire."""
        self.held = False
        """Whether nothing is handed over for now."""
        self.position = PlayPosition()
        self._end_mark = end_mark
        self._synthesizer = synthesizer
        self._on_speech = on_speech
        self._mark_every = mark_every_frames
        self._frames = PlaybackFrames(max_frames)
        self._texts: list[SpokenText] = []
        self._room = {False: TEXTS_MAX, True: OWN_TEXTS_MAX}  # for the brain's, and for our own
        self._begun = 0
        self._under_way: ports.Cancellable | None = None
        self._synthesizing = False
        self._finished = False
        self._end_pushed = False
        self._made_frames = 0
        self._starts: deque[int] = deque()  # first frames of texts, still to be handed over

    # --- what is to be said ----------------------------------------------------------

    def say(self, say: Say, *, filler: bool = False, ours: bool = False) -> None:
        """Add a text to the reply.

        Args:
            say: it.
            filler: whether it only passes the time.
            ours: whether it is not the brain's: its bound is another one.
        """
        own = filler or ours
        if self._room[own] == 0:
            self.truncated = True
            return
        self._room[own] -= 1
        self.truncated |= len(say.text) > TEXT_MAX_CHARS
        self._texts.append(SpokenText(say.text[:TEXT_MAX_CHARS], say.interruptible, filler))
        self._synthesize_next()

    def finish(self) -> None:
        """Say that no more texts come."""
        self._finished = True

    @property
    def has_texts(self) -> bool:
        """Whether anything was to be said yet."""
        return bool(self._texts)

    @property
    def is_filler(self) -> bool:
        """Whether all that was handed over so far only passes the time."""
        fillers = self._texts and self._texts[0].filler
        answer = next((text for text in self._texts[: self._begun] if not text.filler), None)
        return bool(fillers) and (answer is None or self._frames.taken <= answer.first_frame)

    @property
    def end_mark(self) -> str:
        """The name of the mark behind its last frame."""
        return f"{self._end_mark}#{self.epoch}"

    @property
    def unheard(self) -> list[Say]:
        """The texts that no mark proves heard to their end, the one in play included."""
        heard = self.position.proved
        return [
            Say(text.text, text.interruptible)
            for text in self._texts
            if not (text.filler or text.is_heard(heard))
        ]

    @property
    def is_silent(self) -> bool:
        """Whether nothing of it can be heard, and nothing more is to be spoken by now."""
        return not (self._made_frames or self._synthesizing or self._waiting)

    @property
    def is_whole(self) -> bool:
        """Whether all that was to be said has been made into speech, as far as is known."""
        return not (self.truncated or any(t.broken and not t.filler for t in self._texts))

    @property
    def all_pushed(self) -> bool:
        """Whether TX has everything, the end mark included."""
        return self._end_pushed

    @property
    def _waiting(self) -> int:
        return len(self._texts) - self._begun

    # --- what was heard --------------------------------------------------------------

    def heard_frames(self, now: float, waiting_frames: int) -> int:
        """The frame in the caller's ear, while TX still holds so many."""
        return self.position.estimate(now, self._frames.taken - waiting_frames)

    def heard_text(self, heard_frames: int) -> str:
        """The words of the answer that lie before a frame."""
        heard = (text.heard_of(heard_frames) for text in self._texts if not text.filler)
        return " ".join(words for words in heard if words)

    def remaining_s(self, heard_frames: int) -> float:
        """Seconds of speech behind a frame that are made; says nothing of what is to come."""
        return (self._made_frames - heard_frames) * FRAME_MS / 1000

    def is_notice(self, heard_frames: int) -> bool:
        """Whether something is still to be heard that nobody may interrupt."""
        return any(not (text.interruptible or text.is_heard(heard_frames)) for text in self._texts)

    def is_spoken_out(self, heard_frames: int) -> bool:
        """Whether nothing lies behind a frame, and nothing is to come."""
        return self.is_made and heard_frames >= self._made_frames

    @property
    def is_made(self) -> bool:
        """Whether nothing more is to come from brain and synthesiser."""
        return self._finished and not (self._synthesizing or self._waiting)

    # --- speech comes in -------------------------------------------------------------

    def heard_from_engine(self, event: ports.SynthesisEvent) -> bool:
        """Take an event of the synthesiser.

        Returns:
            False if it failed to speak the text.
        """
        match event:
            case ports.AudioChunk(audio=audio):
                self._append(audio)
            case ports.SynthesisDone():
                self._end_text()
            case ports.SynthesisFailed():
                self.broken = self._texts[self._begun - 1].broken = True
                self._end_text()
                return False
            case _:
                assert_never(event)
        return True

    def cancel(self) -> None:
        """Synthesise nothing more and forget texts not begun; what is made can still be pushed."""
        del self._texts[self._begun :]
        self._drop_synthesis()

    def _append(self, audio: bytes) -> None:
        if not self._frames.append(audio):
            self.truncated = True
            self.cancel()
        self._count_frames()

    def _end_text(self) -> None:
        self._synthesizing = False
        self._under_way = None
        self._frames.pad()
        self._count_frames()
        self._texts[self._begun - 1].complete = True
        self._synthesize_next()

    def _drop_synthesis(self) -> None:
        self._synthesizing = False
        if self._under_way is not None:
            self._under_way.cancel()
            self._under_way = None

    def _count_frames(self) -> None:
        self._made_frames = self._frames.end
        text = self._texts[self._begun - 1]
        text.frames = self._made_frames - text.first_frame

    def _synthesize_next(self) -> None:
        if self._synthesizing or not self._waiting or self._frames.waiting > AHEAD_FRAMES:
            return
        if self._begun:
            self._frames.append(SILENCE_FRAME * PAUSE_FRAMES)
        text = self._texts[self._begun]
        self._begun += 1
        self.broken = False
        text.first_frame = self._frames.end
        self._made_frames = text.first_frame
        self._starts.append(text.first_frame)
        self._synthesizing = True
        self._under_way = self._synthesizer.synthesize(text.text, self._on_speech)

    # --- frames go out ---------------------------------------------------------------

    def push(self, tx: MediaPeer[TxMessage], target_frames: int) -> None:
        """Hand over as many frames as bring TX up to its target, and the marks among them."""
        if self.held:
            return
        for _ in range(target_frames - tx.held_frames):
            frame = self._frames.take()
            if frame is None:
                break
            tx.post(OutboundFrame(frame, self.epoch))
            self.pushes += 1
            if self._is_marked():
                self._push_mark(tx, f"at{self._frames.taken}#{self.epoch}")
        self._synthesize_next()
        if self._is_spent and not self._end_pushed:
            self._end_pushed = True
            self._push_mark(tx, self.end_mark)

    def _is_marked(self) -> bool:
        """Whether a mark follows the frame just handed over: the first of each text has one."""
        begins = bool(self._starts) and self._frames.taken > self._starts[0]
        if begins:
            self._starts.popleft()
        return begins or self._frames.taken % self._mark_every == 0

    @property
    def _is_spent(self) -> bool:
        return self.is_made and not self._frames.waiting

    def _push_mark(self, tx: MediaPeer[TxMessage], name: str) -> None:
        self.position.mark_sent(name, self._frames.taken)
        tx.post(Mark(name, self.epoch))

    # --- held, and going on ----------------------------------------------------------

    def hold(self, heard_frames: int) -> None:
        """Hand over nothing more; what lies behind this frame is to be heard again."""
        self.held = True
        self._frames.rewind(heard_frames)
        self.position.stopped(heard_frames, self._frames.taken)
        self._end_pushed = False

    def go_on(self, epoch: int) -> None:
        """Go on under a new epoch: the far side was told to forget the old one."""
        self.held = False
        self.epoch = epoch
        self._starts.appendleft(self._frames.taken)
