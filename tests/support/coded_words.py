"""Caller speech of real words that a machine understands at any level: every word is a chord.

Owns the code: a word becomes some frames of a vowel with three tones in it, and such a frame
becomes the word again. The tones are odd multiples of 50 Hz and the vowel's even ones, so
that in a frame of 20 ms nothing leaks into a tone; only the tones' relation counts, so that
a quiet or a slightly echoing line does not matter, as it would to stamps. Without the vowel
WebRTC's model would take a long chord for noise. Words are spelt as they were said. Pure.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media import g711
from media.frame import FRAME_BYTES, SAMPLE_RATE_HZ, SILENCE_FRAME

_BIN_HZ: Final = SAMPLE_RATE_HZ // FRAME_BYTES
_BINS: Final = tuple(range(11, 58, 2))
"""550 to 2850 Hz, 100 Hz apart."""

_T: Final = np.arange(FRAME_BYTES) / SAMPLE_RATE_HZ
_CHORDS: Final = tuple(combinations(_BINS, 3))
_TONE: Final = 1000.0
"""Amplitude of each of a chord's tones."""

_VOWEL: Final = 4000.0
"""Peak of the vowel: with the chord about -23 dBov."""

_FORMANTS_HZ: Final = ((600.0, 90.0), (1200.0, 120.0))
"""Centre and width of the vowel's resonances."""

_HARMONICS: Final = 12

GAP_FRAMES: Final = 2
"""40 ms between two words."""

LEAST_FRAMES: Final = 4
"""Frames in a row that make a word."""

_LETTER_FRAMES: Final = 2
_SHORTEST_FRAMES: Final = 10
"""200 ms: shorter is no word that anybody says."""

_STANDS_OUT: Final = 2.0
"""How much louder each tone of a chord is than any other tone."""

_QUIETEST: Final = 40.0
"""Amplitude of a tone below which nothing is understood: -58 dBov."""


class Codebook:
    """The words that have been said, and their chords."""

    def __init__(self) -> None:
        self._chords: dict[str, tuple[int, int, int]] = {}
        self._words: dict[tuple[int, ...], str] = {}

    def speak(self, text: str) -> bytes:
        """Say a text: µ-law, with a little silence before and behind it."""
        gap = SILENCE_FRAME * GAP_FRAMES
        return gap + gap.join(self._frame(word) * _frames(word) for word in text.split()) + gap

    def voice(self, texts: Sequence[str], _language: str) -> list[bytes]:
        """Say several texts: a `phone.play_sounds.Voice`."""
        return [self.speak(text) for text in texts]

    def word_of(self, payload: bytes) -> str | None:
        """The word that a frame of 160 bytes is a part of."""
        if payload == SILENCE_FRAME:
            return None
        strength = np.abs(np.fft.rfft(g711.decode(payload)))[list(_BINS)] * 2 / FRAME_BYTES
        order = np.argsort(strength)
        if strength[order[-3]] < max(_QUIETEST, _STANDS_OUT * strength[order[-4]]):
            return None
        return self._words.get(tuple(sorted(_BINS[index] for index in order[-3:])))

    def _frame(self, word: str) -> bytes:
        chord = self._chords.get(word)
        if chord is None:
            # A stride coprime to their number: neighbours share no tones.
            chord = _CHORDS[len(self._chords) * 991 % len(_CHORDS)]
            self._chords[word] = chord
            self._words[chord] = word
        tones = sum(np.cos(2 * np.pi * _BIN_HZ * tone * _T) for tone in chord)
        return g711.encode((np.asarray(tones) * _TONE + _vowel()).astype(np.int16))


def _vowel() -> NDArray[np.float64]:
    wave = np.zeros(FRAME_BYTES)
    for number in range(1, _HARMONICS + 1):
        hz = 2.0 * _BIN_HZ * number
        gain = sum(1 / (1 + ((hz - centre) / width) ** 2) for centre, width in _FORMANTS_HZ)
        wave += gain * np.sin(2 * np.pi * hz * _T)
    return np.asarray(wave / np.abs(wave).max() * _VOWEL)


def _frames(word: str) -> int:
    return max(_SHORTEST_FRAMES, _LETTER_FRAMES * len(word))
