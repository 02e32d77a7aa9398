"""A synthesiser that hums: the same text is always the same bytes, at once.

Owns: `ToneSynthesizer`. Each letter is 60 ms of a quiet vowel, each space 60 ms of silence,
so length and rhythm are near those of speech and a recogniser's voice activity reacts to
it. Never speaks a language. Tests and load tests use it in place of a real engine.
"""

from typing import Final

import numpy as np

from media import g711
from media.frame import BYTES_PER_MS, SAMPLE_RATE_HZ, SILENCE_BYTE
from speech.finished import FINISHED
from speech.ports import AudioChunk, Cancellable, SynthesisDone, SynthesisFailed, SynthesisSink

CHARACTER_MS: Final = 60
"""Length of one character: 16 characters a second, near the pace of real speech."""

CHUNK_BYTES: Final = 400 * BYTES_PER_MS
"""Audio handed over at once: 0.4 s."""

MAX_TEXT_CHARS: Final = 2000
"""Longest text taken: two minutes of tone, just under 1 MB."""

_PERIOD_SAMPLES: Final = 60
"""One pitch period: 133 Hz; eight of them fill a character exactly."""

_FORMANTS_HZ: Final = ((500.0, 90.0), (1500.0, 120.0))
"""Centre and width of the two resonances of a neutral vowel."""

_PEAK: Final = 4000.0
"""Loudest sample: about -18 dBov at the peak, -27 dBov on average."""


def _character() -> bytes:
    periods = CHARACTER_MS * BYTES_PER_MS // _PERIOD_SAMPLES
    t = np.arange(_PERIOD_SAMPLES) / SAMPLE_RATE_HZ
    wave = np.zeros(_PERIOD_SAMPLES)
    for harmonic in range(1, 26):
        hz = harmonic * SAMPLE_RATE_HZ / _PERIOD_SAMPLES
        gain = sum(1 / (1 + ((hz - centre) / width) ** 2) for centre, width in _FORMANTS_HZ)
        wave += gain * np.sin(2 * np.pi * hz * t)
    pcm16 = (wave / np.abs(wave).max() * _PEAK).astype(np.int16)
    return g711.encode(np.tile(pcm16, periods))


_VOWEL: Final = _character()
_SPACE: Final = bytes([SILENCE_BYTE]) * len(_VOWEL)


def tone(text: str) -> bytes:
    """The µ-law audio of a text: 480 bytes for each character."""
    return b"".join(_VOWEL if character.isalnum() else _SPACE for character in text)


class ToneSynthesizer:
    """Implements `speech.ports.Synthesizer` with `tone()`.

    Args:
        language: the tag to report.
    """

    name = "tone"
    about = "synthesiser tone: hums instead of speaking"

    def __init__(self, *, language: str = "en-US") -> None:
        self.language = language

    async def start(self) -> None:
        """Nothing to get ready."""

    async def aclose(self) -> None:
        """Nothing to let go of."""

    def synthesize(self, text: str, sink: SynthesisSink) -> Cancellable:
        """Hum a text of at most 2000 characters; all of it reaches the sink at once."""
        if len(text) > MAX_TEXT_CHARS:
            sink(SynthesisFailed(f"text: {len(text)} characters, at most {MAX_TEXT_CHARS}"))
            return FINISHED
        audio = tone(text)
        for start in range(0, len(audio), CHUNK_BYTES):
            sink(AudioChunk(audio[start : start + CHUNK_BYTES]))
        sink(SynthesisDone())
        return FINISHED
