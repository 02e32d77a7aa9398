"""The release of a backlog: when and how many of the frames that piled up may go on.

Pure: the time and the backlog come in, a number of frames comes out. RX consults it on
every beat while it has a backlog, and not at all while it keeps up.
"""

from enum import Enum
from typing import Final

from media.frame import FRAME_S

GRID_TOLERANCE_S: Final = 0.002
"""A beat this early still counts as on the grid: timers are good to a millisecond."""


class Mode(Enum):
    """How a backlog is released."""

    NORMAL = "normal"
    """On the 20 ms grid, a few frames at a time."""

    DRAIN = "drain"
    """Without pacing: the backlog is long enough to be heard as delay."""


class ReleaseCadence:
    """Decides how much of a backlog goes on at a beat."""

    __slots__ = ("_deadline_at", "_enter", "_leave", "_per_tick", "_resync_s", "mode")

    def __init__(
        self, *, per_tick_frames: int, enter_frames: int, leave_frames: int, resync_ms: int
    ) -> None:
        """Start in `NORMAL`.

        Args:
            per_tick_frames: released at most on one beat; more than 1, or it never shrinks.
            enter_frames: a backlog from which on pacing stops (high watermark).
            leave_frames: a backlog down to which it stays stopped (low watermark).
            resync_ms: lateness from which on the grid is laid anew instead of caught up with.
        """
        self._per_tick = per_tick_frames
        self._enter = enter_frames
        self._leave = leave_frames
        self._resync_s = resync_ms / 1000
        self._deadline_at: float | None = None
        self.mode = Mode.NORMAL

    def allowance(self, now: float, backlog_frames: int) -> int:
        """Say how many frames may go on now."""
        self._choose_mode(backlog_frames)
        if self.mode is Mode.DRAIN:
            return backlog_frames
        if self._deadline_at is not None and now < self._deadline_at - GRID_TOLERANCE_S:
            return 0
        return min(self._per_tick, backlog_frames)

    def released(self, now: float) -> bool:
        """Note that frames really went on: only then does the grid advance.

        Returns:
            whether it was so late that the grid was laid anew (resync).
        """
        if self._deadline_at is None:
            self._deadline_at = now
        self._deadline_at += FRAME_S
        late = now - self._deadline_at > self._resync_s
        if late:
            self._deadline_at = now + FRAME_S
        return late

    def caught_up(self) -> None:
        """Note that the backlog is gone: the next one gets a grid of its own."""
        self.mode = Mode.NORMAL
        self._deadline_at = None

    def _choose_mode(self, backlog_frames: int) -> None:
        if backlog_frames >= self._enter:
            self.mode = Mode.DRAIN
        elif backlog_frames <= self._leave:
            self.mode = Mode.NORMAL
