"""How far the caller has heard a playback: what marks prove, and the part in play by time.

Pure: times are arguments, positions are frames since the playback's beginning. The far side
plays at one frame in 20 ms from what is proved on, and never more than it was sent. Used by
`actors.playback`.
"""

from media.frame import FRAME_MS


class PlayPosition:
    """Follows one playback in the caller's ear."""

    __slots__ = ("_base", "_heard", "_marks", "_since", "proved")

    def __init__(self) -> None:
        self.proved = 0
        """Frames that marks prove were heard."""
        self._marks: dict[str, int] = {}
        self._heard = 0  # When it was stopped last; what was heard stays heard.
        self._base = 0
        self._since: float | None = None

    def mark_sent(self, name: str, frames: int) -> None:
        """Note a mark behind so many frames."""
        self._marks[name] = frames

    def started(self, at: float) -> None:
        """Note that the next frame of the playback is on the wire."""
        self._since = at

    def mark_played(self, name: str, at: float) -> None:
        """Note the echo of a mark; one that is not known proves nothing."""
        frames = self._marks.pop(name, None)
        if frames is not None and frames >= self.proved:
            self.proved = self._base = frames
            self._since = at

    def stopped(self, heard_frame: int, next_frame: int) -> None:
        """Note that the far side was silenced.

        Args:
            heard_frame: the frame in the caller's ear then.
            next_frame: where what is sent next begins, perhaps before that.
        """
        self._marks.clear()
        self._heard = max(self._heard, heard_frame)
        self._base = next_frame
        self._since = None

    def estimate(self, now: float, sent_frames: int) -> int:
        """The frame in the caller's ear now, of so many that were sent."""
        heard = max(self.proved, self._heard)
        if self._since is None:
            return heard
        played = self._base + round((now - self._since) * 1000 / FRAME_MS)
        return max(heard, min(sent_frames, played))
