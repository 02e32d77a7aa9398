"""Tells utterances from quiet by loudness alone, straight on µ-law bytes.

Owns: the state of one stream (what is being said, where it is). Pure: no clock, no I/O.
Never decodes to PCM (a table look-up and a sum, about 1 µs a frame) and never tells speech
from other loud sound. The instant recogniser uses it; engines that must tell a voice from
a noise use `media.voice_activity`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from media import g711
from media.frame import FRAME_BYTES, FRAME_MS

MAX_UTTERANCE_FRAMES: Final = 750
"""15 s: a longer utterance is closed there; it bounds the audio held for one stream."""

MIN_VOICED_FRAMES: Final = 5
"""100 ms: anything shorter is a click and no utterance."""

LOUD_MEAN: Final = 256
"""Mean amplitude from which a frame is loud: about -42 dBov."""

_STEP: Final = 32
"""Amplitude units of one level in the table: 255 levels reach a quarter of full scale."""


def _level_table() -> bytes:
    amplitudes = np.abs(g711.decode(bytes(range(256))).astype(np.int32))
    return bytes(np.minimum(amplitudes // _STEP, 255).astype(np.uint8))


_LEVELS: Final = _level_table()
_LOUD_SUM: Final = LOUD_MEAN // _STEP * FRAME_BYTES


def is_loud(frame: bytes) -> bool:
    """Whether a 160-byte µ-law frame is loud enough to be a voice."""
    return sum(frame.translate(_LEVELS)) >= _LOUD_SUM


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech that has ended."""

    audio: bytes
    """µ-law, from the first loud frame to the last one; at most 15 s."""

    end_ms: int
    """Where the last loud frame ended: milliseconds since the gate's first byte."""


class EnergyGate:
    """Splits one stream of µ-law audio into utterances.

    Args:
        quiet_ms: quiet after which an utterance has ended, in milliseconds.
    """

    __slots__ = ("_audio", "_end_frame", "_frames", "_loud_end", "_quiet", "_rest", "voiced_frames")

    def __init__(self, quiet_ms: int) -> None:
        self._quiet = max(1, quiet_ms // FRAME_MS)
        self._rest = b""
        self._audio = bytearray()
        self._frames = 0
        self._end_frame = 0
        self._loud_end = 0
        self.voiced_frames = 0
        """Loud frames in the utterance under way; 0 between utterances."""

    @property
    def audio(self) -> bytes:
        """µ-law audio of the utterance under way."""
        return bytes(self._audio)

    def push(self, audio: bytes) -> Iterator[Utterance | None]:
        """Take audio of any length; yields once for each whole frame in it."""
        if len(audio) == FRAME_BYTES and not self._rest:
            yield self._step(audio)
            return
        held = self._rest + audio
        whole = len(held) - len(held) % FRAME_BYTES
        self._rest = held[whole:]
        for start in range(0, whole, FRAME_BYTES):
            yield self._step(held[start : start + FRAME_BYTES])

    def _step(self, frame: bytes) -> Utterance | None:
        self._frames += 1
        if is_loud(frame):
            self.voiced_frames += 1
            self._end_frame = self._frames
            self._audio += frame
            self._loud_end = len(self._audio)
        elif self._audio:
            self._audio += frame
        else:
            return None
        quiet = self._frames - self._end_frame
        full = len(self._audio) >= MAX_UTTERANCE_FRAMES * FRAME_BYTES
        return self._take() if quiet >= self._quiet or full else None

    def _take(self) -> Utterance | None:
        voiced, self.voiced_frames = self.voiced_frames, 0
        audio = bytes(self._audio[: self._loud_end])
        self._audio.clear()
        if voiced < MIN_VOICED_FRAMES:
            return None
        return Utterance(audio, self._end_frame * FRAME_MS)
