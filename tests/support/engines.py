"""Scripted engines: they do at once, and deterministically, what a test tells them to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dialogue import ports as brains
from media.frame import FRAME_BYTES, SILENCE_BYTE
from speech import ports
from tests.support.brains import MANNERS

WORD_FRAMES = 15
"""Frames of one spoken word in a numbered voice."""


def word(number: int, frames: int = WORD_FRAMES) -> list[bytes]:
    """The frames of a word that only the `NumberedRecognizer` understands."""
    assert 0 <= number < 120
    return [bytes([number]) * FRAME_BYTES] * frames


@dataclass
class ScriptedStream:
    """One stream of the `NumberedRecognizer`."""

    recognizer: "NumberedRecognizer"
    sink: ports.RecognizerSink
    heard: list[bytes] = field(default_factory=list[bytes])
    written: bytearray = field(default_factory=bytearray)
    cancelled: bool = False
    _current: int | None = None
    _run: int = 0

    def write(self, audio: bytes) -> None:
        assert len(audio) % FRAME_BYTES == 0
        for start in range(0, len(audio), FRAME_BYTES):
            self.written += audio[start : start + FRAME_BYTES]
            self._hear(audio[start])

    def cancel(self) -> None:
        self.cancelled = True

    def say(self, event: ports.RecognizerEvent) -> None:
        """Let the stream say something, unless it was cancelled."""
        if not self.cancelled:
            self.sink(event)

    def fail(self, status: str = "UNAVAILABLE") -> None:
        """Let the stream end with an error."""
        self.say(ports.StreamEnded(status, "scripted"))

    def _hear(self, byte: int) -> None:
        if not self.recognizer.hears:
            return
        if byte == self._current:
            self._run += 1
            if self._run == WORD_FRAMES // 2 and byte != SILENCE_BYTE:
                self.say(ports.Partial(f"w{byte}?"))
            return
        if self._current is not None and self._current != SILENCE_BYTE:
            end_ms = (len(self.written) // FRAME_BYTES - 1) * 20
            self.say(ports.Final(f"w{self._current}", float(end_ms)))
        self._current, self._run = byte, 1


class NumberedRecognizer:
    """Hears "words" that are runs of one byte; a word is final when the next frame differs.

    What it has heard can therefore be compared word by word, with and without a fault.
    """

    name = "numbered"
    max_stream_s: float | None = None
    early_finals: bool = False
    signs_of_life: bool = True
    hears = True
    """Whether its streams say what they hear; else only what the test lets them say."""
    language = "en-US"
    about = "for tests"

    def __init__(self, *, opens: Iterable[bool | str] = ()) -> None:
        """Make one.

        Args:
            opens: what happens to the first streams, in order: True opens at once, False
                never answers, a status refuses. Streams after these open at once.
        """
        self.streams: list[ScriptedStream] = []
        self.requests: list[tuple[bytes, ports.RecognizeSink]] = []
        self.answer_requests = True
        self._opens = list(opens)

    def behave(self, *opens: bool | str) -> None:
        """Say what happens to the next streams, in order, as in the constructor."""
        self._opens = list(opens)

    async def start(self) -> None: ...

    async def aclose(self) -> None: ...

    def open(self, sink: ports.RecognizerSink) -> ScriptedStream:
        stream = ScriptedStream(self, sink)
        self.streams.append(stream)
        behaviour = self._opens.pop(0) if self._opens else True
        if behaviour is True:
            stream.say(ports.StreamOpened())
        elif isinstance(behaviour, str):
            stream.fail(behaviour)
        return stream

    def recognize(self, audio: bytes, sink: ports.RecognizeSink) -> ScriptedStream:
        self.requests.append((audio, sink))
        if self.answer_requests:
            words: list[str] = []
            for start in range(0, len(audio), FRAME_BYTES):
                name = f"w{audio[start]}"
                if audio[start] != SILENCE_BYTE and (not words or words[-1] != name):
                    words.append(name)
            sink(ports.Recognized(" ".join(words)))
        return ScriptedStream(self, lambda _event: None)


@dataclass
class ScriptedSynthesis:
    """A synthesis the test may finish or fail."""

    text: str
    sink: ports.SynthesisSink
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True

    def say(self, event: ports.SynthesisEvent) -> None:
        if not self.cancelled:
            self.sink(event)


class CountingSynthesizer:
    """Speaks 100 ms a character; every frame of a text is its own, countable byte pattern."""

    name = "counting"
    language = "en-US"
    about = "for tests"

    def __init__(self, frames_per_char: int = 5, *, at_once: bool = True) -> None:
        self.frames_per_char = frames_per_char
        self.at_once = at_once
        self.jobs: list[ScriptedSynthesis] = []

    async def start(self) -> None: ...

    async def aclose(self) -> None: ...

    def audio(self, text: str) -> bytes:
        """What a text sounds like."""
        frames = len(text) * self.frames_per_char
        return b"".join(
            bytes([128 + index % 100, ord(text[0]) % 120]) * (FRAME_BYTES // 2)
            for index in range(frames)
        )

    def synthesize(self, text: str, sink: ports.SynthesisSink) -> ScriptedSynthesis:
        job = ScriptedSynthesis(text, sink)
        self.jobs.append(job)
        if self.at_once:
            sink(ports.AudioChunk(self.audio(text)))
            sink(ports.SynthesisDone())
        return job


@dataclass
class ScriptedReply:
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class EchoBrain:
    """Answers what it hears with the same words, at once."""

    manners: brains.Manners = MANNERS
    greeting: str = "hello"
    told: list[brains.CallerEvent] = field(default_factory=list[brains.CallerEvent])
    on_event: Callable[[brains.CallerEvent], None] = lambda _event: None

    def respond(self, event: brains.CallerEvent, sink: brains.BrainSink) -> ScriptedReply:
        self.told.append(event)
        self.on_event(event)
        for output in self._outputs(event):
            sink(output)
        sink(brains.ReplyDone())
        return ScriptedReply()

    def _outputs(  # noqa: PLR0911  # one answer for each event
        self, event: brains.CallerEvent
    ) -> list[brains.BrainOutput]:
        match event:
            case brains.CallBegan():
                return [brains.Say(self.greeting)]
            case brains.CallerSaid(text="hang up"):
                return [brains.Say("ok"), brains.EndCall()]
            case brains.CallerSaid(text="transfer"):
                return [brains.Say("ok"), brains.TransferCall("+15550100")]
            case brains.CallerSaid(text=text):
                return [brains.Say(f"you said {text}" if text else "what")]
            case brains.CallerPressed(digit=digit):
                return [brains.Say(f"key {digit}")]
            case brains.CallerSilent():
                return [brains.Say("are you there")]
            case brains.CallerEntered(digits=digits):
                return [brains.Say(f"entered {digits}")]
            case brains.RecognitionLost():
                return [brains.Say("keys please")]


class EchoDialogue:
    """Makes one `EchoBrain` and shows it to the test."""

    name = "echo"
    language = "en-US"

    def __init__(self, brain: EchoBrain | None = None) -> None:
        self.brain = brain or EchoBrain()

    def phrases(self) -> list[str]:
        return ["w1"]

    def stock_replies(self) -> list[str]:
        return ["hello"]

    def new_brain(self, call: brains.CallFacts) -> EchoBrain:
        return self.brain
