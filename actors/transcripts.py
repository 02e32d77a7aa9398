"""The transcripts of one STT incarnation: numbered, debounced, logged and sent on.

Both ways of recognising, streaming and single requests, report here. Sends partials and
finals to the agent and proof of life to the call. Knows nothing of recognisers or audio.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from actors.clock import Timer
from actors.context import CallContext
from actors.family import OutOfBand
from actors.messages import (
    AgentMessage,
    CallMessage,
    FinalTranscript,
    PartialTranscript,
    SttProgress,
)
from actors.peer import Peer
from media.ring import AudioRing
from telemetry import final_line, partial_line


@dataclass(slots=True)
class SttState:
    """What a restarted STT takes over from its predecessor."""

    ring: AudioRing
    utterance: int = 1
    """The number of the utterance being spoken, or of the next one."""

    streams: int = 0
    """Streams and requests so far: tells a late result of an old one from our own."""

    def next_number(self) -> int:
        """Number a new stream or request."""
        self.streams += 1
        return self.streams


@dataclass(frozen=True, slots=True)
class DebounceOver(OutOfBand):
    """The newest partial has waited long enough to be passed on."""


@dataclass(slots=True)
class Transcripts:
    """Passes transcripts on."""

    context: CallContext
    state: SttState
    agent: Peer[AgentMessage]
    call: Peer[CallMessage]
    after: Callable[[float, OutOfBand], Timer]
    _latest: str = field(default="", init=False)
    _passed: str = field(default="", init=False)
    _passed_at: float = field(default=float("-inf"), init=False)
    _waiting: Timer | None = field(default=None, init=False)

    def partial(self, text: str) -> None:
        """Take a partial; pass it on now, or when the debounce is over: the latest wins."""
        text = text[: self.context.settings.utterance_max_chars]
        self.call.post(SttProgress(self._now()))
        self._latest = text
        if not text or text == self._passed or self._waiting is not None:
            return
        wait_s = self._passed_at + self.context.settings.stt_debounce_ms / 1000 - self._now()
        if wait_s <= 0:
            self._pass_on()
        else:
            self._waiting = self.after(wait_s, DebounceOver())

    def debounce_over(self) -> None:
        """Pass on the partial that waited."""
        self._waiting = None
        if self._latest and self._latest != self._passed:
            self._pass_on()

    def final(self, text: str) -> None:
        """Pass a final on at once; the next partial belongs to the next utterance."""
        text = text[: self.context.settings.utterance_max_chars]
        self._forget_partials()
        shown = self.context.settings.log_transcripts
        self.context.log.info(final_line(text, shown=shown))
        self.agent.post(FinalTranscript(self.state.utterance, text, self._now()))
        self.call.post(SttProgress(self._now()))
        self.state.utterance += 1

    def _pass_on(self) -> None:
        self._passed, self._passed_at = self._latest, self._now()
        shown = self.context.settings.log_transcripts
        self.context.log.info(partial_line(self._latest, shown=shown))
        self.agent.post(PartialTranscript(self.state.utterance, self._latest, self._passed_at))

    def _forget_partials(self) -> None:
        self._latest = self._passed = ""
        self._passed_at = float("-inf")
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _now(self) -> float:
        return self.context.runtime.clock.now()
