"""How much a quantity grows per call: the median of all slopes between two looks. Pure."""

from collections.abc import Sequence
from itertools import combinations
from statistics import median

Point = tuple[int, int]
"""How many calls there had been, and the quantity then."""


def growth(points: Sequence[Point]) -> float:
    """Return the growth per call; 0 for fewer than two looks at different times.

    The estimator of Theil and Sen: a step of an allocator, or one odd look, does not move it,
    which a least-squares line would follow.
    """
    slopes = [
        (later - earlier) / (calls - before)
        for (before, earlier), (calls, later) in combinations(points, 2)
        if calls != before
    ]
    return median(slopes) if slopes else 0.0


def latter(points: Sequence[Point], calls: int) -> list[Point]:
    """Return the points of the last so many calls."""
    last = points[-1][0] if points else 0
    return [point for point in points if point[0] >= last - calls]
