"""The caller's direction of a call: which frame is captured when, and when it is sent.

Pure: told the time, returns frames; deterministic for a seed. Frames are captured on an
absolute 20 ms grid and released at once, or later when the network is set to be bad. Audio
that is not sent leaves a hole in the timestamps, as with Twilio. Talked to by `line`.
"""

import random
from collections import deque
from dataclasses import dataclass
from typing import Final

from media.frame import FRAME_BYTES, FRAME_MS, FRAME_S, SAMPLE_RATE_HZ, SILENCE_BYTE, SILENCE_FRAME
from phone.echo import Echo
from phone.errors import PhoneError

MAX_HELD_FRAMES: Final = 512
"""Frames a bad network holds back (10 s); beyond that the oldest are lost and counted."""

MAX_SPEECH_BYTES: Final = 10 * 60 * SAMPLE_RATE_HZ
"""Speech that may wait to be spoken (10 minutes)."""


@dataclass(frozen=True, slots=True)
class Network:
    """How bad the way from the caller to the server is. The default is perfect."""

    jitter_ms: float = 0.0
    """Each frame is late by a random time up to this; order is kept."""
    burst_every_s: float = 0.0
    """How often frames are held back; 0 for never."""
    burst_ms: float = 0.0
    """For how long; then all of them are sent at once."""
    loss: float = 0.0
    """Share of frames that never arrive, 0 to 1."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class CallerFrame:
    """A frame ready to be sent."""

    payload: bytes
    timestamp_ms: int
    """Media time: milliseconds from the start of the stream to its first sample."""
    said: bytes
    """What the caller said in it: the payload without the line's echo."""


@dataclass(frozen=True, slots=True)
class _Held:
    release_at: float
    frame: CallerFrame
    speech: bool


class Microphone:
    """What the caller of one call says."""

    def __init__(
        self,
        started_at: float,
        network: Network | None = None,
        *,
        sends_silence: bool = True,
        echo: Echo | None = None,
    ) -> None:
        """Begin to capture silence.

        Args:
            started_at: When the first frame begins to be captured.
            network: The way to the server.
            sends_silence: False for carriers that send no media while nobody speaks.
            echo: what comes back of the agent's voice; None on a line without echo.
        """
        self.lost_frames = 0
        self.muted = False
        self._network = network or Network()
        self._random = random.Random(self._network.seed)  # noqa: S311 - no secret
        self._sends_silence = sends_silence
        self._line_echo = echo
        self._started_at = started_at
        self._captured = 0
        self._speech: deque[bytes] = deque()
        self._held: deque[_Held] = deque()
        self._held_speech = 0
        self._stalled_until = started_at

    def say(self, audio: bytes) -> None:
        """Speak after what is being spoken; the last frame is filled up with silence.

        Raises:
            PhoneError: more than ten minutes would be waiting.
        """
        frames = -(-len(audio) // FRAME_BYTES)
        if (len(self._speech) + frames) * FRAME_BYTES > MAX_SPEECH_BYTES:
            raise PhoneError("more than 10 minutes of speech are waiting to be spoken")
        for start in range(0, len(audio), FRAME_BYTES):
            piece = audio[start : start + FRAME_BYTES]
            self._speech.append(piece.ljust(FRAME_BYTES, bytes([SILENCE_BYTE])))

    def hush(self) -> None:
        """Stop speaking; what has not been captured yet is dropped."""
        self._speech.clear()

    def stall(self, until: float) -> None:
        """Send nothing until a time, then everything captured meanwhile at once."""
        self._stalled_until = max(until, self._stalled_until)

    @property
    def speaking(self) -> bool:
        """Whether speech is still to be captured or to be sent."""
        return bool(self._speech) or self._held_speech > 0

    @property
    def next_at(self) -> float:
        """When there is something to do next."""
        next_at = self._started_at + (self._captured + 1) * FRAME_S
        return min(next_at, self._held[0].release_at) if self._held else next_at

    def capture(self, now: float) -> bytes:
        """Capture every frame that is complete by now.

        Returns:
            What the line carries, silence and echo included, for the recording.
        """
        complete = int((now - self._started_at) / FRAME_S + 1e-6)
        carried = [self._capture_one() for _ in range(complete - self._captured)]
        return b"".join(carried)

    def release(self, now: float) -> list[CallerFrame]:
        """Frames to be sent now, in order."""
        frames: list[CallerFrame] = []
        while self._held and self._held[0].release_at <= now:
            held = self._held.popleft()
            self._held_speech -= held.speech
            frames.append(held.frame)
        return frames

    def _capture_one(self) -> bytes:
        position = self._captured * FRAME_BYTES
        timestamp_ms = self._captured * FRAME_MS
        self._captured += 1
        speech = bool(self._speech)
        said = self._speech.popleft() if speech else SILENCE_FRAME
        payload = said if self._line_echo is None else self._line_echo.mix(said, position)
        if self.muted:
            return SILENCE_FRAME
        if speech or self._sends_silence or payload is not said:
            self._hold(CallerFrame(payload, timestamp_ms, said), speech=speech)
        return payload

    def _hold(self, frame: CallerFrame, *, speech: bool) -> None:
        if self._network.loss and self._random.random() < self._network.loss:
            self.lost_frames += 1
            return
        if len(self._held) >= MAX_HELD_FRAMES:
            self.lost_frames += 1
            self._held_speech -= self._held.popleft().speech
        captured_at = self._started_at + self._captured * FRAME_S
        release_at = max(captured_at + self._delay_s(captured_at), self._stalled_until)
        if self._held:
            release_at = max(release_at, self._held[-1].release_at)
        self._held.append(_Held(release_at, frame, speech))
        self._held_speech += speech

    def _delay_s(self, captured_at: float) -> float:
        network = self._network
        delay_s = self._random.uniform(0.0, network.jitter_ms) / 1000.0 if network.jitter_ms else 0
        if network.burst_every_s > 0.0:
            rounds, phase_s = divmod(captured_at - self._started_at, network.burst_every_s)
            if rounds >= 1 and phase_s < network.burst_ms / 1000.0:
                delay_s = max(delay_s, network.burst_ms / 1000.0 - phase_s)
        return delay_s
