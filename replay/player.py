"""Runs a recorded call again: the real root and actors, a clock by hand, recorded engines.

Owns the order of a replay: it goes through the recording line by line and lets happen to the
call what happened then. Opens no socket, starts no thread, waits for nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from loguru import logger

from actors.call_line import CallLine
from actors.peer import MediaPeer, Peer
from actors.recorder import Outside
from actors.root import CallRoot
from actors.runtime import Runtime
from dialogue.ports import Manners
from replay.codec import RecordingError
from replay.comparison import Comparison, Difference
from replay.course import Course, Departure
from replay.lines import Line, Recording
from replay.recorded_border import RecordedControl, RecordedSocket
from replay.recorded_engines import Answers, recorded_engines
from replay.recorder import tapped
from replay.runtime import ReplayBeat, ReplayClock, ReplayDispatcher
from settings import Settings
from telemetry import Metrics

MessageT = TypeVar("MessageT")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a replay."""

    same: int
    """Outputs that were as recorded, up to the first difference."""

    difference: Difference | None
    departure: Departure | None

    @property
    def ok(self) -> bool:
        """Whether all outputs were as recorded."""
        return self.difference is None


class Replaying:
    """The recorder of the replayed call: it puts the taps in place, and the course behind them."""

    def __init__(self, outside: Outside, course: Course) -> None:
        self.outside = tapped(outside, course)

    def peer(self, _name: str, peer: MediaPeer[MessageT], /) -> MediaPeer[MessageT]:
        """Hand the mailbox back: what comes is known."""
        return peer

    def ended(self) -> None:
        """Take note."""


class Player:
    """Runs one recording, once."""

    def __init__(self, recording: Recording, settings: Settings) -> None:
        """Prepare it.

        Raises:
            RecordingError: the recording lacks what a call begins with.
        """
        self._recording = recording
        self._comparison = Comparison(recording.lines)
        self.course = Course(recording.lines, self._comparison, recording.began_at)
        self.course.happen = self._happen
        self.happened: Callable[[Line], None] = lambda _line: None
        """Told of everything that happens to the replayed call."""
        self._dispatcher = ReplayDispatcher()
        self._clock = ReplayClock(self._dispatcher.run_until_idle, recording.began_at)
        self.course.now = self._clock.now
        self._beat = ReplayBeat()
        self._answers = Answers()
        self._socket = RecordedSocket()
        self._control = RecordedControl()
        self._root = self._make_root(settings)
        self._line: CallLine | None = None

    def run(self, until_s: float = float("inf")) -> Verdict:
        """Run it up to so many seconds after its begin, or to the first difference."""
        until = self._recording.began_at + until_s
        call_sid = str(self._recording.header.get("call_sid", "replay"))
        self._line = self._root.begin(call_sid, "replay", self._socket)
        self.course.ends()
        line = self.course.next()
        while line is not None and line.at <= until and self._comparison.difference is None:
            self._step(line)
            line = self.course.next()
        if line is None and not self.course.in_step:
            self._comparison.passed(float("inf"))
        return Verdict(self._comparison.same, self._comparison.difference, self.course.departure)

    def _make_root(self, settings: Settings) -> CallRoot:
        header = self._recording.header
        runtime = Runtime(self._dispatcher, self._clock, self._beat)
        manners = _manners(self._recording)
        engines = recorded_engines(self._answers, header.get("recognizer", {}), manners)
        control = self._control if header.get("control") else None
        return CallRoot(
            runtime,
            settings,
            engines,
            Metrics(),
            logger,
            control,
            new_recorder=lambda _call_sid, outside: Replaying(outside, self.course),
        )

    # --- one line --------------------------------------------------------------------

    def _step(self, line: Line) -> None:
        if self.course.in_step:
            self._in_step(line)
        else:
            self._by_the_clock(line)

    def _in_step(self, line: Line) -> None:
        self._clock.set(line.at)
        self.course.starts(line)
        if not self._take(line):
            self.course.depart(line.content, None)
        self.course.ends()

    def _take(self, line: Line) -> bool:
        """Do what was done; False if the replayed call is not at it."""
        name: Any = line.content[-1]
        match line.kind:
            case "turn":
                return self._dispatcher.give_turn(name)
            case "tick":
                return self._beat.tick(name, line.at)
            case "timer":
                return self._clock.fire(name)
            case _:
                if line.timed:
                    self._happen(line)
                return line.timed

    def _by_the_clock(self, line: Line) -> None:
        """Let inputs come when they came, and the call do what it will."""
        if not line.timed:
            return
        self._clock.advance_to(line.at)
        self.course.at = line.at
        if line.kind == "tick":
            self._beat.tick(line.content[1], line.at)
        if line.kind in {"turn", "tick", "timer"}:
            self._dispatcher.run_until_idle()
        else:
            self._happen(line)
        self._comparison.passed(line.at)

    def _happen(self, line: Line) -> None:
        """Let something from outside happen to the call."""
        self.happened(line)
        content = line.content
        match line.kind:
            case "in":
                self._peer(content[1]).post(line.message)
            case "say":
                self._answers.say(content[1], line.message)
            case "tool":
                self._answers.used_tool(line.message)
            case "told":
                self._control.answer(content[1], content[2])
            case _:
                self._socket.owed = content[1]

    def _peer(self, name: str) -> Peer[Any]:
        assert self._line is not None  # noqa: S101  # run() has begun the call
        peers: dict[str, Peer[Any]] = {
            "rx": self._line.rx,
            "tx": self._line.tx,
            "agent": self._line.agent,
            "call": self._line.call,
        }
        return peers[name]


def _manners(recording: Recording) -> Manners:
    """Find what the recorded brain says of its own accord."""
    for line in recording.lines:
        if line.kind == "manners":
            manners: Manners = line.message
            return manners
    last = recording.lines[-1].number if recording.lines else 1
    raise RecordingError(f"{recording.name}:{last}: expected a brain's manners before the end")
