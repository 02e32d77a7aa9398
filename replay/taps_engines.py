"""Taps in the ways to recogniser, synthesiser and brain of one call.

Whatever a call asks an engine has a number; what is asked is noted (sound by its checksum),
and so is every answer, with that number. The taps decide nothing.
"""

import itertools
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from actors.engines import Engines
from dialogue import ports as brains
from replay.tape import TapeSink
from speech import ports as speech


def tapped_engines(engines: Engines, tape: TapeSink) -> Engines:
    """Put a tape in between a call and its engines."""
    asked = Asked(tape)
    return Engines(
        TappedRecognizer(engines.recognizer, asked),
        TappedSynthesizer(engines.synthesizer, asked),
        TappedDialogue(engines.dialogue, asked),
    )


class Asked:
    """Numbers what a call asks and notes what is answered."""

    def __init__(self, tape: TapeSink) -> None:
        self.tape = tape
        self._numbers = itertools.count(1)

    def next_number(self) -> int:
        """Number a question."""
        return next(self._numbers)

    def answers(self, number: int, sink: Callable[[Any], None]) -> Callable[[Any], None]:
        """Put the tape in between an engine and a sink."""
        tape = self.tape

        def noted(event: Any) -> None:
            tape.enters("say", number, event)
            sink(event)

        return noted

    def of_tools(self, sink: brains.ToolSink) -> brains.ToolSink:
        """Put the tape in between a brain and who is told of its tools."""

        def noted(used: brains.ToolUsed) -> None:
            self.tape.enters("tool", used)
            sink(used)

        return noted


class _Cancellable:
    """Something asked for that may be called off."""

    __slots__ = ("_inner", "_kind", "_number", "_tape")

    def __init__(self, kind: str, number: int, inner: speech.Cancellable, tape: TapeSink) -> None:
        self._kind = kind
        self._number = number
        self._inner = inner
        self._tape = tape

    def cancel(self) -> None:
        self._tape.leaves(self._kind, self._number)
        self._inner.cancel()


class _Stream(_Cancellable):
    """One stream to the recogniser."""

    __slots__ = ("_stream",)

    def __init__(self, number: int, stream: speech.RecognizerStream, tape: TapeSink) -> None:
        super().__init__("stt_cancel", number, stream, tape)
        self._stream = stream

    def write(self, audio: bytes) -> None:
        self._tape.leaves("stt_write", self._number, len(audio), zlib.crc32(audio))
        self._stream.write(audio)


class _TappedEngine:
    """What recogniser and synthesiser have in common."""

    def __init__(self, inner: speech.Recognizer | speech.Synthesizer) -> None:
        self.name = inner.name
        self.language = inner.language
        self.about = inner.about

    async def start(self) -> None:
        """Do nothing: the server starts engines, a call does not."""

    async def aclose(self) -> None:
        """Do nothing."""


class TappedRecognizer(_TappedEngine):
    """Notes what the recogniser is sent, and what it says."""

    def __init__(self, inner: speech.Recognizer, asked: Asked) -> None:
        super().__init__(inner)
        self._inner = inner
        self._asked = asked

    @property
    def signs_of_life(self) -> bool:
        """As the engine says."""
        return self._inner.signs_of_life

    @property
    def early_finals(self) -> bool:
        """As the engine says."""
        return self._inner.early_finals

    @property
    def max_stream_s(self) -> float | None:
        """As the engine says."""
        return self._inner.max_stream_s

    def open(self, sink: speech.RecognizerSink) -> speech.RecognizerStream:
        """Open a stream."""
        number = self._asked.next_number()
        self._asked.tape.leaves("stt_open", number)
        stream = self._inner.open(self._asked.answers(number, sink))
        return _Stream(number, stream, self._asked.tape)

    def recognize(self, audio: bytes, sink: speech.RecognizeSink) -> speech.Cancellable:
        """Recognise one segment by itself."""
        number = self._asked.next_number()
        self._asked.tape.leaves("stt_request", number, len(audio), zlib.crc32(audio))
        request = self._inner.recognize(audio, self._asked.answers(number, sink))
        return _Cancellable("stt_cancel", number, request, self._asked.tape)


class TappedSynthesizer(_TappedEngine):
    """Notes what is to be spoken, and the speech."""

    def __init__(self, inner: speech.Synthesizer, asked: Asked) -> None:
        super().__init__(inner)
        self._inner = inner
        self._asked = asked

    def synthesize(self, text: str, sink: speech.SynthesisSink) -> speech.Cancellable:
        """Speak a text."""
        number = self._asked.next_number()
        self._asked.tape.leaves("tts", number, text)
        job = self._inner.synthesize(text, self._asked.answers(number, sink))
        return _Cancellable("tts_cancel", number, job, self._asked.tape)


class TappedDialogue:
    """Makes brains that are listened to."""

    def __init__(self, inner: brains.Dialogue, asked: Asked) -> None:
        self._inner = inner
        self._asked = asked
        self.name = inner.name
        self.language = inner.language
        self.phrases = inner.phrases
        self.stock_replies = inner.stock_replies

    def new_brain(self, call: brains.CallFacts) -> brains.Brain:
        """Make the brain of one call."""
        brain = self._inner.new_brain(replace(call, on_tool=self._asked.of_tools(call.on_tool)))
        self._asked.tape.leaves("manners", brain.manners)
        return TappedBrain(brain, self._asked)


class TappedBrain:
    """Notes what the brain is told, and what it says."""

    def __init__(self, inner: brains.Brain, asked: Asked) -> None:
        self._inner = inner
        self._asked = asked

    @property
    def manners(self) -> brains.Manners:
        """As the brain has them."""
        return self._inner.manners

    def respond(self, event: brains.CallerEvent, sink: brains.BrainSink) -> brains.Reply:
        """Answer an event."""
        number = self._asked.next_number()
        self._asked.tape.leaves("brain", number, event)
        reply = self._inner.respond(event, self._asked.answers(number, sink))
        return _Cancellable("brain_cancel", number, reply, self._asked.tape)

    def close(self) -> None:
        """Tell the brain that its call is over, if it wants to know."""
        if isinstance(self._inner, brains.Closing):
            self._inner.close()
