"""Takes the µ-law samples out of a WAV file, piece by piece as the file arrives.

Owns: the walk over the chunks of a RIFF container. Where the samples lie is read from the
file, never assumed: `fmt ` has more than one length, and chunks that carry no sound may stand
before and behind the samples. Audio without a container goes through untouched. Never decodes
a sample. Google's synthesiser uses it.

Source: Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft, 1991)
for RIFF, mmreg.h of the Windows SDK for the format tags.
"""

import struct
from dataclasses import dataclass
from typing import Final

from media.frame import SAMPLE_RATE_HZ

MULAW_TAG: Final = 0x0007
"""WAVE_FORMAT_MULAW."""

EXTENSIBLE_TAG: Final = 0xFFFE
"""WAVE_FORMAT_EXTENSIBLE: the tag itself begins the GUID at `_SUBFORMAT_AT`."""

MAX_CHUNK_BYTES: Final = 1 << 20
"""Longest chunk without sound that is walked over; a longer one is a broken file."""

_MAGIC: Final = b"RIFF"
_FORM: Final = b"WAVE"
_FORM_BYTES: Final = 12
_CHUNK_HEADER_BYTES: Final = 8
_FMT: Final = struct.Struct("<HHIIHH")
_SUBFORMAT_AT: Final = 24
_OPEN_SIZES: Final = (0, 0xFFFF_FFFF)
"""What writers put where they do not know the size of the samples yet."""


class RiffError(Exception):
    """Not a WAV file of µ-law, 8000 Hz, one channel. One line: what, and what was expected."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    size: int

    @property
    def padded(self) -> int:
        """Chunks begin at even offsets."""
        return self.size + self.size % 2


class RiffReader:
    """Reads one file, or, if that is allowed, one piece of audio without any container.

    Args:
        bare: whether the audio may come without a header.
    """

    __slots__ = ("_bare", "_bare_allowed", "_described", "_held", "_in_form", "_left", "_skip")

    def __init__(self, *, bare: bool = False) -> None:
        self._bare_allowed = bare
        self._held = bytearray()
        self._in_form = False
        self._bare = False
        self._described = False
        self._left: int | None = None  # samples to come; negative: to the end of the file
        self._skip = 0

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the file.

        Returns:
            The µ-law samples among them, perhaps none.

        Raises:
            RiffError: the file is broken, or holds something else than µ-law.
        """
        if self._bare:
            return data
        if self._left is not None:
            return self._samples(data)
        self._held += data
        return self._read_headers()

    def close(self) -> None:
        """Say that no more bytes come.

        Raises:
            RiffError: the file ended before its samples began.
        """
        if self._held and not self._bare and self._left is None:
            raise RiffError(f"WAV: ends after {len(self._held)} bytes, expected a data chunk")

    def _read_headers(self) -> bytes:
        if not self._in_form and not self._enter_form():
            return self._take_all() if self._bare else b""
        while len(self._held) >= self._skip + _CHUNK_HEADER_BYTES:
            del self._held[: self._skip]
            self._skip = 0
            name, size = struct.unpack_from("<4sI", self._held)
            chunk = _Chunk(name, size)
            if chunk.name == b"data":
                return self._begin_samples(chunk)
            if not self._read_chunk(chunk):
                break
        return b""

    def _enter_form(self) -> bool:
        if not _MAGIC.startswith(self._held[: len(_MAGIC)]):
            if not self._bare_allowed:
                raise RiffError("no WAV file, expected one")
            self._bare = True
            return False
        if len(self._held) < _FORM_BYTES:
            return False
        if not self._held.startswith(_FORM, 8):
            raise RiffError("RIFF: not a WAVE form, expected a WAV file")
        del self._held[:_FORM_BYTES]
        self._in_form = True
        return True

    def _read_chunk(self, chunk: _Chunk) -> bool:
        """Read `fmt `, or pass over another one; False while its bytes are not all here."""
        if chunk.size > MAX_CHUNK_BYTES:
            raise RiffError(f"WAV: a chunk of {chunk.size} bytes, at most {MAX_CHUNK_BYTES}")
        if chunk.name == b"fmt ":
            if len(self._held) < _CHUNK_HEADER_BYTES + chunk.size:
                return False
            _check_format(bytes(self._held[_CHUNK_HEADER_BYTES:][: chunk.size]))
            self._described = True
        self._skip = _CHUNK_HEADER_BYTES + chunk.padded
        return True

    def _begin_samples(self, chunk: _Chunk) -> bytes:
        if not self._described:
            raise RiffError("WAV: a data chunk first, expected a fmt chunk before it")
        del self._held[:_CHUNK_HEADER_BYTES]
        self._left = -1 if chunk.size in _OPEN_SIZES else chunk.size
        return self._samples(self._take_all())

    def _samples(self, data: bytes) -> bytes:
        """What of the data are samples: all of it where the size is not known."""
        if self._left is None or self._left < 0:
            return data
        samples = data[: self._left]
        self._left -= len(samples)
        return samples

    def _take_all(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held


def _check_format(body: bytes) -> None:
    if len(body) < _FMT.size:
        raise RiffError(f"WAV fmt: {len(body)} bytes, expected at least {_FMT.size}")
    tag, channels, rate_hz, _, _, bits = _FMT.unpack_from(body)
    if tag == EXTENSIBLE_TAG and len(body) >= _SUBFORMAT_AT + 2:
        (tag,) = struct.unpack_from("<H", body, _SUBFORMAT_AT)
    if (tag, channels, rate_hz, bits) != (MULAW_TAG, 1, SAMPLE_RATE_HZ, 8):
        raise RiffError(
            f"WAV fmt: format {tag}, {channels} channels, {rate_hz} Hz, {bits} bits;"
            f" expected {MULAW_TAG} (µ-law), 1, {SAMPLE_RATE_HZ}, 8"
        )
