"""Changes the sampling rate of a stream of audio by a ratio of whole numbers.

Owns: the filter and the few samples of history of one stream. Pure: no clock, no I/O. Never
touches levels or µ-law. The espeak worker comes down to the telephone's rate with it, the
recogniser's worker goes up to its model's rate.
"""

from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

PASSBAND: Final = 0.9
"""Cut-off as a part of the lower Nyquist frequency: 3600 Hz of 4000 Hz."""

KAISER_BETA: Final = 6.0
"""Window shape: about 63 dB of stop band (Kaiser 1974: beta = 0.1102 (A - 8.7))."""

ZERO_CROSSINGS: Final = 20
"""Length of the sinc on each side of its middle; about 600 Hz of transition at 8000 Hz."""


def _phases(up: int, down: int) -> NDArray[np.float32]:
    """The filter as `up` rows; row p makes outputs that lie p/up after an input sample."""
    cutoff = PASSBAND / max(up, down)
    taps = int(np.ceil(2 * ZERO_CROSSINGS / cutoff / up))
    t = np.arange(taps * up) - (taps * up - 1) / 2
    prototype = np.sinc(t * cutoff) * np.kaiser(taps * up, KAISER_BETA)
    rows = prototype.reshape(taps, up).T[:, ::-1]
    gains = rows.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(rows / gains, dtype=np.float32)


class Resampler:
    """Resamples one stream, chunk by chunk; the chunking does not change the result.

    Args:
        in_hz: rate of what is pushed.
        out_hz: rate of what comes back.
    """

    __slots__ = ("_down", "_history", "_next", "_phases", "_up")

    def __init__(self, in_hz: int, out_hz: int) -> None:
        divisor = gcd(in_hz, out_hz)
        self._up = out_hz // divisor
        self._down = in_hz // divisor
        self._phases = _phases(self._up, self._down)
        self._history = np.zeros(self._phases.shape[1] - 1, dtype=np.float32)
        self._next = 0

    @property
    def delay_samples(self) -> int:
        """How far the output lags behind, in input samples."""
        return int(self._phases.shape[1]) // 2

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Resample the next samples; returns those outputs that they complete."""
        span = len(samples) * self._up
        places = np.arange(self._next, span, self._down)
        self._next += len(places) * self._down - span
        held = np.concatenate((self._history, samples))
        self._history = held[len(samples) :]
        if not len(places):
            return np.empty(0, dtype=np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(held, self._phases.shape[1])
        rows = self._phases[places % self._up]
        out: NDArray[np.float32] = np.einsum("ij,ij->i", windows[places // self._up], rows)
        return out

    def flush(self) -> NDArray[np.float32]:
        """Push silence until the last real sample has come out."""
        return self.push(np.zeros(self.delay_samples, dtype=np.float32))
