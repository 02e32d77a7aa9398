"""Makes the audio of what a caller does in a scenario: words, noises, loudness.

Pure, but for the voice, which somebody else brings: texts in, µ-law out. Everything is
8000 Hz µ-law. Talked to by `play`; the voice of the command line is `play_voice`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media import g711
from media.frame import BYTES_PER_MS, FRAME_BYTES, SAMPLE_RATE_HZ, SILENCE_BYTE
from phone.loudness import voiced_range
from phone.scenario import Act, MakeNoise, PlayWav, SayText

Voice = Callable[[Sequence[str], str], Sequence[bytes]]
"""Speaks texts in a language (a BCP 47 tag); may block, raises `PhoneError`."""

_SEED: Final = 1
"""Every cough is the same cough, so that a scenario can be repeated."""

_CLIP: Final = 32_000.0


def _envelope(ms: int, attack_ms: int) -> NDArray[np.float64]:
    """A quick rise and a slow fall, as a cough or a knock has."""
    count, rise = ms * BYTES_PER_MS, attack_ms * BYTES_PER_MS
    fall = np.exp(-3.0 * np.arange(count - rise) / (count - rise))
    return np.concatenate([np.linspace(0.0, 1.0, rise), fall])


def _cough() -> bytes:
    """250 ms of noise whose high parts are damped: about -20 dBov at first."""
    noise = np.random.default_rng(_SEED).normal(0.0, 1.0, 250 * BYTES_PER_MS)
    dull = np.convolve(noise, np.ones(4) / 2.0, "same")
    return _mulaw(dull * 4000.0 * _envelope(250, 10))


def _knock() -> bytes:
    """80 ms of a damped 180 Hz thump."""
    t = np.arange(80 * BYTES_PER_MS) / SAMPLE_RATE_HZ
    return _mulaw(np.sin(2 * np.pi * 180.0 * t) * 12_000.0 * _envelope(80, 3))


def _hum() -> bytes:
    """400 ms of a closed mouth's hum at 130 Hz: a voice without words."""
    t = np.arange(400 * BYTES_PER_MS) / SAMPLE_RATE_HZ
    wave = sum(np.sin(2 * np.pi * 130.0 * number * t) / number**1.2 for number in range(1, 8))
    return _mulaw(np.asarray(wave) * 4000.0 * np.minimum(1.0, _envelope(400, 40) * 3.0))


def _mulaw(wave: NDArray[np.float64]) -> bytes:
    return g711.encode(np.clip(wave, -_CLIP, _CLIP).astype(np.int16))


NOISES: Final[Mapping[str, Callable[[], bytes]]] = {
    "cough": _cough,
    "knock": _knock,
    "hum": _hum,
}
"""Sounds without words, by the name in the file."""


def sound_of(act: Act, spoken: Mapping[str, bytes], gain_db: float) -> bytes:
    """The audio of what the caller does; empty for what makes no sound.

    Args:
        act: what is done.
        spoken: the audio of every text.
        gain_db: added to its level.
    """
    match act:
        case SayText(parts):
            audio = b"".join(_part(part, spoken) for part in parts)
        case PlayWav(audio=audio):
            pass
        case MakeNoise(name):
            audio = NOISES[name]()
        case _:
            return b""
    return louder(audio, gain_db)


def louder(audio: bytes, gain_db: float) -> bytes:
    """Change the level of µ-law audio."""
    if not gain_db:
        return audio
    return _mulaw(g711.decode(audio).astype(np.float64) * 10.0 ** (gain_db / 20.0))


def audible(audio: bytes) -> tuple[int, int]:
    """First and one past the last audible sample; all of it when nothing is loud."""
    edges = [
        (at + voiced[0], at + voiced[1])
        for at in range(0, len(audio), FRAME_BYTES)
        if (voiced := voiced_range(audio[at : at + FRAME_BYTES])) is not None
    ]
    return (edges[0][0], edges[-1][1]) if edges else (0, len(audio))


def _part(part: str | float, spoken: Mapping[str, bytes]) -> bytes:
    if isinstance(part, str):
        return spoken[part]
    return bytes([SILENCE_BYTE]) * (int(part) * BYTES_PER_MS)
