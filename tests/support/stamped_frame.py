"""Stamps: who spoke a frame, and which frame it is, hidden in the lowest bit of its bytes.

Owns the two directions: a stamp becomes the µ-law bytes of a frame, and those bytes become
the stamp again, or nothing where a single bit was changed on the way. To a listener words
and melodies are voice and everything else is quiet: the lowest bit of a µ-law code changes
a loud sample by a few per cent and silence by 8 of 32 768. Pure; keeps no state.
"""

import binascii
import struct
from dataclasses import dataclass
from enum import IntEnum
from itertools import starmap
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media import g711
from media.frame import FRAME_BYTES, SAMPLE_RATE_HZ, SILENCE_BYTE

MAGIC: Final = 0x5A3C

_LAYOUT: Final = struct.Struct(">HHIBBHBBHxx")
"""Magic, call, index, kind, language, word, position, length, utterance: 18 of the 20 bytes."""

_CHECK: Final = struct.Struct(">H")
_STAMP_BYTES: Final = FRAME_BYTES // 8


class Sound(IntEnum):
    """What a frame sounds like, and what it is part of."""

    PAUSE = 0
    """Quiet between utterances."""

    GAP = 1
    """Quiet between two words of an utterance."""

    WORD = 2
    """A part of a word."""

    MUSIC = 3
    """Voiced to the ear, without words: music on hold."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """One frame of a caller."""

    call: int
    """The caller's number, 0 to 65 535."""

    index: int
    """Frames since the caller's first."""

    sound: Sound
    hebrew: bool = False
    """The language of the word."""

    word: int = 0
    """Words of the call before this one."""

    position: int = 0
    """Frames of the word before this one."""

    length: int = 0
    """Frames of the whole word; 0 outside words."""

    utterance: int = 0
    """Utterances of the call before this one."""

    @property
    def voiced(self) -> bool:
        """Whether it is meant to be heard as voice."""
        return self.sound >= Sound.WORD


# --- what the kinds sound like --------------------------------------------------------

_PEAK: Final = 6000.0
"""Loudest sample: about -15 dBov at the peak, -24 dBov on average."""

_PITCH_SAMPLES: Final = 60
"""133 Hz; eight periods are three frames exactly, so that frames join without a click."""

_VOWELS_HZ: Final = (
    ((700.0, 90.0), (1100.0, 110.0), (2500.0, 160.0)),
    ((500.0, 80.0), (1800.0, 120.0), (2500.0, 160.0)),
    ((320.0, 70.0), (2200.0, 130.0), (2900.0, 180.0)),
    ((450.0, 80.0), (900.0, 100.0), (2400.0, 160.0)),
    ((330.0, 70.0), (800.0, 100.0), (2300.0, 160.0)),
)
"""Centre and width of the resonances of a, e, i, o and u (textbook values of a male voice)."""

_NOTES_HZ: Final = (262.0, 330.0, 392.0, 523.0, 440.0, 349.0, 294.0, 392.0)
_NOTE_FRAMES: Final = 12
_HARMONICS: Final = 12

_CLEAR: Final = bytes(code & 0xFE for code in range(256))
_LINE_NOISE: Final = bytes([SILENCE_BYTE & 0xFE]) * FRAME_BYTES


def _frames_of(wave: NDArray[np.float64]) -> tuple[bytes, ...]:
    pcm16 = (wave / np.abs(wave).max() * _PEAK).astype(np.int16)
    audio = g711.encode(pcm16).translate(_CLEAR)
    return tuple(audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES))


def _vowel(formants: tuple[tuple[float, float], ...]) -> tuple[bytes, ...]:
    t = np.arange(3 * FRAME_BYTES) / SAMPLE_RATE_HZ
    wave = np.zeros(len(t))
    for harmonic in range(1, 28):
        hz = harmonic * SAMPLE_RATE_HZ / _PITCH_SAMPLES
        gain = sum(1 / (1 + ((hz - centre) / width) ** 2) for centre, width in formants)
        wave += gain * np.sin(2 * np.pi * hz * t)
    return _frames_of(wave)


def _note(hz: float) -> NDArray[np.float64]:
    t = np.arange(_NOTE_FRAMES * FRAME_BYTES) / SAMPLE_RATE_HZ
    tremolo = 1 + 0.5 * np.sin(2 * np.pi * 6.0 * t)
    overtones = starmap(
        lambda number, at: np.sin(2 * np.pi * hz * number * at) / number,
        ((number, t) for number in range(1, _HARMONICS)),
    )
    return np.asarray(tremolo * sum(overtones), dtype=np.float64)


_VOICES: Final = tuple(_vowel(formants) for formants in _VOWELS_HZ)
_MELODY: Final = _frames_of(np.concatenate([_note(hz) for hz in _NOTES_HZ]))


def _carrier(stamp: Stamp) -> bytes:
    """The sound of a frame, with the lowest bit of every byte still free."""
    if stamp.sound is Sound.WORD:
        return _VOICES[stamp.word % len(_VOICES)][stamp.index % 3]
    if stamp.sound is Sound.MUSIC:
        return _MELODY[stamp.index % len(_MELODY)]
    return _LINE_NOISE


# --- both directions ------------------------------------------------------------------


def payload_of(stamp: Stamp) -> bytes:
    """Make the 160 µ-law bytes of a frame; equal stamps are equal bytes.

    Raises:
        struct.error: a number does not fit.
    """
    content = _LAYOUT.pack(
        MAGIC,
        stamp.call,
        stamp.index,
        stamp.sound,
        stamp.hebrew,
        stamp.word,
        stamp.position,
        stamp.length,
        stamp.utterance,
    )
    bits = np.unpackbits(np.frombuffer(content + _check(content), np.uint8))
    return (np.frombuffer(_carrier(stamp), np.uint8) | bits).tobytes()


def stamp_of(payload: bytes) -> Stamp | None:
    """Read the stamp of a frame; None unless all 160 bytes are as they were made."""
    if len(payload) != FRAME_BYTES:
        return None
    hidden = np.packbits(np.frombuffer(payload, np.uint8) & 1).tobytes()
    content = hidden[: _LAYOUT.size]
    if hidden[_LAYOUT.size :] != _check(content):
        return None
    magic, call, index, sound, hebrew, word, position, length, utterance = _LAYOUT.unpack(content)
    if magic != MAGIC or sound > Sound.MUSIC:
        return None
    stamp = Stamp(call, index, Sound(sound), bool(hebrew), word, position, length, utterance)
    return stamp if payload.translate(_CLEAR) == _carrier(stamp) else None


def _check(content: bytes) -> bytes:
    return _CHECK.pack(binascii.crc_hqx(content, MAGIC))


assert _LAYOUT.size + _CHECK.size == _STAMP_BYTES
