"""The playout clock: where the far player must be, seen from what was sent and when.

Pure: times come in. Twilio buffers what we send and plays it at 8000 bytes a second. We
keep a small lead, so that its player never runs dry over our jitter, and no more, so that
a `clear` has little to throw away. TX asks it on every beat how many frames are due.
"""

from typing import Final

from media.frame import FRAME_S

DRY_TOLERANCE_S: Final = 1e-6
"""Rounding of times: a player that is just not dry is not dry."""


class PlayoutClock:
    """Follows one far player; survives a restart of TX."""

    __slots__ = ("_anchor_at", "_lead_frames", "_sent_frames", "reanchors")

    def __init__(self, lead_frames: int) -> None:
        """Start with an idle player.

        Args:
            lead_frames: how far ahead of the player to stay.
        """
        self._lead_frames = lead_frames
        self._anchor_at: float | None = None
        self._sent_frames = 0
        self.reanchors = 0
        """How often the player must have run dry while there was more to play."""

    def due_frames(self, now: float) -> int:
        """Say how many frames to send now to have the lead again. 0 while it is whole."""
        return max(0, self._lead_frames - max(0, self._ahead_frames(now)))

    def sent(self, now: float) -> None:
        """Note one frame sent."""
        if self._anchor_at is None:
            self._anchor_at = now
            self._sent_frames = 0
        elif now > self._anchor_at + self._sent_frames * FRAME_S + DRY_TOLERANCE_S:
            self._anchor_at = now
            self._sent_frames = 0
            self.reanchors += 1
        self._sent_frames += 1

    def ended(self, now: float) -> None:
        """Note that there is nothing more to send: running dry is now as it should be."""
        if self.plays_until(now) <= now:
            self._anchor_at = None

    def cleared(self) -> None:
        """Note that the far buffer was emptied."""
        self._anchor_at = None

    def plays_until(self, now: float) -> float:
        """Say when the last frame sent will have been played."""
        if self._anchor_at is None:
            return now
        return max(now, self._anchor_at + self._sent_frames * FRAME_S)

    def _ahead_frames(self, now: float) -> int:
        """Frames ahead of the player, to the nearest frame: a beat is early or late by a hair."""
        if self._anchor_at is None:
            return 0
        return self._sent_frames - int((now - self._anchor_at) / FRAME_S + 0.5)
