"""A whole call on the manual clock whose caller is stamped: the real border, every frame known.

The caller's frames go through the real `CallerAudio`, so that the call is told of the voice
as in production; the recogniser hears the stamps. What was said and what the agent took it
for can be compared word by word.
"""

from collections.abc import Callable, Iterable
from typing import Any

from media.frame import FRAME_MS, FRAME_S
from speech.ports import RecognizerSink
from tests.support.call import ManualCall
from tests.support.faults import drops, missing, swap
from tests.support.stamped_faults import Fault
from tests.support.stamped_recognizer import StampedRecognizer, StampedStream
from tests.support.stamped_speech import Speech
from web.caller_audio import CallerAudio
from web.front import make_voice

STREAMS_MAX = 200
"""Streams of one call: far more than any test needs."""

CALL = 7
"""The number of the one stamped caller."""


class StampedCall(ManualCall):
    """One call with a stamped caller and a recogniser under a script of faults."""

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        recognizer: StampedRecognizer | None = None,
        **changes: Any,
    ) -> None:
        self.ear = recognizer or StampedRecognizer(faults)
        self._limit_streams()
        super().__init__(recognizer=self.ear, **changes)
        self.audio = CallerAudio(self.line, make_voice(self.settings), self.clock)

    def say(self, frames: Iterable[bytes], *, each: Callable[[int], None] | None = None) -> None:
        """Let the caller's frames arrive, one every 20 ms; `each` is called before each."""
        for index, payload in enumerate(frames):
            if each is not None:
                each(index)
            self.audio.push(payload, self.media_ms)
            self.media_ms += FRAME_MS
            self._beat()

    def _limit_streams(self) -> None:
        """Refuse to open streams without end: in such a loop no time would ever pass."""
        opened = self.ear.open

        def open_one(sink: RecognizerSink) -> StampedStream:
            if len(self.ear.streams) >= STREAMS_MAX:
                raise AssertionError(f"more than {STREAMS_MAX} streams")
            return opened(sink)

        swap(self.ear, "open", open_one)

    def hang_up_audio(self) -> None:
        """Stop the border's timer, as the end of the socket does."""
        self.audio.close()

    @property
    def understood(self) -> list[str]:
        """The caller's words as the agent remembers them, in order."""
        said = [str(entry.text) for entry in self.parts.memory.history if entry.who == "caller"]
        return " ".join(said).split()

    @property
    def spoken(self) -> list[str]:
        """The texts the agent spoke, or began to."""
        return [job.text for job in self.synthesizer.jobs]

    @property
    def stt_restarts(self) -> int:
        """Counted restarts of STT."""
        restarts: int = self.parts.children["stt"].restarts
        return restarts

    def metric(self, name: str, **labels: str) -> float:
        """Read a metric; 0 where nothing was counted."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def assert_all_understood(self, speech: Speech) -> None:
        """Say that every word arrived once, in order, and every frame is accounted for."""
        assert self.understood == list(speech.words)
        assert drops(self) == 0
        assert missing(self) == {}

    def heard_at(self, kind: str) -> list[float]:
        """When the socket was sent something of this kind."""
        sent = zip(self.socket.sent, self.socket.sent_at, strict=True)
        return [at for (what, _), at in sent if what == kind]

    def until(self, condition: Callable[[], bool], most_s: float) -> float:
        """Let time pass without media until something holds; returns how long it took."""
        began_at = self.clock.now()
        while not condition():
            assert self.clock.now() - began_at < most_s, f"not within {most_s} s"
            self._beat()
        return self.clock.now() - began_at


SECOND = round(1 / FRAME_S)
"""Frames of a second."""
