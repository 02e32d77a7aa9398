"""A stage on which only STT is real, with a scripted recogniser and a small ring."""

from typing import Any

from actors.messages import FinalTranscript, InboundFrame, OpenStream, PartialTranscript
from actors.stt import SttActor
from actors.stt_state import SttState
from actors.stt_stream import StreamFailed
from media.frame import SILENCE_FRAME
from media.ring import AudioRing
from speech import ports
from tests.support.context import Poison, Stage, logged
from tests.support.engines import NumberedRecognizer, ScriptedStream, word
from tests.support.peers import RecordingPeer

RING_FRAMES = 750


class HandRequests(NumberedRecognizer):
    """Answers single requests only when the test makes it."""

    def __init__(self, *, opens: Any = ()) -> None:
        super().__init__(opens=opens)
        self.answer_requests = False
        self.under_way: list[ScriptedStream] = []

    def recognize(self, audio: bytes, sink: ports.RecognizeSink) -> ScriptedStream:
        self.under_way.append(super().recognize(audio, sink))
        return self.under_way[-1]

    def answer(self, index: int, answer: ports.Recognized | ports.RecognizeFailed) -> None:
        """Answer a request, by its place among all that were made."""
        if not self.under_way[index].cancelled:
            self.requests[index][1](answer)


class SttRig(Stage):
    """A call of which only STT is real."""

    single = False
    """Whether it is to recognise by single requests."""

    def __init__(self) -> None:
        super().__init__()
        self.agent = RecordingPeer()
        self.recognizer = NumberedRecognizer()
        self.mailbox = self.new_mailbox("stt", 2000)
        self.state = SttState(AudioRing(RING_FRAMES))

    def opens(self, *behaviours: bool | str) -> None:
        """Say what happens to the first streams."""
        self.recognizer = NumberedRecognizer(opens=behaviours)

    def by_hand(self, *, early_finals: bool = False) -> None:
        """Let streams say only what the test lets them say."""
        self.recognizer.hears = False
        self.recognizer.early_finals = early_finals

    def start(self) -> None:
        """Start STT, or its successor."""
        peers = (self.mailbox, self.supervisor, self.state, self.recognizer, self.agent, self.call)
        ref = SttActor.start(self.context, *peers)
        self.mailbox.post(OpenStream(single=self.single))
        self.started(ref)

    def post(self, *words: int, frames: int = 15) -> None:
        """Put words into the mailbox without giving turns."""
        for number in words:
            for payload in word(number, frames):
                self.mailbox.post(InboundFrame(payload, 0, voiced=True, arrived_at=0.0))

    def hear(self, *words: int, frames: int = 15) -> None:
        """Let words be said, all at one moment."""
        self.post(*words, frames=frames)
        self.settle()

    def quiet(self, frames: int) -> None:
        """Let nothing be said, all at one moment."""
        for _ in range(frames):
            self.mailbox.post(InboundFrame(SILENCE_FRAME, 0, voiced=False, arrived_at=0.0))
        self.settle()

    def speak(self, *words: int) -> None:
        """Let words of 0.8 s be said with 0.6 s of quiet behind each."""
        for number in words:
            self.hear(number, frames=40)
            self.quiet(30)

    def live(self, seconds: float, number: int | None = None) -> None:
        """Let time pass, with a frame of a word, or of silence, every 20 ms."""
        for _ in range(round(seconds * 50)):
            if number is None:
                self.quiet(1)
            else:
                self.hear(number, frames=1)
            self.advance(0.02)

    def says(self, *events: ports.RecognizerEvent) -> None:
        """Let the newest stream say something."""
        for event in events:
            self.stream.say(event)
            self.settle()

    def crash(self) -> None:
        """Crash the actor over a message that nobody knows."""
        with logged():
            self.mailbox.post(Poison())
            self.settle()

    @property
    def actor(self) -> SttActor:
        """The living incarnation."""
        owner = self.mailbox._owner
        assert isinstance(owner, SttActor)
        return owner

    @property
    def stream(self) -> ScriptedStream:
        """The newest stream."""
        return self.recognizer.streams[-1]

    @property
    def partials(self) -> list[str]:
        """The texts of the partials that reached the agent."""
        return [partial.text for partial in self.agent.of(PartialTranscript)]

    @property
    def finals(self) -> list[str]:
        """The texts of the finals that reached the agent."""
        return [final.text for final in self.agent.of(FinalTranscript)]

    @property
    def failure(self) -> StreamFailed:
        """The one failure there must be."""
        (error,) = self.failures
        assert isinstance(error, StreamFailed)
        return error


class SingleRig(SttRig):
    """The same, by single requests."""

    single = True

    def by_hand_requests(self, *opens: bool | str) -> HandRequests:
        """Answer single requests only when the test makes it."""
        recognizer = HandRequests(opens=opens)
        self.recognizer = recognizer
        return recognizer
