"""One playback: the texts of one reply become frames and marks for TX. Its number is an epoch.

Synthesises one text after the other and only so far ahead as is needed, hands frames over
only as TX has use for them, and sets a mark about every half second of speech, so that it
can say which words the caller has really heard. Used by AgentActor, one at a time.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from actors.messages import Mark, OutboundFrame, TxMessage
from actors.peer import MediaPeer
from actors.speech_buffer import SpeechBuffer
from media.frame import FRAME_MS, SILENCE_FRAME
from speech import ports

AHEAD_FRAMES: Final = 250
"""Buffered speech from which on the next text is not synthesised yet: 5 s."""

PAUSE_FRAMES: Final = 10
"""Silence between two texts: 0.2 s, a breath."""

TEXTS_MAX: Final = 64
"""Texts in one reply; more are not spoken."""

TEXT_MAX_CHARS: Final = 2000
"""Characters in one text; more are not spoken. The synthesisers take no more either."""

CHARS_PER_FRAME: Final = 0.3
"""Speed of speech (15 characters a second) as long as a text's length is not known."""


@dataclass(slots=True)
class _Spoken:
    """A text of this playback and where its audio lies."""

    text: str
    first_frame: int = 0
    frames: int = 0
    complete: bool = False

    def heard_of(self, heard_frames: int) -> str:
        """The words of it that lie before a frame of the playback."""
        heard = heard_frames - self.first_frame
        if heard <= 0 or (self.complete and not self.frames):
            return ""
        if self.complete and heard >= self.frames:
            return self.text
        expected = self.frames if self.complete else len(self.text) / CHARS_PER_FRAME
        chars = int(len(self.text) * min(1.0, heard / max(1.0, expected)))
        return self.text[:chars].rpartition(" ")[0]


class Playback:
    """The speaking of one reply."""

    def __init__(
        self,
        epoch: int,
        end_mark: str,
        *,
        synthesizer: ports.Synthesizer,
        on_speech: Callable[[ports.SynthesisEvent], None],
        max_frames: int,
        mark_every_frames: int,
    ) -> None:
        """Begin with nothing to say.

        Args:
            epoch: the number of this playback.
            end_mark: the name of the mark behind its last frame, without the epoch.
            synthesizer: what speaks.
            on_speech: the sink of the synthesiser; comes back to `heard_from_engine`.
            max_frames: bound on the speech that waits.
            mark_every_frames: distance of the marks.
        """
        self.epoch = epoch
        self.end_mark = f"{end_mark}#{epoch}"
        self.truncated = False
        """Whether speech was cut off because a bound was reached."""
        self._synthesizer = synthesizer
        self._on_speech = on_speech
        self._mark_every = mark_every_frames
        self._buffer = SpeechBuffer(max_frames)
        self._waiting: deque[str] = deque()
        self._spoken: list[_Spoken] = []
        self._under_way: ports.Cancellable | None = None
        self._synthesizing = False
        self._finished = False
        self._pushed_frames = 0
        self._end_pushed = False
        self._made_frames = 0
        self._marks: dict[str, int] = {}
        self._heard_frames = 0

    # --- what is to be said ----------------------------------------------------------

    def say(self, text: str) -> None:
        """Add a text to the reply."""
        if len(self._spoken) + len(self._waiting) >= TEXTS_MAX:
            self.truncated = True
            return
        self.truncated |= len(text) > TEXT_MAX_CHARS
        self._waiting.append(text[:TEXT_MAX_CHARS])
        self._synthesize_next()

    def finish(self) -> None:
        """Say that no more texts come."""
        self._finished = True

    @property
    def unheard_texts(self) -> list[str]:
        """The texts the caller has not heard to their end, the one in play included."""
        unheard = [s.text for s in self._spoken if s.heard_of(self._heard_frames) != s.text]
        return [*unheard, *self._waiting]

    @property
    def heard_text(self) -> str:
        """The words that marks prove were heard."""
        heard = (spoken.heard_of(self._heard_frames) for spoken in self._spoken)
        return " ".join(words for words in heard if words)

    @property
    def remaining_s(self) -> float:
        """Seconds of speech not proved heard yet."""
        return (self._made_frames - self._heard_frames) * FRAME_MS / 1000

    @property
    def is_silent(self) -> bool:
        """Whether nothing of it can be heard, and nothing more is to be spoken by now."""
        return not (self._made_frames or self._synthesizing or self._waiting)

    @property
    def pushed_frames(self) -> int:
        """How many frames TX has got: one that grows is no hung playback."""
        return self._pushed_frames

    @property
    def all_pushed(self) -> bool:
        """Whether TX has everything, the end mark included."""
        return self._end_pushed

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
                self._end_text()
                return False
            case _:
                assert_never(event)
        return True

    def cancel(self) -> None:
        """Stop synthesising; nothing more is pushed."""
        self._waiting.clear()
        self._drop_synthesis()

    def _append(self, audio: bytes) -> None:
        if not self._buffer.append(audio):
            self.truncated = True
            self._waiting.clear()
            self._drop_synthesis()
        self._count_frames()

    def _end_text(self) -> None:
        self._synthesizing = False
        self._under_way = None
        self._buffer.pad()
        self._count_frames()
        self._spoken[-1].complete = True
        self._synthesize_next()

    def _drop_synthesis(self) -> None:
        self._synthesizing = False
        if self._under_way is not None:
            self._under_way.cancel()
            self._under_way = None

    def _count_frames(self) -> None:
        self._made_frames = self._pushed_frames + self._buffer.frames
        self._spoken[-1].frames = self._made_frames - self._spoken[-1].first_frame

    def _synthesize_next(self) -> None:
        if self._synthesizing or not self._waiting or self._buffer.frames > AHEAD_FRAMES:
            return
        if self._spoken:
            self._buffer.append(SILENCE_FRAME * PAUSE_FRAMES)
            self._made_frames = self._pushed_frames + self._buffer.frames
        self._spoken.append(_Spoken(self._waiting.popleft(), self._made_frames))
        self._synthesizing = True
        self._under_way = self._synthesizer.synthesize(self._spoken[-1].text, self._on_speech)

    # --- frames go out ---------------------------------------------------------------

    def push(self, tx: MediaPeer[TxMessage], target_frames: int) -> None:
        """Hand over as many frames as bring TX up to its target, and the marks among them."""
        for _ in range(target_frames - tx.held_frames):
            if not self._buffer.frames:
                break
            tx.post(OutboundFrame(self._buffer.take(), self.epoch))
            self._pushed_frames += 1
            if self._pushed_frames % self._mark_every == 0:
                self._push_mark(tx, f"at{self._pushed_frames}#{self.epoch}")
        self._synthesize_next()
        if self._is_spent and not self._end_pushed:
            self._end_pushed = True
            self._push_mark(tx, self.end_mark)

    @property
    def _is_spent(self) -> bool:
        idle = not self._synthesizing and not self._waiting and not self._buffer.frames
        return self._finished and idle

    def _push_mark(self, tx: MediaPeer[TxMessage], name: str) -> None:
        self._marks[name] = self._pushed_frames
        tx.post(Mark(name, self.epoch))

    def mark_played(self, name: str) -> bool:
        """Note that everything before this mark was heard.

        Returns:
            whether it was the end mark: the playback is over.
        """
        self._heard_frames = max(self._heard_frames, self._marks.pop(name, 0))
        return name == self.end_mark
