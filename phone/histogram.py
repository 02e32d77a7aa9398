"""Counts durations in millisecond bins, so that percentiles cost bounded memory.

Pure. The cadence of the server and the punctuality of the phone are kept in it.
"""

from typing import Final

BINS: Final = 2000
"""One bin a millisecond; what is longer falls into the last. The maximum stays exact."""


class Histogram:
    """A bounded collection of durations."""

    def __init__(self) -> None:
        self.bins = [0] * BINS
        self.count = 0
        self.max_ms = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration; a negative one counts as zero."""
        value_ms = seconds * 1000.0
        self.max_ms = max(self.max_ms, value_ms)
        index = int(value_ms)
        self.bins[0 if index < 0 else index if index < BINS else BINS - 1] += 1
        self.count += 1

    def percentile_ms(self, percent: float) -> float:
        """The duration that `percent` of all do not exceed, to the upper edge of its bin."""
        wanted = self.count * percent / 100.0
        seen = 0
        for index, count in enumerate(self.bins):
            seen += count
            if count and seen >= wanted:
                return self.max_ms if index == BINS - 1 else min(float(index + 1), self.max_ms)
        return 0.0

    def merge(self, other: "Histogram") -> None:
        """Add everything another one has counted."""
        self.bins = [mine + theirs for mine, theirs in zip(self.bins, other.bins, strict=True)]
        self.count += other.count
        self.max_ms = max(self.max_ms, other.max_ms)

    def as_json(self) -> dict[str, float]:
        """Count, median, 99th percentile and maximum, in milliseconds."""
        return {
            "count": self.count,
            "p50_ms": round(self.percentile_ms(50), 1),
            "p99_ms": round(self.percentile_ms(99), 1),
            "max_ms": round(self.max_ms, 1),
        }
