"""The noise of a line, so that a noisy pause of the agent is not taken for a caller.

Owns the level of the quietest stretch lately heard. Pure. The echo guard talks to it.
"""

from typing import Final

from media.echo_level import QUIET, ratio_of
from media.echo_path import BLOCK_FRAMES

ABOVE_NOISE: Final = ratio_of(6.0)
"""Frames less than this above the line's noise are no evidence of a voice."""

RISE: Final = ratio_of(0.3)
"""How far the noise may rise in a block (2 dB a second): words have pauses, noise has none."""


class LineNoise:
    """Follows the noise of one line."""

    __slots__ = ("_noise", "floor")

    def __init__(self) -> None:
        self._noise: float | None = None
        self.floor = QUIET
        """Level below which a frame is no evidence of a voice."""

    def learn(self, heard: int) -> None:
        """Take the sum of the levels of the next `BLOCK_FRAMES` frames."""
        mean = heard / BLOCK_FRAMES
        # One more than nothing, or the noise could never rise from a block of digital silence.
        self._noise = mean if self._noise is None else min(self._noise * RISE + 1.0, mean)
        self.floor = max(QUIET, self._noise * ABOVE_NOISE)
