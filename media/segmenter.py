"""Segments: stretches of speech cut out of a call for single-request recognition.

Used when no streaming recogniser can be had: each segment is recognised by itself. Owns the
frames of the segment being collected and a short pre-roll before it. It holds no clock and
does not judge voice, it is told (`VoiceDetector.voiced`). It never passes on a segment with
less than the least speech asked for; those are counted.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from media.frame import FRAME_MS

MIN_SPEECH_MS: Final = 600
"""Default of the least speech worth a request."""

QUIET_MS: Final = 500
"""Default of the quiet that ends a segment."""

MAX_MS: Final = 15_000
"""Default of the longest segment."""

MAX_SEGMENT_MS: Final = 60_000
"""Most that `max_ms` may be set to: Google's single requests take up to one minute
(cloud.google.com/speech-to-text/quotas, synchronous requests)."""

PREROLL_MS: Final = 200
"""Default of the audio kept from before the first voiced frame: soft consonants."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of audio that holds speech."""

    audio: bytes
    """µ-law bytes."""

    start_frame: int
    """Index of its first frame since the segmenter's first."""

    end_frame: int
    """Index of the first frame after it."""


class Segmenter:
    """Collects the segments of one call, frame by frame. Holds at most `max_ms` of audio."""

    def __init__(
        self,
        *,
        min_speech_ms: int = MIN_SPEECH_MS,
        quiet_ms: int = QUIET_MS,
        max_ms: int = MAX_MS,
        preroll_ms: int = PREROLL_MS,
        resuming: bool = False,
    ) -> None:
        """Begin.

        Args:
            min_speech_ms: speech below which a segment is thrown away.
            quiet_ms: quiet that ends a segment.
            max_ms: longest segment.
            preroll_ms: audio kept from before the first voiced frame.
            resuming: whether the first frames may be the rest of speech already judged; then
                a segment that begins with them may be short.
        """
        _check(0 < max_ms <= MAX_SEGMENT_MS, "max_ms", f"1 to {MAX_SEGMENT_MS}", max_ms)
        _check(0 < min_speech_ms <= max_ms, "min_speech_ms", "1 to max_ms", min_speech_ms)
        _check(0 < quiet_ms <= max_ms, "quiet_ms", "1 to max_ms", quiet_ms)
        _check(0 <= preroll_ms < max_ms, "preroll_ms", "0 to less than max_ms", preroll_ms)
        self._max_frames = max(1, max_ms // FRAME_MS)
        self._min_frames = min(-(-min_speech_ms // FRAME_MS), self._max_frames)
        self._quiet_frames = -(-quiet_ms // FRAME_MS)
        self._preroll: deque[bytes] = deque(
            maxlen=min(preroll_ms // FRAME_MS, self._max_frames - 1)
        )
        self._frames: list[bytes] = []
        self._speech = 0
        self._quiet = 0
        self._seen = 0
        self._needed = self._min_frames
        self._cut_at: int | None = 0 if resuming else None
        self._discarded_segments = 0

    @property
    def discarded_segments(self) -> int:
        """Segments thrown away so far because they held too little speech."""
        return self._discarded_segments

    def push(self, payload: bytes, *, voiced: bool) -> Segment | None:
        """Take the next frame of 160 bytes and return the segment that it completes, if any."""
        self._seen += 1
        if not self._frames and not voiced:
            self._preroll.append(payload)
            return None
        if not self._frames:
            self._open()
        self._frames.append(payload)
        self._speech += voiced
        self._quiet = 0 if voiced else self._quiet + 1
        if self._quiet >= self._quiet_frames:
            return self.flush()
        return self._cut() if len(self._frames) >= self._max_frames else None

    def flush(self) -> Segment | None:
        """Close the segment being collected and return it if it holds enough speech."""
        if not self._frames:
            return None
        frames, speech = self._frames, self._speech
        self._frames, self._speech = [], 0
        if speech < self._needed:
            self._discarded_segments += 1
            return None
        return Segment(b"".join(frames), self._seen - len(frames), self._seen)

    def _open(self) -> None:
        """Begin a segment with the pre-roll."""
        # What goes on after a cut belongs to speech already judged: its end may be short.
        resumed = self._cut_at is not None and self._seen - self._cut_at <= self._quiet_frames
        self._needed = 1 if resumed else self._min_frames
        self._frames.extend(self._preroll)
        self._preroll.clear()

    def _cut(self) -> Segment | None:
        """Close a segment that has reached the maximum."""
        segment = self.flush()
        if segment is not None:
            self._cut_at = self._seen
        return segment


def _check(fits: bool, name: str, expected: str, got: int) -> None:  # noqa: FBT001 - private
    """Raise a `ValueError` for a span that does not fit."""
    if not fits:
        raise ValueError(f"Segmenter {name}: expected {expected}, got {got}")
