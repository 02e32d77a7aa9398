"""Speech that has been synthesised but not yet handed to TX. Pure bytes, bounded.

A reply longer than TX's mailbox would lose its beginning if it were pushed at once, so the
surplus waits here, in the agent, until TX asks for more.
"""

from media.frame import FRAME_BYTES, SILENCE_FRAME


class SpeechBuffer:
    """Takes audio of any length, gives out whole frames."""

    __slots__ = ("_audio", "_max_bytes", "_read")

    def __init__(self, max_frames: int) -> None:
        """Make an empty buffer that holds at most so many frames."""
        self._audio = bytearray()
        self._read = 0
        self._max_bytes = max_frames * FRAME_BYTES

    @property
    def frames(self) -> int:
        """How many whole frames wait."""
        return (len(self._audio) - self._read) // FRAME_BYTES

    def append(self, audio: bytes) -> bool:
        """Add audio.

        Returns:
            False if it did not all fit; what did fit was taken.
        """
        self._forget_what_was_read()
        room = self._max_bytes - len(self._audio)
        self._audio += audio[:room]
        return len(audio) <= room

    def pad(self) -> None:
        """Fill the last frame up with silence: nothing more comes to complete it."""
        rest = (len(self._audio) - self._read) % FRAME_BYTES
        if rest:
            self._audio += SILENCE_FRAME[rest:]

    def take(self) -> bytes:
        """Take the next frame; call only while `frames` is not 0."""
        start = self._read
        self._read = start + FRAME_BYTES
        return bytes(self._audio[start : self._read])

    def _forget_what_was_read(self) -> None:
        if self._read:
            del self._audio[: self._read]
            self._read = 0
