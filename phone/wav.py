"""Reads the WAV files a telephone deals with: 8000 Hz, µ-law or PCM16, one or two channels.

Written by hand because the standard library's `wave` refuses µ-law. Reads files only.
Format: Microsoft's "Multiple channel audio data and WAVE files", RIFF chunks.
"""

import struct
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media import g711
from media.frame import SAMPLE_RATE_HZ
from phone.errors import PhoneError

WAVE_FORMAT_PCM: Final = 1
WAVE_FORMAT_MULAW: Final = 7

MAX_WAV_BYTES: Final = 512 * 1024 * 1024
"""Longer than four hours of stereo PCM16; anything bigger is a mistake."""

_FORMAT: Final = struct.Struct("<HHIIHH")
_CHUNK: Final = struct.Struct("<4sI")


def read_channels(path: Path) -> list[NDArray[np.int16]]:
    """Read a file.

    Args:
        path: A WAV file of 8000 Hz, µ-law or 16 bit PCM.

    Returns:
        The samples of each channel.

    Raises:
        PhoneError: it cannot be read, or is of another format.
    """
    chunks = _chunks(_read(path), path)
    body, audio = chunks.get(b"fmt ", b""), chunks.get(b"data", b"")
    if len(body) < _FORMAT.size:
        raise PhoneError(f"{path}: no format chunk; expected a WAV file")
    code, channels, rate_hz, _, _, bits = _FORMAT.unpack_from(body)
    if rate_hz != SAMPLE_RATE_HZ or channels not in {1, 2}:
        raise PhoneError(f"{path}: {rate_hz} Hz, {channels} channels; expected 8000 Hz, 1 or 2")
    samples = _samples(code, bits, audio, path)
    whole = samples[: len(samples) // channels * channels].reshape(-1, channels)
    return [whole[:, index] for index in range(channels)]


def read_mulaw(path: Path) -> bytes:
    """Read the first channel of a file as µ-law; errors as `read_channels`."""
    return g711.encode(read_channels(path)[0])


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_WAV_BYTES:
            raise PhoneError(f"{path}: larger than {MAX_WAV_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise PhoneError(f"{path}: {error.strerror or error}") from None


def _chunks(data: bytes, path: Path) -> dict[bytes, bytes]:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise PhoneError(f"{path}: not a WAV file")
    found: dict[bytes, bytes] = {}
    offset = 12
    while offset + _CHUNK.size <= len(data):
        name, size = _CHUNK.unpack_from(data, offset)
        start = offset + _CHUNK.size
        found.setdefault(name, data[start : start + size])
        offset = start + size + size % 2
    return found


def _samples(code: int, bits: int, audio: bytes, path: Path) -> NDArray[np.int16]:
    if code == WAVE_FORMAT_MULAW and bits == 8:  # noqa: PLR2004 - G.711 has 8 bits
        return g711.decode(audio)
    if code == WAVE_FORMAT_PCM and bits == 16:  # noqa: PLR2004 - PCM16
        return np.frombuffer(audio[: len(audio) // 2 * 2], "<i2").astype(np.int16)
    raise PhoneError(f"{path}: format {code} with {bits} bits; expected µ-law or 16 bit PCM")
