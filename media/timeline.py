"""The media timeline: how much silence is missing in front of a frame.

Media time (`media.timestamp`) is the clock of a call, not the time of arrival: over a
WebSocket a gap followed by a burst is normal, and some carriers send nothing while the
caller is silent. RX asks it before handing a frame on; what it says is missing is filled
with silence, so that the recogniser's stream keeps step with the call.
"""

from typing import Final

from media.frame import FRAME_MS

MAX_FILL_FRAMES: Final = 750
"""Longest gap filled at once: 15 s, what the ring of the call holds. More is a jump."""

MAX_BACK_MS: Final = 1000
"""Media time further back than this is a jump, not audio that was filled in too early."""


class MediaTimeline:
    """Follows the media time of one call."""

    __slots__ = ("_next_ms", "jumps")

    def __init__(self) -> None:
        self._next_ms: int | None = None
        self.jumps = 0
        """How often media time jumped too far to be a gap; the timeline starts anew there."""

    def missing_frames(self, timestamp_ms: int) -> int:
        """Say how many frames of silence belong in front of the frame of that media time."""
        expected_ms = self._next_ms
        if expected_ms is None:
            self._next_ms = timestamp_ms + FRAME_MS
            return 0
        missing = (timestamp_ms - expected_ms) // FRAME_MS
        if missing > MAX_FILL_FRAMES or timestamp_ms < expected_ms - MAX_BACK_MS:
            self.jumps += 1
            self._next_ms = timestamp_ms + FRAME_MS
            return 0
        self._next_ms = max(expected_ms, timestamp_ms + FRAME_MS)
        return max(0, missing)

    def filled(self, frames: int) -> None:
        """Note silence that was filled in by the wall clock, while nothing arrived."""
        if self._next_ms is not None:
            self._next_ms += frames * FRAME_MS
