"""The frames of one playback on their way to TX: made, handed over, perhaps handed over again.

Pure bytes, bounded. Keeps the frames handed over last, so that a playback that was held can go
on a little before where it was stopped. Used by `actors.playback`.
"""

from collections import deque
from typing import Final

from actors.speech_buffer import SpeechBuffer

KEPT_FRAMES: Final = 150
"""Frames handed over last that are kept for going on: 3 s, more than TX and the far side hold."""

REWIND_FRAMES: Final = 15
"""Going on begins so much (0.3 s) before where the caller was stopped: not inside a syllable."""


class PlaybackFrames:
    """Gives out frames in order, some of them twice.

    Args:
        max_frames: bound on what was made and waits.
    """

    __slots__ = ("_again", "_made", "_recent", "taken")

    def __init__(self, max_frames: int) -> None:
        self.taken = 0
        """How many have been given out, those that were put back not counted."""
        self._made = SpeechBuffer(max_frames)
        self._again: deque[bytes] = deque()
        self._recent: deque[bytes] = deque(maxlen=KEPT_FRAMES)

    @property
    def waiting(self) -> int:
        """How many whole frames wait."""
        return len(self._again) + self._made.frames

    @property
    def end(self) -> int:
        """The position behind the last frame made."""
        return self.taken + self.waiting

    def append(self, audio: bytes) -> bool:
        """Add audio; False if it did not all fit."""
        return self._made.append(audio)

    def pad(self) -> None:
        """Fill the last frame up with silence."""
        self._made.pad()

    def take(self) -> bytes | None:
        """Take the next frame; None if there is none."""
        if self._again:
            frame = self._again.popleft()
        elif self._made.frames:
            frame = self._made.take()
        else:
            return None
        self.taken += 1
        self._recent.append(frame)
        return frame

    def rewind(self, heard: int) -> None:
        """Go back to a little before the frame that was heard, as far as frames are kept."""
        begin = max(0, heard - REWIND_FRAMES)
        for _ in range(min(self.taken - begin, len(self._recent))):
            self._again.appendleft(self._recent.pop())
            self.taken -= 1
