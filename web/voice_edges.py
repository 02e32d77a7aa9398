"""The caller's voice as edges in time: when it began, when it ended.

Owns one call's voice detector and adds what that lacks on purpose: arrival times, and the
end of a voice after which nothing arrives any more (carriers send no silence). The call
session pushes frames and passes the edges on to the agent. Pure: times are arguments.
"""

from collections import deque
from typing import Protocol

from actors.messages import SpeechStarted, SpeechStopped
from media.frame import FRAME_MS, SILENCE_FRAME
from media.voice_activity import VoiceEdge


class Detector(Protocol):
    """The part of `media.voice_activity.VoiceDetector` that is used."""

    @property
    def voiced(self) -> bool:
        """Whether the last frame was voice."""
        ...

    @property
    def speaking(self) -> bool:
        """Whether a voice has begun and not ended."""
        ...

    def push(self, payload: bytes) -> VoiceEdge | None:
        """Judge the next frame."""
        ...


class VoiceEdges:
    """Times the edges of one caller's voice."""

    __slots__ = ("_detector", "_onset", "_seen_at", "_voiced_at", "hangover_s")

    def __init__(self, detector: Detector, *, onset_ms: int, hangover_ms: int) -> None:
        """Wrap a detector; the two times must be the ones it was made with."""
        self._detector = detector
        self.hangover_s = hangover_ms / 1000
        # The detector begins a voice on onset frames out of that many and one more.
        self._onset: deque[float | None] = deque(maxlen=-(-onset_ms // FRAME_MS) + 1)
        self._voiced_at = 0.0
        self._seen_at = 0.0

    @property
    def voiced(self) -> bool:
        """Whether the last frame was voice."""
        return self._detector.voiced

    @property
    def speaking(self) -> bool:
        """Whether the caller's voice has begun and not ended."""
        return self._detector.speaking

    def push(self, payload: bytes, arrived_at: float) -> SpeechStarted | SpeechStopped | None:
        """Take the next frame of 160 bytes and return the edge it makes, if any."""
        edge = self._detector.push(payload)
        voiced = self._detector.voiced
        self._seen_at = arrived_at
        self._onset.append(arrived_at if voiced else None)
        if voiced:
            self._voiced_at = arrived_at
        return None if edge is None else self._timed(edge)

    def lapse(self, now: float) -> SpeechStopped | None:
        """End the voice if nothing at all has arrived for the hangover."""
        if not self.speaking or now - self._seen_at < self.hangover_s:
            return None
        while self._detector.push(SILENCE_FRAME) is not VoiceEdge.STOPPED:
            pass
        return SpeechStopped(self._voiced_at)

    def _timed(self, edge: VoiceEdge) -> SpeechStarted | SpeechStopped:
        if edge is VoiceEdge.STOPPED:
            return SpeechStopped(self._voiced_at)
        return SpeechStarted(next(at for at in self._onset if at is not None))
