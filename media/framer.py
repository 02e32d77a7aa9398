"""Cutting: payloads of any length become frames of exactly 160 bytes.

Twilio's payload size and cadence are not contractual (twilio.com/docs/voice/media-streams/
websocket-messages), the call path's frame is. Owns the rest of less than a frame between
two payloads. It holds no clock: the media timestamps it is given decide what belongs
together. It never drops a byte; what it adds is silence. The media socket talks to it.
"""

from typing import Final

from media.frame import BYTES_PER_MS, FRAME_BYTES, FRAME_MS, SILENCE_FRAME

TimedFrame = tuple[bytes, int]
"""A frame of 160 bytes and the media time of its first byte in milliseconds."""

TOLERANCE_MS: Final = FRAME_MS
"""A payload that starts further than this from where the last one ended is not its sequel."""

_TOLERANCE_BYTES: Final = TOLERANCE_MS * BYTES_PER_MS


class Framer:
    """Re-frames one track of one call. Holds at most 159 bytes."""

    __slots__ = ("_rest", "_rest_at")

    def __init__(self) -> None:
        self._rest = b""
        self._rest_at = 0  # media time of the rest in bytes, exact where milliseconds are not

    @property
    def held_bytes(self) -> int:
        """Bytes waiting for the next payload: 0 to 159."""
        return len(self._rest)

    def push(self, payload: bytes, timestamp_ms: int) -> tuple[TimedFrame, ...]:
        """Take the next payload and return the frames that it completes, in order.

        A payload of one frame with nothing held comes back as the same object.

        Args:
            payload: µ-law bytes, any length; empty changes nothing.
            timestamp_ms: media time of the first byte.
        """
        if not self._rest and len(payload) == FRAME_BYTES:
            return ((payload, timestamp_ms),)
        if not payload:
            return ()
        position = timestamp_ms * BYTES_PER_MS
        if not self._rest:
            return self._cut(payload, position)
        if abs(position - self._rest_at - len(self._rest)) > _TOLERANCE_BYTES:
            return self.flush() + self._cut(payload, position)
        return self._cut(self._rest + payload, self._rest_at)

    def flush(self) -> tuple[TimedFrame, ...]:
        """Return what is held, filled up with silence: one frame or none."""
        if not self._rest:
            return ()
        padding = SILENCE_FRAME[len(self._rest) :]
        frame = (self._rest + padding, self._rest_at // BYTES_PER_MS)
        self._rest = b""
        return (frame,)

    def _cut(self, audio: bytes, position: int) -> tuple[TimedFrame, ...]:
        """Return the whole frames of audio that starts at a position; hold the rest."""
        whole = len(audio) - len(audio) % FRAME_BYTES
        self._rest = audio[whole:]
        self._rest_at = position + whole
        return tuple(
            (audio[at : at + FRAME_BYTES], (position + at) // BYTES_PER_MS)
            for at in range(0, whole, FRAME_BYTES)
        )
