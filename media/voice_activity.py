"""Voice activity: is the caller speaking, decided frame by frame.

Owns one call's detector: WebRTC's model of speech and noise in six bands, an energy floor
under it, and the onset and hangover that turn single frames into edges. It holds no clock:
time is counted in frames. It never looks at words or turns. It runs at the border, in the
media socket, so that barge-in and liveness work while the recogniser is down.
"""

from enum import Enum
from typing import Final, Protocol, cast

import webrtcvad

from media import g711
from media.frame import FRAME_BYTES, FRAME_MS, SAMPLE_RATE_HZ

AGGRESSIVENESS: Final = 3
"""WebRTC's mode, 0 to 3: 3 asks for the strongest evidence of speech."""

FLOOR_MAGNITUDE: Final = 144
"""Mean magnitude in 16-bit sample units below which a frame is never voice. White noise of
-45 dBov has it: above comfort noise and line hiss, below callers who can be understood."""

WARM_UP_FRAMES: Final = 5
"""Audible frames of a call that are never voice: until it has heard the line's noise, WebRTC's
model takes up to 5 frames of any hiss for speech, which would cut off every greeting."""

ONSET_MS: Final = 60
"""Default of the voice needed to begin."""

HANGOVER_MS: Final = 320
"""Default of the quiet needed to end. In noise above the floor WebRTC's model holds on for up
to 5 frames more (`kOverHangMax2` of its mode 3); in silence the floor lets go at once."""

MAX_SPAN_MS: Final = 10_000
"""Most that onset or hangover may be set to."""

_STEP: Final = 8
_LOUDNESS: Final = bytes(
    min(abs(int(sample)) // _STEP, 255) for sample in g711.decode(bytes(range(256)))
)
_FLOOR_SUM: Final = FLOOR_MAGNITUDE * FRAME_BYTES // _STEP


class VoiceEdge(Enum):
    """The moment a voice begins or has ended."""

    STARTED = "started"
    STOPPED = "stopped"


class _SpeechModel(Protocol):
    """What is used of the untyped `webrtcvad.Vad`."""

    def is_speech(self, buf: bytearray, sample_rate: int, length: int | None = None) -> bool: ...


class VoiceDetector:
    """Finds the edges of a caller's voice. About 1 KiB for each call, whatever is said."""

    def __init__(self, *, onset_ms: int = ONSET_MS, hangover_ms: int = HANGOVER_MS) -> None:
        self._onset_frames = _frames("onset_ms", onset_ms)
        self._hangover_frames = _frames("hangover_ms", hangover_ms)
        self._window_mask = (1 << (self._onset_frames + 1)) - 1
        self._model = cast("_SpeechModel", webrtcvad.Vad(AGGRESSIVENESS))
        self._cold_frames = WARM_UP_FRAMES
        self._window = 0
        self._quiet_frames = 0
        self._voiced = False
        self._speaking = False
        self._voiced_frames = 0

    @property
    def voiced(self) -> bool:
        """Whether the last frame was voice."""
        return self._voiced

    @property
    def speaking(self) -> bool:
        """Whether the caller is between `STARTED` and `STOPPED`."""
        return self._speaking

    @property
    def voiced_frames(self) -> int:
        """Frames of voice since the call began."""
        return self._voiced_frames

    def push(self, payload: bytes) -> VoiceEdge | None:
        """Judge the next frame of 160 bytes and return the edge it makes, if any.

        Raises:
            ValueError: the payload is not one frame.
        """
        self._voiced = voiced = self._is_voice(payload)
        self._voiced_frames += voiced
        self._window = ((self._window << 1) | voiced) & self._window_mask
        return self._ended(voiced=voiced) if self._speaking else self._began()

    def _is_voice(self, payload: bytes) -> bool:
        if len(payload) != FRAME_BYTES:
            raise ValueError(f"voice activity: expected {FRAME_BYTES} bytes, got {len(payload)}")
        # The model hears every frame, or it would not know the noise that speech stands out of.
        speech = self._model.is_speech(g711.decode_bytes(payload), SAMPLE_RATE_HZ, FRAME_BYTES)
        if not (speech or self._cold_frames):
            return False
        if sum(payload.translate(_LOUDNESS)) < _FLOOR_SUM:
            return False
        if self._cold_frames:
            self._cold_frames -= 1
            return False
        return speech

    def _began(self) -> VoiceEdge | None:
        if self._window.bit_count() < self._onset_frames:
            return None
        self._speaking = True
        self._quiet_frames = 0
        return VoiceEdge.STARTED

    def _ended(self, *, voiced: bool) -> VoiceEdge | None:
        self._quiet_frames = 0 if voiced else self._quiet_frames + 1
        if self._quiet_frames < self._hangover_frames:
            return None
        self._speaking = False
        self._window = 0
        return VoiceEdge.STOPPED


def _frames(name: str, span_ms: int) -> int:
    """Return a span of time in whole frames, rounded up."""
    if not 0 < span_ms <= MAX_SPAN_MS:
        raise ValueError(f"VoiceDetector {name}: expected 1 to {MAX_SPAN_MS}, got {span_ms}")
    return -(-span_ms // FRAME_MS)
