"""The line's echo: what the loudspeaker plays comes back into the microphone, later and weaker.

Pure; positions are samples since the stream began. Owns what was played and has not come back
yet. It colours nothing: delay and loss only. `stream` tells it what was played, the
microphone asks it what to send.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from media import g711
from media.frame import BYTES_PER_MS, SILENCE_BYTE

MIN_DELAY_MS: Final = 20
"""Shortest: what a tick has played comes back in the next one."""

LEAST_DB: Final = -96.0
"""Weakest echo: that of the loudest sound is nothing."""

MAX_DELAY_MS: Final = 5000
"""Longest way there and back."""

MAX_PLAYED_BYTES: Final = 2 * MAX_DELAY_MS * BYTES_PER_MS
"""Kept of what was played; older audio has come back or is lost."""

_CLIP: Final = 32_767


@dataclass(frozen=True, slots=True)
class EchoOptions:
    """How a line echoes."""

    delay_ms: int
    """From the loudspeaker to the microphone, `MIN_DELAY_MS` to `MAX_DELAY_MS`."""

    gain_db: float
    """Of the echo against what was played, 0 or less."""


def parse_echo(text: str) -> EchoOptions:
    """Read `DELAY_MS:DB`, such as `300:-12`.

    Raises:
        ValueError: it is not that.
    """
    delay, _, gain = text.partition(":")
    options = EchoOptions(int(delay), float(gain))
    delayed = MIN_DELAY_MS <= options.delay_ms <= MAX_DELAY_MS
    if not (delayed and LEAST_DB <= options.gain_db <= 0.0):
        raise ValueError(f"echo {text}: expected 20 to {MAX_DELAY_MS} ms and -96 to 0 dB")
    return options


class Echo:
    """The echo of one line."""

    def __init__(self, options: EchoOptions) -> None:
        self._delay = options.delay_ms * BYTES_PER_MS
        self._gain = 10.0 ** (options.gain_db / 20.0)
        self._played = bytearray()
        self._start = 0

    def played(self, audio: bytes) -> None:
        """Take what the loudspeaker played next."""
        self._played += audio
        self._forget(len(self._played) - MAX_PLAYED_BYTES)

    def mix(self, payload: bytes, position: int) -> bytes:
        """Return a frame of the caller's with the echo in it.

        Args:
            payload: µ-law, as spoken.
            position: of its first sample. Frames come in their order.
        """
        first = position - self._delay
        self._forget(first - self._start)
        echo = bytes(self._played[max(0, first - self._start) :][: len(payload)])
        missing = min(len(payload), max(0, self._start - first))
        echo = (bytes([SILENCE_BYTE]) * missing + echo)[: len(payload)]
        if echo.count(SILENCE_BYTE) == len(echo):
            return payload
        echo = echo.ljust(len(payload), bytes([SILENCE_BYTE]))
        mixed = g711.decode(payload) + g711.decode(echo) * self._gain
        return g711.encode(np.clip(np.rint(mixed), -_CLIP, _CLIP).astype(np.int16))

    def _forget(self, count: int) -> None:
        if count > 0:
            count = min(count, len(self._played))
            del self._played[:count]
            self._start += count
