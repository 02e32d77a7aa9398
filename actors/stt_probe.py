"""Tries, while single requests are the fallback, whether a stream would last again.

Opens a stream now and then, with growing pauses, gives it a little silence and sees whether
it is still there a moment later: refusals come with the first audio. It hears nothing of the
caller. Tells the call when streaming is healthy. Used by SttActor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from actors.clock import Timer
from actors.family import OutOfBand
from actors.messages import StreamingHealthy
from actors.stt_feed import StreamHeard
from actors.transcripts import Transcripts
from media.frame import SILENCE_FRAME
from speech import ports

FIRST_PAUSE_S: Final = 2.0
"""Before the first try; it doubles with every one that fails."""

MAX_PAUSE_S: Final = 60.0

LASTS_S: Final = 0.6
"""An open stream that has not failed by then is healthy; a refusal takes one round trip."""

SILENCE: Final = SILENCE_FRAME * 10
"""What a stream under trial is given: 200 ms."""


@dataclass(frozen=True, slots=True)
class ProbeDue(OutOfBand):
    """Time to try a stream."""


@dataclass(frozen=True, slots=True)
class ProbeOver(OutOfBand):
    """A stream under trial has had its time."""

    stream: int


class StreamProbe:
    """Tries streams."""

    def __init__(
        self,
        recognizer: ports.Recognizer,
        transcripts: Transcripts,
        tell_self: Callable[[OutOfBand], None],
    ) -> None:
        self._recognizer = recognizer
        self._transcripts = transcripts
        self._state = transcripts.state
        self._tell_self = tell_self
        self._stream: ports.RecognizerStream | None = None
        self._number = 0
        self._open = False
        self._timer: Timer | None = None

    def wait(self) -> None:
        """Wait for the next try."""
        pause_s = min(FIRST_PAUSE_S * 2**self._state.probes, MAX_PAUSE_S)
        self._state.probes = min(self._state.probes + 1, 16)
        self._timer = self._transcripts.after(pause_s, ProbeDue())

    def due(self) -> None:
        """Open a stream."""
        number = self._number = self._state.next_number()
        self._open = False
        timeout_s = self._transcripts.context.settings.stt_attempt_timeout_ms / 1000
        self._timer = self._transcripts.after(timeout_s, ProbeOver(number))
        self._stream = self._recognizer.open(
            lambda event: self._tell_self(StreamHeard(number, event))
        )

    def heard(self, message: StreamHeard) -> None:
        """Take an event of the stream under trial."""
        if message.stream != self._number:
            return
        if isinstance(message.event, ports.StreamEnded):
            self._failed()
        elif isinstance(message.event, ports.StreamOpened) and self._stream is not None:
            self._open = True
            self._stream.write(SILENCE)
            self._stop_timer()
            self._timer = self._transcripts.after(LASTS_S, ProbeOver(message.stream))

    def over(self, message: ProbeOver) -> None:
        """Judge the stream: it has lasted, or it has not even opened."""
        if message.stream != self._number or self._stream is None:
            return
        if self._open:
            self.cancel()
            self._transcripts.call.post(StreamingHealthy())
        else:
            self._failed()

    def cancel(self) -> None:
        """Drop the try under way."""
        self._stop_timer()
        self._number = 0
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None

    def _failed(self) -> None:
        self.cancel()
        self.wait()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
