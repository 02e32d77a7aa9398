"""Joins small pieces of audio, so that a chunk is worth a message.

Owns the audio held back, always less than the least length. Never waits: what is held back
goes out with the next piece or at the end. Engines that stream use it.
"""

from typing import Final

from media.frame import BYTES_PER_MS

LEAST_BYTES: Final = 100 * BYTES_PER_MS
"""Shortest chunk but for the last (`speech.ports.AudioChunk`)."""


class ChunkJoiner:
    """The pieces of one text."""

    __slots__ = ("_held", "total_bytes")

    def __init__(self) -> None:
        self._held = bytearray()
        self.total_bytes = 0
        """All audio taken so far."""

    def add(self, audio: bytes) -> bytes:
        """Take a piece; returns a chunk of 100 ms or more, or nothing yet."""
        self.total_bytes += len(audio)
        if not self._held and len(audio) >= LEAST_BYTES:
            return audio
        self._held += audio
        return self.rest() if len(self._held) >= LEAST_BYTES else b""

    def rest(self) -> bytes:
        """Return what is held back."""
        held, self._held = bytes(self._held), bytearray()
        return held
