"""Records a call as a stereo WAV: the caller left, the agent as played out right.

Both channels begin when the stream begins, so that a sample's index is its time. Audio is
written as it comes, a second at a time; memory does not grow with the call. PCM16, 8000 Hz.
Talked to by `line`.
"""

import wave
from pathlib import Path
from typing import Final

import numpy as np

from media import g711
from media.frame import SAMPLE_RATE_HZ, SILENCE_BYTE
from phone.errors import PhoneError

BLOCK_BYTES: Final = SAMPLE_RATE_HZ
"""µ-law bytes of each channel that are written together (1 s)."""


class Recorder:
    """One recording."""

    def __init__(self, path: Path) -> None:
        """Create the file.

        Raises:
            PhoneError: it cannot be written.
        """
        self.path = path
        self._caller = bytearray()
        self._agent = bytearray()
        try:
            self._disk = path.open("wb")
        except OSError as error:
            raise PhoneError(f"{path}: {error.strerror or error}") from None
        self._file = wave.open(self._disk, "wb")  # noqa: SIM115 - closed by close()
        self._file.setparams((2, 2, SAMPLE_RATE_HZ, 0, "NONE", "not compressed"))

    def add(self, caller: bytes, agent: bytes) -> None:
        """Append what either side said; the two need not be equally long."""
        self._caller += caller
        self._agent += agent
        if min(len(self._caller), len(self._agent)) >= BLOCK_BYTES:
            self._write(min(len(self._caller), len(self._agent)))

    def close(self) -> None:
        """Write the rest, the shorter side filled up with silence. Calling twice is harmless."""
        if self._disk.closed:
            return
        length = max(len(self._caller), len(self._agent))
        filler = bytes([SILENCE_BYTE])
        self._caller += filler * (length - len(self._caller))
        self._agent += filler * (length - len(self._agent))
        with self._disk, self._file:
            self._write(length)

    def _write(self, length: int) -> None:
        sides = (self._caller, self._agent)
        stereo = np.stack([g711.decode(bytes(side[:length])) for side in sides], axis=1)
        self._file.writeframesraw(stereo.astype("<i2").tobytes())
        for side in sides:
            del side[:length]
