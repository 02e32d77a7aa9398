"""A recogniser without a model: activity, growing partials and finals, out of the stamps.

Owns one stream's hearing, in the rhythm of a streaming service: activity begins with the
first voiced frame, a partial follows every word heard whole, a final comes after some
quiet, together with the end of the activity. A word with a frame missing is never heard.
Pure: time is counted in frames. Used in process by `stamped_recognizer`, and over gRPC by
the emulator.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from media import g711
from media.frame import FRAME_BYTES, FRAME_MS
from speech import ports
from tests.support.stamped_frame import Stamp
from tests.support.stamped_track import Track

QUIET_MS: Final = 300
"""Default of the quiet that ends an utterance."""

STABILITY: Final = 0.9
"""Of a partial: services give this to words that are likely to stay."""

LOUD_MAGNITUDE: Final = 300
"""Sample above which audio without stamps is loud: twice the floor of the border's detector."""

HeardEvent = ports.SpeechActivity | ports.Partial | ports.Final
Heard = Sequence[HeardEvent]

_NOTHING: Final[Heard] = ()
_LOUD_CODES: Final = bytes(
    code
    for code, sample in enumerate(g711.decode(bytes(range(256))).tolist())
    if abs(sample) >= LOUD_MAGNITUDE
)


class Hearing:
    """What one stream hears.

    Args:
        quiet_ms: quiet after which an utterance has ended.
    """

    def __init__(self, quiet_ms: int = QUIET_MS) -> None:
        self.track = Track()
        """The exact frames."""
        self.finals: list[ports.Final] = []
        self._quiet_limit = max(1, quiet_ms // FRAME_MS)
        self._quiet = 0
        self._active = False
        self._told = 0
        self._voice_end = 0

    @property
    def active(self) -> bool:
        """Whether it is between the beginning and the end of an activity."""
        return self._active

    @property
    def heard_ms(self) -> float:
        """Milliseconds of audio so far."""
        return float(self.track.frames * FRAME_MS)

    @property
    def untold(self) -> list[str]:
        """The words of the utterance under way: no final has told of them yet."""
        return self.track.words[self._told :]

    def push(self, payload: bytes) -> Heard:
        """Hear the next frame of 160 bytes; returns what a service would say now."""
        words = len(self.track.words)
        stamp = self.track.push(payload)
        if is_voice(payload, stamp):
            return tuple(self._voiced(new_word=len(self.track.words) > words))
        if not self._active:
            return _NOTHING
        self._quiet += 1
        return self.flush() if self._quiet >= self._quiet_limit else _NOTHING

    def flush(self) -> Heard:
        """End the utterance under way, as at the end of the audio."""
        return tuple(self._ended()) if self._active else _NOTHING

    def _voiced(self, *, new_word: bool) -> Iterator[HeardEvent]:
        self._quiet = 0
        self._voice_end = self.track.frames
        if not self._active:
            self._active = True
            yield ports.SpeechActivity(began=True)
        if new_word:
            yield ports.Partial(" ".join(self.untold), STABILITY, self._voice_end_ms())

    def _ended(self) -> Iterator[HeardEvent]:
        self._active = False
        yield ports.SpeechActivity(began=False)
        if self.untold:
            final = ports.Final(" ".join(self.untold), self._voice_end_ms())
            self._told = len(self.track.words)
            self.finals.append(final)
            yield final

    def _voice_end_ms(self) -> float:
        return float(self._voice_end * FRAME_MS)


def is_voice(payload: bytes, stamp: Stamp | None) -> bool:
    """Whether a frame is heard as voice: by its stamp, or without one by its loudness."""
    if stamp is not None:
        return stamp.voiced
    quiet = len(payload.translate(None, _LOUD_CODES))
    return quiet < FRAME_BYTES // 2
