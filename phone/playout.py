"""The far player's buffer: 8000 bytes a second go to the caller's ear, by the clock alone.

Pure: every method is told the time, nothing sleeps, and calling rarely or often gives the
same audio. A mark is due when everything before it has been played; `clear` makes all due.
Talked to by `loudspeaker`.
"""

from collections import deque
from typing import Final

from media.frame import BYTES_PER_MS, SAMPLE_RATE_HZ, SILENCE_BYTE
from phone.underruns import Underruns

MAX_BUFFERED_BYTES: Final = 10 * 60 * SAMPLE_RATE_HZ
"""Twilio buffers ten minutes and refuses more (error 31931)."""

MAX_MARKS: Final = 10_000
"""Marks pending at once; Twilio states no bound, this one only protects the phone."""

_TOLERANCE: Final = 1e-3
"""In samples: keeps a time computed from a position from falling just short of it."""


class Playout:
    """The buffer of one call."""

    def __init__(self, started_at: float) -> None:
        """Begin to play silence.

        Args:
            started_at: When sample 0 is played.
        """
        self.underruns = Underruns()
        self.max_lead_ms = 0.0
        self.cleared_bytes = 0
        self._started_at = started_at
        self._position = 0
        self._chunks: deque[bytes] = deque()
        self._offset = 0
        self._buffered = 0
        self._received = 0
        self._marks: deque[tuple[int, str]] = deque()
        self._rendered: list[bytes] = []

    def position(self, now: float) -> int:
        """The sample that is being played at a time."""
        return max(0, int((now - self._started_at) * SAMPLE_RATE_HZ + _TOLERANCE))

    @property
    def buffered_bytes(self) -> int:
        """Received and not played, as of the last time told."""
        return self._buffered

    @property
    def next_mark_at(self) -> float | None:
        """When the next mark will be due; None without one."""
        if not self._marks:
            return None
        ahead = self._marks[0][0] - (self._received - self._buffered)
        return self._started_at + (self._position + ahead) / SAMPLE_RATE_HZ

    @property
    def pending_marks(self) -> int:
        """Marks that are not due yet."""
        return len(self._marks)

    def push(self, payload: bytes, now: float) -> bool:
        """Buffer audio.

        Returns:
            False when the buffer is full; the audio is then thrown away.
        """
        self._render(now)
        if self._buffered + len(payload) > MAX_BUFFERED_BYTES:
            return False
        self.underruns.received(self._position, payload)
        self._chunks.append(payload)
        self._buffered += len(payload)
        self._received += len(payload)
        self.max_lead_ms = max(self.max_lead_ms, self._buffered / BYTES_PER_MS)
        return True

    def mark(self, name: str, now: float) -> bool:
        """Take a mark; returns False when too many are pending."""
        self._render(now)
        if len(self._marks) >= MAX_MARKS:
            return False
        self.underruns.marked(name)
        self._marks.append((self._received, name))
        return True

    def clear(self, now: float) -> list[str]:
        """Throw away what has not been played; returns all pending marks, in order."""
        self._render(now)
        self.cleared_bytes += self._buffered
        self._chunks.clear()
        self._offset = 0
        self._buffered = 0
        self.underruns.cleared()
        return self._take_marks()

    def due_marks(self, now: float) -> list[str]:
        """Marks whose audio has been played by now, in order, each returned once."""
        self._render(now)
        return self._take_marks()

    def take(self) -> tuple[int, bytes]:
        """What was played since the last call: the position of its first sample, and it."""
        audio = b"".join(self._rendered)
        self._rendered.clear()
        return self._position - len(audio), audio

    def _take_marks(self) -> list[str]:
        played = self._received - self._buffered
        due: list[str] = []
        while self._marks and self._marks[0][0] <= played:
            due.append(self._marks.popleft()[1])
        return due

    def _render(self, now: float) -> None:
        wanted = self.position(now) - self._position
        if wanted <= 0:
            return
        while wanted and self._chunks:
            wanted -= self._play(wanted)
        if wanted:
            self._rendered.append(bytes([SILENCE_BYTE]) * wanted)
            self._position += wanted

    def _play(self, wanted: int) -> int:
        chunk = self._chunks[0]
        piece = chunk[self._offset : self._offset + wanted]
        self._rendered.append(piece)
        self._position += len(piece)
        self._buffered -= len(piece)
        self._offset += len(piece)
        if self._offset == len(chunk):
            self._chunks.popleft()
            self._offset = 0
            if not self._chunks:
                self.underruns.ran_dry(self._position, chunk)
        return len(piece)
