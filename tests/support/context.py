"""The surroundings of one actor under test: manual time, recording peers, the call's context.

A `Stage` is one call of which only one actor is real. Test modules derive their own from it,
start the actor (and its successors, after a crash) and read what reached the peers.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from loguru import logger
from pykka import ActorRef

from actors.context import CallContext
from actors.family import OutOfBand
from actors.mailbox import Mailbox
from actors.messages import ChildFailed
from actors.stats import CallStats
from dialogue import ports as brains
from media.frame import FRAME_S
from telemetry import Metrics
from tests.support.brains import MANNERS
from tests.support.call import settings
from tests.support.engines import ScriptedReply
from tests.support.manual import ManualRuntime
from tests.support.peers import RecordingPeer

OFF_BEAT_S = 0.005
"""Tests act this long after a beat, so that no rounding moves an act to its other side."""


@dataclass(frozen=True, slots=True)
class Poison(OutOfBand):
    """A message of nobody's protocol: the actor that takes it crashes."""


class Stage(ManualRuntime):
    """One call of which only one actor is real."""

    def __init__(self) -> None:
        super().__init__()
        self.supervisor = RecordingPeer()
        self.call = RecordingPeer()
        self.overflows: list[str] = []
        self.refs: list[ActorRef[Any]] = []
        self.context = CallContext(
            "CA1", settings(), self.runtime, Metrics(), CallStats(), logger.bind(call_sid="CA1")
        )
        self.advance(OFF_BEAT_S)

    def set(self, **changes: Any) -> None:
        """Change settings; only before the actor is started."""
        self.context = replace(self.context, settings=settings(**changes))

    def new_mailbox(self, name: str, media_frames: int = 0) -> Mailbox[Any]:
        return Mailbox(
            name,
            media_frames=media_frames,
            control_messages=256,
            on_overflow=self.overflows.append,
        )

    def started(self, ref: ActorRef[Any]) -> None:
        """Keep an actor that was started, so that it lives, and let it begin."""
        self.refs.append(ref)
        self.settle()

    def stop(self) -> None:
        """Stop whatever still lives: no actor outlives its test."""
        for ref in self.refs:
            ref.stop(block=False)
        self.settle()

    def beats(self, count: int = 1) -> None:
        """Let so many beats of 20 ms pass."""
        for _ in range(count):
            self.advance(FRAME_S)

    def stall(self, seconds: float) -> None:
        """Let time pass with the loop standing still: timers come late, missed beats are gone."""
        self.clock._now += seconds
        self.advance(0)

    @property
    def failures(self) -> list[BaseException]:
        """What the supervisor was told."""
        return [failure.error for failure in self.supervisor.of(ChildFailed)]


@contextmanager
def staged(make: Callable[[], Any]) -> Generator[Any]:
    """Make a stage and stop its actors afterwards."""
    stage = make()
    try:
        yield stage
    finally:
        stage.stop()


@contextmanager
def logged() -> Generator[list[str]]:
    """Collect the lines that are logged."""
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(message.record["message"]), level="DEBUG")
    try:
        yield lines
    finally:
        logger.remove(sink)


@dataclass
class HandBrain:
    """A brain that answers only when the test makes it."""

    manners: brains.Manners = MANNERS
    told: list[brains.CallerEvent] = field(default_factory=list[brains.CallerEvent])
    sinks: list[brains.BrainSink] = field(default_factory=list[brains.BrainSink])
    replies: list[ScriptedReply] = field(default_factory=list[ScriptedReply])

    def respond(self, event: brains.CallerEvent, sink: brains.BrainSink) -> ScriptedReply:
        self.told.append(event)
        self.sinks.append(sink)
        self.replies.append(ScriptedReply())
        return self.replies[-1]
