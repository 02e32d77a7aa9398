"""Makes telephone audio of what a synthesiser's library speaks, chunk by chunk.

Owns: rate, level and the silence around one text. Pure: no clock, no I/O. Never looks at the
text. The espeak worker talks to it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from media import g711
from media.frame import BYTES_PER_MS, SAMPLE_RATE_HZ
from speech.resampler import Resampler

QUIET_BELOW: Final = 60.0
"""Samples below this magnitude are silence (16-bit units, about -55 dBov)."""

KEEP_LEADING: Final = 20 * BYTES_PER_MS
"""Silence left before the first sound: 20 ms."""

KEEP_TRAILING: Final = 60 * BYTES_PER_MS
"""Silence left after the last sound: 60 ms."""

KNEE: Final = 16_000.0
"""Magnitude from which peaks are bent instead of clipped: -6 dBov."""

CEILING: Final = 30_000.0
"""Magnitude that no peak reaches."""

COMFORT_NOISE: Final = 20.0
"""Greatest magnitude of the noise under the speech (about -69 dBov, inaudible). The pauses of a
synthesiser are digital silence; with it the line never sounds dead between two words, and a
recording shows the difference between a pause and audio that is missing."""

_SEED: Final = 711

_NOTHING: Final = np.empty(0, dtype=np.float32)


def limit(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Bend what is over the knee smoothly below the ceiling."""
    size = np.abs(samples)
    room = CEILING - KNEE
    bent = KNEE + room * np.tanh((size - KNEE) / room)
    return np.where(size > KNEE, np.sign(samples) * bent, samples).astype(np.int16)


class SpeechShaper:
    """Shapes one text's audio.

    Args:
        in_hz: the library's rate.
        gain: factor on its samples.
        noise: greatest magnitude of the comfort noise, the same for every text.
    """

    def __init__(self, in_hz: int, gain: float, noise: float = COMFORT_NOISE) -> None:
        self._gain = np.float32(gain)
        self._noise = noise
        self._random = np.random.default_rng(_SEED)
        self._resampler = Resampler(in_hz, SAMPLE_RATE_HZ)
        self._quiet: NDArray[np.float32] = _NOTHING
        self._begun = False

    def push(self, samples: NDArray[np.int16]) -> bytes:
        """Shape the next samples; returns µ-law, possibly none."""
        scaled = samples.astype(np.float32) * self._gain
        return self._pass_on(self._resampler.push(scaled))

    def flush(self) -> bytes:
        """The rest: the filter's tail and at most 60 ms of silence."""
        audio = self._pass_on(self._resampler.flush())
        if not self._begun:
            return audio
        trailing, self._quiet = self._quiet[:KEEP_TRAILING], _NOTHING
        return audio + self._encode(trailing)

    def _pass_on(self, samples: NDArray[np.float32]) -> bytes:
        """Hold back silence until it is known whether sound follows it."""
        held = np.concatenate((self._quiet, samples))
        loud = np.flatnonzero(np.abs(held) >= QUIET_BELOW)
        if not len(loud):
            self._quiet = held if self._begun else held[-KEEP_LEADING:]
            return b""
        start = 0 if self._begun else max(0, int(loud[0]) - KEEP_LEADING)
        end = int(loud[-1]) + 1
        self._begun = True
        self._quiet = held[end:]
        return self._encode(held[start:end])

    def _encode(self, samples: NDArray[np.float32]) -> bytes:
        noise = self._random.uniform(-self._noise, self._noise, len(samples)).astype(np.float32)
        return g711.encode(limit(samples + noise))
