"""A probe actor that does what its script says, and the rig it runs in.

The script outlives the actor and never refers to it, so that a test can ask whether a dead
actor is really gone.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pykka import ActorRef, ActorRegistry

from actors.family import InBand, Media, OutOfBand
from actors.loop_actor import LoopActor
from actors.mailbox import Mailbox
from actors.messages import ChildFailed
from actors.runtime import Runtime
from tests.support.manual import ManualRuntime
from tests.support.peers import RecordingPeer


@dataclass(frozen=True, slots=True)
class Frame(Media):
    """A frame that is told from others by its number only."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class InStep(InBand):
    """Control that keeps its place."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class LatestInStep(InBand):
    """Control that keeps its place, the latest wins."""

    COALESCES: ClassVar[bool] = True
    number: int = 0


@dataclass(frozen=True, slots=True)
class Order(OutOfBand):
    """Control that overtakes."""

    number: int = 0


@dataclass(frozen=True, slots=True)
class Latest(OutOfBand):
    """Control that overtakes, the latest wins."""

    COALESCES: ClassVar[bool] = True
    number: int = 0


@dataclass(frozen=True, slots=True)
class OtherLatest(OutOfBand):
    """The same, of another kind."""

    COALESCES: ClassVar[bool] = True
    number: int = 0


def _nothing(*_: Any) -> None:
    """Do nothing."""


@dataclass
class Script:
    """What a probe does on each occasion, and what it heard."""

    on_start: Callable[["ProbeActor"], Any] = _nothing
    on_message: Callable[["ProbeActor", Any], Any] = _nothing
    on_beat: Callable[["ProbeActor", float], Any] = _nothing
    on_release: Callable[["ProbeActor"], Any] = _nothing
    beats: bool = False
    """Whether it joins the metronome."""

    heard: list[Any] = field(default_factory=list[Any])
    beats_at: list[float] = field(default_factory=list[float])
    failures: list[BaseException | None] = field(default_factory=list[BaseException | None])
    starts: int = 0
    releases: int = 0


class ProbeActor(LoopActor):
    """Writes down what it is given and follows its script."""

    def __init__(
        self, runtime: Runtime, mailbox: Mailbox[Any], supervisor: RecordingPeer, script: Script
    ) -> None:
        super().__init__(runtime, mailbox, supervisor)
        self.script = script

    def on_start(self) -> None:
        self.script.starts += 1
        if self.script.beats:
            self.runtime.metronome.join(self)
        self.script.on_start(self)

    def on_receive(self, message: Any) -> Any:
        self.script.heard.append(message)
        return self.script.on_message(self, message)

    def on_tick(self, now: float) -> None:
        self.script.beats_at.append(now)
        self.script.on_beat(self, now)

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
        self.script.failures.append(exception_value)
        super().on_failure(exception_type, exception_value, traceback)

    def release(self) -> None:
        self.script.releases += 1
        self.script.on_release(self)


def fail(error: BaseException) -> Callable[..., None]:
    """Make a script entry that raises."""

    def entry(*_: Any) -> None:
        raise error

    return entry


def fail_on(trouble: Any, error: BaseException) -> Callable[["ProbeActor", Any], None]:
    """Make a script entry that raises over one message."""

    def entry(_actor: "ProbeActor", message: Any) -> None:
        if message == trouble:
            raise error

    return entry


class ProbeRig(ManualRuntime):
    """One mailbox and its supervisor on the manual clock."""

    def __init__(self, *, media_frames: int = 200, control_messages: int = 256) -> None:
        super().__init__()
        self.supervisor = RecordingPeer()
        self.overflows = RecordingPeer()
        self.mailbox = self.new_mailbox("probe", media_frames, control_messages)

    def new_mailbox(
        self, name: str, media_frames: int = 200, control_messages: int = 256
    ) -> Mailbox[Any]:
        """Make one more mailbox."""
        return Mailbox(
            name,
            media_frames=media_frames,
            control_messages=control_messages,
            on_overflow=self.overflows.post,
        )

    def start(self, script: Script, mailbox: Mailbox[Any] | None = None) -> ActorRef[Any]:
        """Start an incarnation; it has not had its first turn yet."""
        box = self.mailbox if mailbox is None else mailbox
        return ProbeActor.start(self.runtime, box, self.supervisor, script)

    def run(self, script: Script) -> ActorRef[Any]:
        """Start an incarnation and let it come to rest."""
        ref = self.start(script)
        self.settle()
        return ref

    def stop(self, *refs: ActorRef[Any]) -> None:
        """Stop those who still live, and let everybody come to rest."""
        for ref in refs:
            if ref.is_alive():
                ref.stop(block=False)
        self.settle()

    @property
    def failures(self) -> list[ChildFailed]:
        """What the supervisor was told."""
        return self.supervisor.of(ChildFailed)


def missing(mailbox: Mailbox[Any]) -> tuple[int, int]:
    """Frames and control messages that a mailbox cannot account for: (0, 0) if it is sound."""
    ledger = mailbox.ledger
    return (
        ledger.missing(mailbox.held_frames),
        ledger.control_missing(mailbox.held_control),
    )


@contextmanager
def registry_unchanged() -> Generator[None]:
    """Demand that Pykka's registry ends as it began; clean up behind a test that failed."""
    before = set(ActorRegistry.get_all())
    yield
    left = set(ActorRegistry.get_all()) - before
    for ref in left:
        ActorRegistry.unregister(ref)
    assert left == set()
