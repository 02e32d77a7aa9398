"""Engines that say what was recorded, when the player lets them.

One for each way of asking: recogniser, synthesiser, brain. They number what is asked as the
taps do, so that an answer finds its question; answers to what has not been asked yet wait
for it, those to what was called off go nowhere.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from actors.engines import Engines
from dialogue import ports as brains
from speech import ports as speech

Sink = Callable[[Any], None]


class Answers:
    """Who waits for which answer."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._sinks: dict[int, Sink] = {}
        self._early: dict[int, list[Any]] = {}
        self.used_tool: brains.ToolSink = brains.unnoted
        """Told of the tools that the recorded brain has used."""

    def asked(self, sink: Sink) -> int:
        """Number a question; it gets at once what was said before it was asked."""
        number = next(self._numbers)
        self._sinks[number] = sink
        for event in self._early.pop(number, ()):
            sink(event)
        return number

    def say(self, number: int, event: Any) -> None:
        """Answer a question."""
        if number in self._sinks:
            self._sinks[number](event)
        else:
            self._early.setdefault(number, []).append(event)

    def cancel(self, number: int) -> None:
        """Answer no more."""
        self._sinks[number] = _nowhere


def _nowhere(_event: Any) -> None:
    """Take what nobody waits for."""


class RecordedAnswer:
    """Something that was asked; as a stream, it takes audio and says nothing to it by itself."""

    def __init__(self, answers: Answers, sink: Sink) -> None:
        self._answers = answers
        self._number = answers.asked(sink)

    def write(self, audio: bytes) -> None:
        """Take audio."""

    def cancel(self) -> None:
        """Say nothing more."""
        self._answers.cancel(self._number)


class _RecordedEngine:
    """What recogniser and synthesiser have in common."""

    language = "und"
    """BCP 47 for a language that is not determined: it is of no concern."""
    about = "says what was recorded"
    name = "recorded"

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def start(self) -> None:
        """Be ready."""

    async def aclose(self) -> None:
        """Hold nothing."""


class RecordedRecognizer(_RecordedEngine):
    """Recognises what was recognised."""

    def __init__(self, answers: Answers, traits: dict[str, Any]) -> None:
        super().__init__(answers)
        self.signs_of_life = bool(traits.get("signs_of_life"))
        self.early_finals = bool(traits.get("early_finals"))
        self.max_stream_s: float | None = traits.get("max_stream_s")

    def open(self, sink: speech.RecognizerSink) -> speech.RecognizerStream:
        """Open a stream."""
        return RecordedAnswer(self._answers, sink)

    def recognize(self, audio: bytes, sink: speech.RecognizeSink) -> speech.Cancellable:  # noqa: ARG002
        """Recognise one segment."""
        return RecordedAnswer(self._answers, sink)


class RecordedSynthesizer(_RecordedEngine):
    """Speaks what was spoken."""

    def synthesize(self, text: str, sink: speech.SynthesisSink) -> speech.Cancellable:  # noqa: ARG002
        """Speak a text."""
        return RecordedAnswer(self._answers, sink)


class RecordedDialogue:
    """Makes the brain that thinks what was thought."""

    name = "recorded"
    language = "und"

    def __init__(self, answers: Answers, manners: brains.Manners) -> None:
        self._answers = answers
        self._brain = RecordedBrain(answers, manners)

    def phrases(self) -> Sequence[str]:
        """Expect nothing."""
        return ()

    def stock_replies(self) -> Sequence[str]:
        """Have nothing prepared."""
        return ()

    def new_brain(self, call: brains.CallFacts) -> brains.Brain:
        """Make the brain of the call."""
        self._answers.used_tool = call.on_tool
        return self._brain


class RecordedBrain:
    """Answers what was answered."""

    def __init__(self, answers: Answers, manners: brains.Manners) -> None:
        self._answers = answers
        self._manners = manners

    @property
    def manners(self) -> brains.Manners:
        """Those of the recorded brain."""
        return self._manners

    def respond(self, event: brains.CallerEvent, sink: brains.BrainSink) -> brains.Reply:  # noqa: ARG002
        """Answer an event."""
        return RecordedAnswer(self._answers, sink)


def recorded_engines(answers: Answers, traits: dict[str, Any], manners: brains.Manners) -> Engines:
    """Make all three."""
    return Engines(
        RecordedRecognizer(answers, traits),
        RecordedSynthesizer(answers),
        RecordedDialogue(answers, manners),
    )
