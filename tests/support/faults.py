"""Faults to put into calls, and what must hold of a call whatever was put into it.

Every fault comes the way a real one would: as a message nobody knows, as an exception out
of the engine or the socket, or out of the actor's own handler.
"""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pykka
from loguru import logger

from actors.call_line import CallLine
from actors.engines import Engines
from actors.family import InBand, OutOfBand
from actors.messages import InboundFrame, MarkEchoed, SocketClosed, StreamStopped
from actors.root import CallRoot
from dialogue import ports as brains
from dialogue.ports import CallFacts
from media.frame import FRAME_S, SILENCE_FRAME
from telemetry import Metrics
from tests.support.call import ManualCall, settings
from tests.support.engines import CountingSynthesizer, EchoBrain, EchoDialogue, NumberedRecognizer
from tests.support.manual import ManualRuntime
from tests.support.peers import FakeSocket

CHILDREN = ("rx", "stt", "agent", "tx")


class Boom(Exception):
    """A fault of a test."""


@dataclass(frozen=True, slots=True)
class Poison(OutOfBand):
    """A message that no actor knows."""


@dataclass(frozen=True, slots=True)
class InBandPoison(InBand):
    """The same, in its place among the media."""


def raise_once(
    target: Any, method: str, error: BaseException, *, when: Callable[..., bool] = lambda *_: True
) -> None:
    """Let one call of a method raise, the first whose arguments fit; then it is whole again."""
    whole = getattr(target, method)

    def broken(*args: Any) -> Any:
        if not when(*args):
            return whole(*args)
        setattr(target, method, whole)
        raise error

    setattr(target, method, broken)


def swap(target: Any, name: str, by: Callable[..., Any]) -> None:
    """Put something of the test's own in the place of a method."""
    setattr(target, name, by)


def ignore(*_args: Any) -> None:
    """Take a call and do nothing."""


def kill(call: ManualCall, child: str, error: BaseException | None = None) -> None:
    """Crash a child now, over a message nobody knows or over an error of the test's choice."""
    if error is not None:
        raise_once(call.actor(child), "on_receive", error)
    getattr(call.parts, child).post(Poison())
    call.settle()


def words(call: ManualCall) -> list[str]:
    """What the brain was told the caller said, in order, word by word.

    An utterance that goes on is told once more from its beginning; the later one counts.
    """
    said: list[str] = []
    for event in call.dialogue.brain.told:
        if isinstance(event, brains.CallerSaid):
            if event.revises and said:
                said.pop()
            said.append(event.text)
    return " ".join(said).split()


def actors(call: ManualCall, *but: str) -> dict[str, Any]:
    """The living actors of a call, to see later that they are still the same."""
    names = [name for name in (*CHILDREN, "call") if name not in but]
    return {name: call.actor(name) for name in names}


def drops(call: ManualCall, *mailboxes: str) -> int:
    """Frames dropped in these mailboxes, whatever the reason."""
    return sum(getattr(call.parts, name).ledger.drops for name in mailboxes or ("rx", "stt"))


def count(call: "ManualCall | Exchange", metric: str, **labels: str) -> float:
    """Read a metric of a call's server; 0 where nothing was counted."""
    return call.metrics.registry.get_sample_value(metric, labels) or 0.0


def missing(call: ManualCall) -> dict[str, tuple[int, int]]:
    """Mailboxes whose ledger does not balance now, with frames and messages."""
    sums = {
        box.name: (
            box.ledger.missing(box.held_frames),
            box.ledger.control_missing(box.held_control),
        )
        for box in call.parts.mailboxes
    }
    return {name: unaccounted for name, unaccounted in sums.items() if any(unaccounted)}


def speak_through(
    call: ManualCall, speech: list[bytes], fault_at: int, fault: Callable[[], None]
) -> None:
    """Play speech frame by frame; the fault strikes just before frame `fault_at`."""
    for index, frame in enumerate(speech):
        if index == fault_at:
            fault()
        call.hear([frame], voiced=frame != SILENCE_FRAME)


def hang_up(call: ManualCall) -> None:
    """End a call as Twilio does, unless it has ended, and give its actors time to stop."""
    if not call.ended:
        call.line.call.post(StreamStopped())
    call.wait(0.2)


def assert_nothing_left(call: "ManualCall | Exchange") -> None:
    """Say of a call's runtime that everything which began has ended, and was accounted for."""
    assert call.root.active == 0
    assert call.clock.pending == 0
    assert call.metronome.members == 0
    assert living(call) == []
    assert count(call, "ledger_errors_total") == 0


def living(house: ManualRuntime) -> list[Any]:
    """The actors that Pykka still holds for one runtime."""
    known = (ref._actor_weakref() for ref in pykka.ActorRegistry.get_all())
    return [actor for actor in known if actor is not None and actor.runtime is house.runtime]


@contextmanager
def log_lines(level: str = "INFO") -> Generator[list[str], None, None]:
    """Collect what is logged meanwhile, message by message."""
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(line.rstrip("\n")), level=level, format="{message}")
    try:
        yield lines
    finally:
        logger.remove(sink)


class OwnBrains(EchoDialogue):
    """Makes every call its own `EchoBrain`."""

    def __init__(self) -> None:
        super().__init__()
        self.brains: list[EchoBrain] = []

    def new_brain(self, call: CallFacts) -> EchoBrain:
        self.brains.append(EchoBrain())
        return self.brains[-1]


class Caller:
    """One of the callers of an `Exchange`: speaks what it is told to, else is silent."""

    def __init__(self, exchange: "Exchange", call_sid: str) -> None:
        self._now = exchange.clock.now
        self.call_sid = call_sid
        self.line: CallLine
        self.says: deque[bytes] = deque()
        self._plays_until = self._now()
        self.socket = FakeSocket(self._now)
        self.socket.on_close = lambda: self.line.call.post(SocketClosed(1000))
        self.socket.on_mark = lambda name: self._marks.append((self._plays_until + FRAME_S, name))
        self._marks: deque[tuple[float, str]] = deque()
        self._seen = self._media_ms = 0
        self.line = exchange.root.begin(call_sid, f"MZ-{call_sid}", self.socket)
        self.parts: Any = exchange.root._live[call_sid].parts
        self.brain = exchange.dialogue.brains[-1]

    def send(self) -> None:
        """Send the next 20 ms."""
        frame = self.says.popleft() if self.says else SILENCE_FRAME
        voiced = frame != SILENCE_FRAME
        self.line.rx.post(InboundFrame(frame, self._media_ms, voiced, self._now()))
        self._media_ms += 20

    def play(self) -> None:
        """Play what has come, and echo the marks that are due."""
        sent, self._seen = self.socket.sent[self._seen :], len(self.socket.sent)
        for kind, _ in sent:
            if kind == "media":
                self._plays_until = max(self._plays_until, self._now()) + FRAME_S
            elif kind == "clear":
                self._plays_until = self._now()
                self._marks = deque((self._now(), name) for _, name in self._marks)
        while self._marks and self._marks[0][0] <= self._now():
            self.line.tx.post(MarkEchoed(self._marks.popleft()[1]))


class Exchange(ManualRuntime):
    """Several calls on one root and one manual clock."""

    def __init__(self, **changes: Any) -> None:
        super().__init__()
        self.metrics = Metrics()
        self.recognizer = NumberedRecognizer()
        self.dialogue = OwnBrains()
        engines = Engines(self.recognizer, CountingSynthesizer(), self.dialogue)
        self.root = CallRoot(self.runtime, settings(**changes), engines, self.metrics, logger)
        self.callers: list[Caller] = []

    def call(self, call_sid: str) -> Caller:
        """Place a call; it goes on by `beat`."""
        caller = Caller(self, call_sid)
        self.callers.append(caller)
        self.settle()
        return caller

    def beat(self, beats: int = 1) -> None:
        """Let 20 ms pass: everybody sends a frame, and plays what has come."""
        for _ in range(beats):
            for caller in self.callers:
                caller.send()
            self.advance(FRAME_S)
            for caller in self.callers:
                caller.play()
            self.settle()

    def forget_ended(self) -> None:
        """Let those hang up their phones whose call is over."""
        live = self.root._live
        self.callers = [caller for caller in self.callers if caller.call_sid in live]
