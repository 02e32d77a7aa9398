"""How evenly the server sends: the spacing of its media and how late each message is.

Pure. Lateness is measured against a 20 ms grid laid through the earliest message of the
talk spurt so far, so that the lead a server builds up at the beginning is not called
jitter. Talked to by `loudspeaker`.
"""

from typing import Final

from media.frame import SAMPLE_RATE_HZ
from phone.histogram import Histogram

SPURT_GAP_S: Final = 0.5
"""A pause in the arrivals longer than this begins a new talk spurt."""


class Cadence:
    """The rhythm of one call's media."""

    def __init__(self) -> None:
        self.spacing = Histogram()
        self.lateness = Histogram()
        self._last_at: float | None = None
        self._grid_at = 0.0
        self._media_s = 0.0

    def arrived(self, size_bytes: int, now: float) -> None:
        """A media message has arrived."""
        last_at, self._last_at = self._last_at, now
        if last_at is None or now - last_at > SPURT_GAP_S:
            self._media_s = 0.0
            self._grid_at = now
        else:
            self.spacing.add(now - last_at)
            self._grid_at = min(self._grid_at, now - self._media_s)
        self.lateness.add(now - self._media_s - self._grid_at)
        self._media_s += size_bytes / SAMPLE_RATE_HZ

    def restart(self) -> None:
        """What comes next is a new talk spurt."""
        self._last_at = None
