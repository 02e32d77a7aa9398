"""A whole call on the manual clock: real root, real actors, scripted engines, a fake phone.

The fake phone plays what it is sent at 20 ms a frame and echoes marks when they have been
played, as Twilio does; `clear` empties its buffer and returns the marks.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any

from loguru import logger

from actors.call_line import CallLine
from actors.engines import Engines
from actors.messages import InboundFrame, MarkEchoed, SocketClosed
from actors.outcome import CallControl
from actors.recorder import NoRecorder
from actors.root import CallRoot
from call_log import no_call_log
from media.frame import FRAME_S, SILENCE_FRAME
from settings import Settings
from telemetry import Metrics
from tests.support.engines import CountingSynthesizer, EchoDialogue, NumberedRecognizer
from tests.support.manual import ManualRuntime
from tests.support.peers import FakeSocket


def settings(**changes: Any) -> Settings:
    """The defaults, whatever the environment says, with changes."""
    return Settings.model_construct(**{**Settings.model_construct().model_dump(), **changes})


class ManualCall(ManualRuntime):
    """One call with its root, driven by hand."""

    def __init__(
        self,
        *,
        recognizer: Any = None,
        synthesizer: Any = None,
        dialogue: Any = None,
        call_sid: str = "CA1",
        control: CallControl | None = None,
        caller: str = "",
        new_log: Any = no_call_log,
        new_recorder: Any = NoRecorder,
        **changes: Any,
    ) -> None:
        super().__init__()
        self.recognizer = recognizer or NumberedRecognizer()
        self.synthesizer = synthesizer or CountingSynthesizer()
        self.dialogue = dialogue or EchoDialogue()
        self.metrics = Metrics()
        self.settings = settings(**changes)
        engines = Engines(self.recognizer, self.synthesizer, self.dialogue)
        self.root = CallRoot(
            self.runtime,
            self.settings,
            engines,
            self.metrics,
            logger,
            control,
            new_log,
            new_recorder,
        )
        self.call_sid = call_sid
        self.socket = FakeSocket(self.clock.now)
        self.socket.on_close = lambda: self.line.call.post(SocketClosed(1000))
        self.socket.on_mark = self._queue_mark
        self._plays_until = self.clock.now()
        self._marks: deque[tuple[float, str]] = deque()
        self.line: CallLine = self.root.begin(call_sid, "MZ1", self.socket, caller)
        self.media_ms = 0
        self.settle()

    @property
    def parts(self) -> Any:
        """The call's parts, as the root holds them."""
        return self.root._live[self.call_sid].parts

    def actor(self, name: str) -> Any:
        """The living actor behind a mailbox."""
        return getattr(self.parts, name)._owner

    def hear(self, frames: Iterable[bytes], *, voiced: bool = True) -> None:
        """Let the caller speak: a frame every 20 ms."""
        for payload in frames:
            self.line.rx.post(InboundFrame(payload, self.media_ms, voiced, self.clock.now()))
            self.media_ms += 20
            self._beat()

    def quiet(self, seconds: float) -> None:
        """Let the caller be silent on an open line."""
        self.hear([SILENCE_FRAME] * round(seconds / FRAME_S), voiced=False)

    def wait(self, seconds: float) -> None:
        """Let time pass without any media."""
        for _ in range(round(seconds / FRAME_S)):
            self._beat()

    def _beat(self) -> None:
        before = len(self.socket.sent)
        self.advance(FRAME_S)
        self._play(self.socket.sent[before:])
        self._echo()

    def _play(self, sent: list[tuple[str, Any]]) -> None:
        for kind, _ in sent:
            if kind == "media":
                self._plays_until = max(self._plays_until, self.clock.now()) + FRAME_S
            elif kind == "clear":
                self._plays_until = self.clock.now()
                self._marks = deque((self.clock.now(), name) for _, name in self._marks)

    def _queue_mark(self, name: str) -> None:
        self._marks.append((self._plays_until + FRAME_S, name))

    def _echo(self) -> None:
        while self._marks and self._marks[0][0] <= self.clock.now():
            self.line.tx.post(MarkEchoed(self._marks.popleft()[1]))
        self.settle()

    @property
    def ended(self) -> bool:
        """Whether the root has cleared the call away."""
        return self.root.active == 0
