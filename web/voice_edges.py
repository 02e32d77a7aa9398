"""The caller's voice as edges in time: when it began, when it ended.

Owns one call's voice detector and echo guard, and adds what they lack on purpose: arrival
times, and the end of a voice after which nothing arrives any more (carriers send no silence).
What may be the agent's own echo is silence to the detector. The call session pushes frames
and passes the edges on to the agent. Pure: times are arguments.
"""

from collections import deque
from typing import Final, Protocol

from actors.messages import SpeechConfirmed, SpeechStarted, SpeechStopped
from media.echo import EchoGuard
from media.frame import FRAME_MS, SILENCE_FRAME
from media.voice_activity import VoiceEdge

Edge = SpeechStarted | SpeechConfirmed | SpeechStopped


CARRY_FRAMES: Final = 5
"""Frames (100 ms) behind one that stands out of the echo, or is quiet, which belong to a voice
that has begun."""

MASKED_FRAMES: Final = 4
"""Frames (80 ms) of a voice that a known echo hides before it stands out for the first time."""


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

    __slots__ = (
        "_carry_frames",
        "_confirm_frames",
        "_confirmed",
        "_detector",
        "_onset",
        "_seen_at",
        "_spurt_frames",
        "_voiced_at",
        "echo",
        "hangover_s",
    )

    def __init__(
        self, detector: Detector, *, onset_ms: int, hangover_ms: int, confirm_ms: int
    ) -> None:
        """Wrap a detector.

        Args:
            detector: one made with the same onset and hangover.
            onset_ms: voice until it counts as begun.
            hangover_ms: quiet until it counts as ended.
            confirm_ms: voice until it holds the agent's reply; not less than the onset.
        """
        self._detector = detector
        self.echo = EchoGuard()
        """To be told what the far side plays."""
        # A voice may begin with onset + 1 frames counted already. The count that confirms it
        # must still lie ahead then, or it would never be met: two more than the onset.
        self._confirm_frames = -(-max(confirm_ms, onset_ms + 2 * FRAME_MS) // FRAME_MS)
        self._spurt_frames = 0
        self._carry_frames = 0
        self._confirmed = True
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

    def push(self, payload: bytes, timestamp_ms: int, arrived_at: float) -> Edge | None:
        """Take the next frame of 160 bytes and return the edge it makes, if any.

        Args:
            payload: µ-law bytes.
            timestamp_ms: their media time.
            arrived_at: when they came, by the call's clock.
        """
        if self.echo.stands_out(payload, timestamp_ms):
            self._carry_frames = CARRY_FRAMES
        elif self._carry_frames and self.speaking:
            self._carry_frames -= 1  # A voice over an echo stands out of it now and then.
        else:
            # Silence moves the detector's hangover on and leaves its model of the line as it is.
            payload = SILENCE_FRAME
        edge = self._detector.push(payload)
        voiced = self._detector.voiced
        self._seen_at = arrived_at
        self._onset.append(arrived_at if voiced else None)
        if voiced:
            self._voiced_at = arrived_at
            self._spurt_frames += 1
        if edge is not None:
            return self._timed(edge)
        # Quiet frames inside the hangover do not count: a cough is not confirmed by its echo.
        if voiced and self.speaking and not self._confirmed:
            masked = MASKED_FRAMES if self.echo.masks else 0
            self._confirmed = self._spurt_frames + masked >= self._confirm_frames
            return SpeechConfirmed() if self._confirmed else None
        return None

    def lapse(self, now: float) -> SpeechStopped | None:
        """End the voice if nothing at all has arrived for the hangover."""
        if not self.speaking or now - self._seen_at < self.hangover_s:
            return None
        while self._detector.push(SILENCE_FRAME) is not VoiceEdge.STOPPED:
            pass
        return SpeechStopped(self._voiced_at)

    def _timed(self, edge: VoiceEdge) -> SpeechStarted | SpeechStopped:
        if edge is VoiceEdge.STARTED:
            self._confirmed = False
            self._spurt_frames = sum(at is not None for at in self._onset)
        if edge is VoiceEdge.STOPPED:
            return SpeechStopped(self._voiced_at)
        return SpeechStarted(next(at for at in self._onset if at is not None))
