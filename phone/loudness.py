"""How loud µ-law audio is, and where in it there is voice, by energy alone.

Pure. A fixed threshold is right here: the audio is digital and free of room noise, so that
what is not speech is exact silence or close to it. Used live by `ear`, for files by
`listening`.
"""

import math
from typing import Final

import numpy as np

from media import g711
from media.frame import SILENCE_BYTE

FULL_SCALE: Final = 32768.0
"""0 dBov is the power of a constant signal of this amplitude."""

VOICE_DBOV: Final = -45.0
"""Power above which a frame counts as voice: 20-25 dB below usual telephone speech."""

_VOICE_AMPLITUDE: Final = FULL_SCALE * 10.0 ** (VOICE_DBOV / 20.0)
_SAMPLES: Final = g711.decode(bytes(range(256))).astype(np.float64)
_POWER: Final = _SAMPLES**2
_LOUD: Final = np.abs(_SAMPLES) >= _VOICE_AMPLITUDE
_MAX_AMPLITUDE: Final = float(np.abs(_SAMPLES).max())
_CLIPPED: Final = [code for code in range(256) if abs(_SAMPLES[code]) >= _MAX_AMPLITUDE]


def to_dbov(amplitude: float) -> float:
    """An amplitude (0 to 32768) in dBov; minus infinity for none."""
    return 20.0 * math.log10(amplitude / FULL_SCALE) if amplitude > 0.0 else -math.inf


def voiced_range(payload: bytes) -> tuple[int, int] | None:
    """First and one past the last loud sample; None when the payload holds no voice."""
    if payload.count(SILENCE_BYTE) == len(payload):
        return None
    codes = np.frombuffer(payload, np.uint8)
    if _POWER[codes].mean() < _VOICE_AMPLITUDE**2:
        return None
    loud = np.flatnonzero(_LOUD[codes])
    return int(loud[0]), int(loud[-1]) + 1


class Loudness:
    """The level of one direction of a call, over what is voiced in it."""

    def __init__(self) -> None:
        self.clipped_samples = 0
        self._power = 0.0
        self._samples = 0
        self._peak_power = 0.0

    def add(self, payload: bytes) -> tuple[int, int] | None:
        """Take the next audio; returns its `voiced_range`."""
        voiced = voiced_range(payload)
        if voiced is not None:
            power = _POWER[np.frombuffer(payload, np.uint8)]
            self._power += float(power.sum())
            self._samples += len(payload)
            self._peak_power = max(self._peak_power, float(power.max()))
            self.clipped_samples += sum(payload.count(code) for code in _CLIPPED)
        return voiced

    @property
    def rms_dbov(self) -> float:
        """Level of the voiced parts; minus infinity when there were none."""
        return to_dbov(math.sqrt(self._power / self._samples)) if self._samples else -math.inf

    @property
    def peak_dbov(self) -> float:
        """Loudest sample of the voiced parts."""
        return to_dbov(math.sqrt(self._peak_power))

    def as_json(self) -> dict[str, float | None]:
        """Levels in dBov (None for silence) and the number of clipped samples."""
        heard = self._samples > 0
        return {
            "rms_dbov": round(self.rms_dbov, 1) if heard else None,
            "peak_dbov": round(self.peak_dbov, 1) if heard else None,
            "clipped_samples": self.clipped_samples,
        }
