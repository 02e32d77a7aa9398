"""A stage on which only `Hearing` is real: STT starts when it is told to, and does nothing."""

from types import SimpleNamespace
from typing import Any

from actors.clock import Timer
from actors.deafness import LivenessDue
from actors.family import OutOfBand
from actors.hearing import GiveUpDue, Hearing, RestartStt
from actors.messages import ChildFailed, VoiceHeard
from actors.stt_state import SttState
from actors.stt_stream import StreamFailed
from actors.supervision import Child, ChildSpec, RestartBudget
from media.ring import AudioRing
from tests.support.context import Stage
from tests.support.engines import NumberedRecognizer
from tests.support.peers import RecordingPeer


class HearingRig(Stage):
    """A call of which only the supervision of STT is real."""

    def __init__(self) -> None:
        super().__init__()
        self.agent, self.stt = RecordingPeer(), RecordingPeer()
        self.starts: list[str] = []
        self.exhausted: list[ChildFailed] = []
        self.voiced_frames = 0
        self.make()

    def make(self, *, single: bool = False, signs_of_life: bool = True) -> None:
        """Make the supervision, by the settings so far."""
        settings = self.context.settings
        recognizer = NumberedRecognizer()
        recognizer.signs_of_life = signs_of_life
        budget = RestartBudget(settings.stt_restarts, refill_after_s=settings.stt_refill_s)
        backoff_s = settings.stt_backoff_ms / 1000
        spec = ChildSpec("stt", self.new_mailbox("stt"), self._start_stt, budget, backoff_s)
        self.child = Child(spec)
        parts: Any = SimpleNamespace(
            context=self.context,
            children={"stt": self.child},
            stt=self.stt,
            agent=self.agent,
            stt_single=single,
            hear_by=self._hear_by,
            engines=SimpleNamespace(recognizer=recognizer),
            stt_state=SttState(AudioRing(10)),
        )
        self.parts = parts
        self.hearing = Hearing(parts, self._after, self.exhausted.append)
        self.hearing.opened()

    def _hear_by(self, *, single: bool) -> None:
        self.parts.stt_single = single

    def _start_stt(self) -> Any:
        self.starts.append("single" if self.parts.stt_single else "streaming")
        return None

    def _after(self, delay_s: float, message: OutOfBand) -> Timer:
        assert delay_s >= 0
        return self.clock.call_later(delay_s, lambda: self._due(message))

    def _due(self, message: OutOfBand) -> None:
        match message:
            case RestartStt():
                self.hearing.restart()
            case LivenessDue():
                self.hearing.liveness_due()
            case GiveUpDue():
                self.hearing.give_up_due()
            case _:
                raise AssertionError(message)

    def fail(self, status: str = "UNAVAILABLE", detail: str = "scripted") -> None:
        """Let the STT child crash over the end of its stream."""
        self.crash(StreamFailed(status, detail))

    def crash(self, error: BaseException) -> None:
        """Let the STT child crash."""
        self.hearing.failed(ChildFailed("stt", error))

    def voice(self, seconds: float = 0.2) -> None:
        """Let the caller be heard at the border, told every 100 ms."""
        for _ in range(round(seconds * 10)):
            self.advance(0.1)
            self.voiced_frames += 5
            self.hearing.voice_heard(VoiceHeard(self.voiced_frames, self.clock.now()))

    def metric(self, name: str, **labels: str) -> float:
        """Read a metric; 0 where nothing was counted."""
        return self.context.metrics.registry.get_sample_value(name, labels) or 0.0

    def told(self) -> list[str]:
        """What the agent was told, by name."""
        return [type(message).__name__ for message in self.agent.messages]
