"""How loud a frame is, in the unit in which echo is judged.

Owns the measure and its scale. Pure. The level is the sum of the square roots of the
magnitudes of a frame's samples: it grows with the gain of a line as an energy does, a single
peak weighs less in it, and 8 bits a sample reach from a line's hiss to its loudest sound.
The rest of the echo guard talks to it.
"""

import math
from typing import Final

from media import g711
from media.frame import FRAME_BYTES

SAMPLED: Final = 2
"""Every so manyth sample is looked at: the level of a frame is a matter of decibels. Of every
fourth one a steady tone may show only its zeros."""

_TOP: Final = 255
_LOUDEST: Final = 32_124.0  # the largest magnitude of G.711 µ-law
_SCALE: Final = _TOP / _LOUDEST**0.5
_ROOTS: Final = bytes(
    round(abs(int(sample)) ** 0.5 * _SCALE) for sample in g711.decode(bytes(range(256)))
)

MAX_LEVEL: Final = _TOP * FRAME_BYTES
"""The level of a frame that is as loud as µ-law can be."""


def level(payload: bytes) -> int:
    """Return the level of a frame: 0 for digital silence, at most `MAX_LEVEL` for 160 bytes."""
    return SAMPLED * sum(payload[::SAMPLED].translate(_ROOTS))


def level_of(magnitude: float) -> float:
    """Return the level of a frame whose samples all have this magnitude, in 16-bit units."""
    return math.sqrt(magnitude) * _SCALE * FRAME_BYTES


def ratio_of(decibels: float) -> float:
    """Return the ratio of two levels whose sounds are so many decibels apart."""
    return math.pow(10.0, decibels / 40.0)  # 20 for amplitudes, twice that for their roots


QUIET: Final = 0.5 * level_of(144.0)
"""Level below which a frame is no evidence of a voice on any line: the detector's floor is a
mean magnitude of 144, and the mean of a voice's roots lies at most 6 dB below that (a sound
with a quarter of its samples in pulses)."""
