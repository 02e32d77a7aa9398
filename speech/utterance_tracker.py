"""Cuts one stream of frames into utterances by voice activity, as they are spoken.

Owns: where utterances begin and end, and a short pre-roll. Pure: no clock, no I/O. Never waits
for an utterance to be over before handing out its beginning, which is what sets it apart from
`media.segmenter`. The pocketsphinx stream talks to it.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from media.frame import FRAME_MS
from media.voice_activity import VoiceDetector, VoiceEdge

HANGOVER_MS: Final = 300
"""Quiet that ends an utterance; shorter than most pauses between sentences."""

PREROLL_FRAMES: Final = 15
"""Frames kept from before the voice was noticed (300 ms): onset and soft consonants."""

MAX_FRAMES: Final = 750
"""15 s: a longer utterance is cut there and goes on as the next one."""


@dataclass(frozen=True, slots=True)
class Began:
    """An utterance began with this frame."""

    audio: bytes
    """Pre-roll and the frame itself, µ-law."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The utterance ended with this frame."""

    end_ms: int
    """Where its voice ended: milliseconds since the tracker's first frame."""

    voiced_ms: int
    """How much voice there was in it."""


class UtteranceTracker:
    """Follows one stream."""

    def __init__(self) -> None:
        self._detector = VoiceDetector(hangover_ms=HANGOVER_MS)
        self._preroll: deque[bytes] = deque(maxlen=PREROLL_FRAMES)
        self._frames = 0
        self._length = 0
        self._voiced_before = 0
        self._voice_end = 0
        self.speaking = False
        """Whether the last frame belongs to an utterance."""

    def push(self, frame: bytes) -> Began | Ended | None:
        """Take the next frame of 160 bytes."""
        edge = self._detector.push(frame)
        self._frames += 1
        if self._detector.voiced:
            self._voice_end = self._frames
        if not self.speaking:
            self._preroll.append(frame)
            started = edge is VoiceEdge.STARTED or self._detector.speaking
            return self._begin() if started else None
        self._length += 1
        if edge is VoiceEdge.STOPPED or self._length >= MAX_FRAMES:
            return self._end()
        return None

    def flush(self) -> Ended | None:
        """End the utterance under way; None when there is none."""
        return self._end() if self.speaking else None

    def _begin(self) -> Began:
        self.speaking = True
        self._length = len(self._preroll)
        audio = b"".join(self._preroll)
        self._preroll.clear()
        return Began(audio)

    def _end(self) -> Ended:
        self.speaking = False
        voiced = self._detector.voiced_frames - self._voiced_before
        self._voiced_before = self._detector.voiced_frames
        return Ended(self._voice_end * FRAME_MS, voiced * FRAME_MS)
