"""The audio ring: what the caller said since the last final transcript.

Bounded and owned by the call, not by the STT actor: a new stream, after a crash or a
rotation, hears it first. Frames have an absolute number, counted from the start of the
call; a reader keeps such a number as its cursor. Pure data, no clock.
"""

from collections import deque
from itertools import islice


class AudioRing:
    """The last frames of the caller's audio, each with its absolute number."""

    __slots__ = ("_capacity", "_frames", "_voiced", "end", "overrun_frames")

    def __init__(self, capacity_frames: int) -> None:
        """Make an empty ring that holds at most so many frames."""
        self._capacity = capacity_frames
        self._frames: deque[bytes] = deque()
        self._voiced: deque[bool] = deque()
        self.end = 0
        """The number the next frame will get."""
        self.overrun_frames = 0
        """Frames that had to go before a final transcript had covered them."""

    @property
    def start(self) -> int:
        """The number of the oldest frame still held."""
        return self.end - len(self._frames)

    @property
    def voiced_frames(self) -> int:
        """How many of the frames still held are voice. Looks at all of them."""
        return sum(self._voiced)

    def append(self, payload: bytes, *, voiced: bool) -> None:
        """Add the next frame; at capacity the oldest goes."""
        if len(self._frames) >= self._capacity:
            self._frames.popleft()
            self._voiced.popleft()
            self.overrun_frames += 1
        self._frames.append(payload)
        self._voiced.append(voiced)
        self.end += 1

    def cut(self, frame: int) -> None:
        """Let go of everything before this frame number: a final has covered it."""
        for _ in range(min(frame, self.end) - self.start):
            self._frames.popleft()
            self._voiced.popleft()

    def read(self, frame: int, count: int) -> tuple[bytes, int]:
        """Read up to `count` frames from a cursor on.

        Returns:
            the audio and the new cursor; a cursor that fell behind the ring skips ahead.
        """
        first = max(frame, self.start)
        last = min(first + count, self.end)
        if last <= first:
            return b"", first
        offset = first - self.start
        if last == self.end and last - first <= offset:
            # The live edge: the few newest frames are close to the deque's right end.
            audio = b"".join(self._frames[index] for index in range(first - self.end, 0))
        else:
            audio = b"".join(islice(self._frames, offset, last - self.start))
        return audio, last

    def voiced(self, frame: int) -> bool:
        """Say whether the border heard voice in a frame that is still held."""
        return self._voiced[frame - self.start]
