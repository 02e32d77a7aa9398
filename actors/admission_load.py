"""The load signal: whether this process still has time for its calls.

Pure: times are arguments. Two things count over a sliding window: how late the event loop
calls back, and how often a caller heard a gap because frames went out late. The first rises
before anybody hears anything, the second is what is heard. Kept by `actors.admission`.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

from media.frame import FRAME_S

LAG_FREE_S: Final = FRAME_S
"""Lateness that counts for nothing: timers are coarse, and the lead is three frames."""

BUCKETS: Final = 20
"""Steps in which the window slides."""

LEAVE_SHARE: Final = 0.5
"""Of the threshold of a level: below it the level is left. Readiness that flaps is worse than
readiness that comes back late."""


class LoadLevel(Enum):
    """How much there is to do."""

    NORMAL = "normal"
    HIGH = "high"
    """Calls had better go elsewhere."""

    OVERLOADED = "overloaded"
    """Another call would harm those that there are."""


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """What is too much."""

    window_s: float
    late_share: float
    """Of the window that may be lost to lateness, 0 to 1; 0: lateness is no load."""

    gaps_per_minute: float
    """That the average call may hear; 0: gaps are no load."""

    high_share: float
    """Of either limit, 0 to 1: from here on the load is high."""


@dataclass(slots=True)
class _Bucket:
    """What happened in one step of the window."""

    began_at: float
    late_s: float = 0.0
    gaps: int = 0
    call_s: float = 0.0


class LoadSignal:
    """Follows the load of one event loop."""

    def __init__(self, limits: LoadLimits, now: float) -> None:
        """Begin without load, now."""
        self._limits = limits
        self._buckets = deque([_Bucket(now)], maxlen=BUCKETS + 1)
        self._seen_at = now
        self.level = LoadLevel.NORMAL
        self.late_share = 0.0
        """Of the window that was lost to lateness."""

        self.gaps_per_minute = 0.0
        """In the average call. One that has just begun counts as if it had lasted the window:
        a single hiccup in a rush of new calls is no overload."""

    @property
    def load(self) -> float:
        """The load where 1 is the limit."""
        limits = self._limits
        late = _relative(self.late_share, limits.late_share)
        return max(late, _relative(self.gaps_per_minute, limits.gaps_per_minute))

    def observe(self, now: float, *, lag_s: float, gaps: int, calls: int) -> bool:
        """Take in what happened since the last time; to be called several times a second.

        Args:
            now: monotonic seconds.
            lag_s: how late this very call is.
            gaps: gaps that callers have heard meanwhile, all calls together.
            calls: how many calls there are.

        Returns:
            Whether the level changed.
        """
        bucket = self._bucket(now)
        bucket.call_s += calls * (now - self._seen_at)
        bucket.gaps += gaps
        if lag_s > LAG_FREE_S:
            bucket.late_s += lag_s
        self._seen_at = now
        self._measure(calls)
        before, self.level = self.level, self._judge()
        return self.level is not before

    def _bucket(self, now: float) -> _Bucket:
        window_s = self._limits.window_s
        while now - self._buckets[0].began_at > window_s and len(self._buckets) > 1:
            self._buckets.popleft()
        if now - self._buckets[-1].began_at >= window_s / BUCKETS:
            self._buckets.append(_Bucket(now))
        return self._buckets[-1]

    def _measure(self, calls: int) -> None:
        window_s = self._limits.window_s
        late_s = sum(bucket.late_s for bucket in self._buckets)
        call_s = sum(bucket.call_s for bucket in self._buckets)
        gaps = sum(bucket.gaps for bucket in self._buckets)
        self.late_share = min(1.0, late_s / window_s)
        self.gaps_per_minute = gaps * 60 / max(call_s, window_s * max(calls, 1))

    def _judge(self) -> LoadLevel:
        load, high = self.load, self._limits.high_share
        if load >= (LEAVE_SHARE if self.level is LoadLevel.OVERLOADED else 1):
            return LoadLevel.OVERLOADED
        if load >= (high if self.level is LoadLevel.NORMAL else high * LEAVE_SHARE):
            return LoadLevel.HIGH
        return LoadLevel.NORMAL


def _relative(value: float, limit: float) -> float:
    return value / limit if limit else 0.0
