"""What the Google engine has seen since it was made: plain numbers, for metrics and tests.

Owns nothing else. The recogniser, its streams and its requests count here.
"""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class GoogleCounters:
    """Counts; only ever growing."""

    opened: int = 0
    """Streams that said `StreamOpened`."""

    ended: Counter[str] = field(default_factory=Counter[str])
    """Streams that said `StreamEnded`, by status: a handful of names."""

    cancelled: int = 0
    """Streams given up by their owner, which heard no end."""

    refusals: int = 0
    """Rungs of the ladder that were stepped down from."""

    overflows: int = 0
    """Streams ended because their audio was not taken for 15 s."""

    late_writes: int = 0
    """Pieces of audio dropped because their stream was over already."""

    other_events: int = 0
    """Speech events that mean nothing to us."""

    requests: int = 0
    """Single requests asked for."""

    failed_requests: int = 0
    """Single requests answered by a failure."""

    replaced_channels: int = 0
    """Connections given up because nothing came back on them."""
