"""The two ports of speech: what an engine must offer, and the events it answers with.

Written for streaming gRPC engines first; embedded engines are fitted to the same shape.
Engines own their tasks, channels and worker processes. Actors never see them: an actor
calls a method that returns at once and later gets events through the sink it passed.

Rules every engine keeps:

* A sink is called on the event loop's thread only, and may be called before the method
  that took it has returned.
* No method here blocks, and none raises for trouble at the far side: that is an event.
* After `cancel()` the sink is never called again.
* Audio is µ-law, 8000 Hz, one channel, in `bytes` of any length.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final as Constant
from typing import Protocol

STREAM_WAITING_MAX_S: Constant = 35
"""Seconds of audio that may wait in an open stream: the longest ring (30 s) and some. More means
that nobody takes it; usually it has been found deaf by then."""


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """The channel is ready and the configuration is written; a refusal may still follow."""


@dataclass(frozen=True, slots=True)
class Partial:
    """An unfinished hypothesis of the utterance being spoken."""

    text: str
    """The whole hypothesis so far, not only what is new."""

    stability: float = 0.0
    """0 to 1, how unlikely the text is to change; 0 where the engine does not say."""

    end_ms: float | None = None
    """Where the text ends: milliseconds of audio since this stream's first byte, if known."""


@dataclass(frozen=True, slots=True)
class SpeechActivity:
    """The engine heard speech begin or end; no words yet, but a sign of life."""

    began: bool


@dataclass(frozen=True, slots=True)
class Final:
    """A finished utterance."""

    text: str
    """What was said; empty when speech was heard but rejected as unintelligible."""

    end_ms: float
    """Where the utterance ended: milliseconds of audio since this stream's first byte."""


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """The stream is over; nothing follows."""

    status: str
    """A gRPC status name (`UNAVAILABLE`); `OK` for a clean close. `speech.failure` classifies
    it; an engine with a ladder answers a refused configuration as `INVALID_ARGUMENT` or
    `NOT_FOUND` while another rung is left, and as `UNAVAILABLE` until one is again."""

    detail: str = ""
    """One line for the log."""


RecognizerEvent = StreamOpened | Partial | SpeechActivity | Final | StreamEnded
RecognizerSink = Callable[[RecognizerEvent], None]


@dataclass(frozen=True, slots=True)
class Recognized:
    """The answer to one single request."""

    text: str
    """What was said; empty when nothing intelligible was."""


@dataclass(frozen=True, slots=True)
class RecognizeFailed:
    """A single request that got no answer."""

    status: str
    """A gRPC status name."""

    detail: str = ""
    """One line for the log."""


RecognizeSink = Callable[[Recognized | RecognizeFailed], None]


class Cancellable(Protocol):
    """Something under way that can be called off."""

    def cancel(self) -> None:
        """Call it off; the sink hears nothing more. Calling twice is harmless."""
        ...


class RecognizerStream(Cancellable, Protocol):
    """One open stream to a recogniser."""

    def write(self, audio: bytes) -> None:
        """Send audio, in order. Never blocks; the engine bounds what it holds."""
        ...


class Recognizer(Protocol):
    """A speech-to-text engine, shared by all calls of the process."""

    @property
    def name(self) -> str:
        """Its name in settings and logs, such as `pocketsphinx`."""
        ...

    @property
    def language(self) -> str:
        """The BCP 47 tag it recognises, such as `en-US` or `he-IL`."""
        ...

    @property
    def about(self) -> str:
        """One line for the boot log: what runs, and what it cannot do."""
        ...

    @property
    def signs_of_life(self) -> bool:
        """Whether it always says something while somebody speaks: then silence is deafness.

        One that speaks up only at the end of an utterance must watch over itself.
        """
        ...

    @property
    def early_finals(self) -> bool:
        """Whether its partials are good enough to be answered before their final."""
        ...

    @property
    def max_stream_s(self) -> float | None:
        """Seconds after which the engine ends every stream; None: never."""
        ...

    async def start(self) -> None:
        """Get ready: start workers, open channels.

        Raises:
            EngineError: it cannot work here; the message is one line for the operator.
        """
        ...

    async def aclose(self) -> None:
        """Stop workers and close channels. Calling twice is harmless."""
        ...

    def open(self, sink: RecognizerSink) -> RecognizerStream:
        """Open a stream; `StreamOpened` or `StreamEnded` comes to the sink."""
        ...

    def recognize(self, audio: bytes, sink: RecognizeSink) -> Cancellable:
        """Recognise one segment of speech by itself, without a stream."""
        ...


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """The next piece of synthesised speech."""

    audio: bytes
    """µ-law, at least 100 ms but for the last of a text: a chunk is a message to the agent."""


@dataclass(frozen=True, slots=True)
class SynthesisDone:
    """All of the speech has been handed over."""


@dataclass(frozen=True, slots=True)
class SynthesisFailed:
    """The speech could not be made, or not to its end."""

    detail: str
    """One line for the log; never the text itself, which is personal data."""


SynthesisEvent = AudioChunk | SynthesisDone | SynthesisFailed
SynthesisSink = Callable[[SynthesisEvent], None]


class Synthesizer(Protocol):
    """A text-to-speech engine, shared by all calls of the process."""

    @property
    def name(self) -> str:
        """Its name in settings and logs, such as `espeak`."""
        ...

    @property
    def language(self) -> str:
        """The BCP 47 tag it speaks."""
        ...

    @property
    def about(self) -> str:
        """One line for the boot log: what runs, and what it cannot do."""
        ...

    async def start(self) -> None:
        """Get ready.

        Raises:
            EngineError: it cannot work here; the message is one line for the operator.
        """
        ...

    async def aclose(self) -> None:
        """Let go of everything. Calling twice is harmless."""
        ...

    def synthesize(self, text: str, sink: SynthesisSink) -> Cancellable:
        """Speak a text; chunks come in order, then `SynthesisDone` or `SynthesisFailed`."""
        ...


class EngineError(Exception):
    """An engine cannot work here. The message is one line: what, and what to do about it."""
