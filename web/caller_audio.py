"""The caller's audio on its way in: payloads become frames, frames go to RX, edges to the agent.

Owns one stream's framer and voice, and the timer that ends a voice after which nothing
arrives. Made when a stream's call has begun; the call session pushes what Twilio sends.
"""

from typing import Final

from actors.call_line import CallLine
from actors.clock import Clock, Timer
from actors.messages import InboundFrame, VoiceHeard
from media.framer import Framer
from web.voice_edges import Edge, VoiceEdges

VOICE_TOLD_EVERY_FRAMES: Final = 5
"""Voiced frames (100 ms) between two words to the supervisor, which watches the recogniser."""


class CallerAudio:
    """Carries one caller's audio to the actors of the call."""

    def __init__(self, line: CallLine, voice: VoiceEdges, clock: Clock) -> None:
        """Send frames and edges down this line."""
        self._line = line
        self._voice = voice
        self._clock = clock
        self._framer = Framer()
        self._voiced_frames = 0
        self._lapse: Timer | None = None

    def push(self, payload: bytes, timestamp_ms: int) -> None:
        """Take µ-law bytes, any length, that begin at this media time."""
        arrived_at = self._clock.now()
        for frame, frame_ms in self._framer.push(payload, timestamp_ms):
            self._on_frame(frame, frame_ms, arrived_at)

    def finish(self) -> None:
        """Hand over what is held: no more audio comes."""
        arrived_at = self._clock.now()
        for frame, frame_ms in self._framer.flush():
            self._on_frame(frame, frame_ms, arrived_at)

    def close(self) -> None:
        """Stop the timer. Calling twice is harmless."""
        if self._lapse is not None:
            self._lapse.cancel()
            self._lapse = None

    def _on_frame(self, frame: bytes, frame_ms: int, arrived_at: float) -> None:
        edge = self._voice.push(frame, frame_ms, arrived_at)
        self._line.rx.post(InboundFrame(frame, frame_ms, self._voice.voiced, arrived_at))
        if self._voice.voiced:
            self._on_voiced(arrived_at)
        if edge is not None:
            self._on_edge(edge)

    def _on_voiced(self, arrived_at: float) -> None:
        self._voiced_frames += 1
        if self._voiced_frames % VOICE_TOLD_EVERY_FRAMES == 0:
            self._line.call.post(VoiceHeard(self._voiced_frames, arrived_at))

    def _on_edge(self, edge: Edge) -> None:
        self._line.agent.post(edge)
        if self._lapse is None and self._voice.speaking:
            self._watch()

    def _watch(self) -> None:
        self._lapse = self._clock.call_later(self._voice.hangover_s, self._on_lapse)

    def _on_lapse(self) -> None:
        """A speaking caller is heard all the time; when nothing comes, the voice has ended."""
        self._lapse = None
        edge = self._voice.lapse(self._clock.now())
        if edge is not None:
            self._line.agent.post(edge)
        elif self._voice.speaking:
            self._watch()
