"""Pykka actors hosted on the event loop instead of on threads.

`LoopActor` implements the three hooks Pykka keeps "for implementors of new actor types".
All of Pykka's private names that this project needs are in this module, and a contract
test fails when Pykka changes them. What it adds to Pykka:

* The mailbox outlives the actor. Pykka sees an `Inbox` that belongs to one incarnation and
  is detached before Pykka's teardown could drain it; a stale `stop` ends in that inbox.
* Every crash is contained and reported to the supervisor: in `on_start` (Pykka calls no
  `on_failure` there), in a message, in a tick; and a `BaseException` too, over which Pykka
  would stop every actor of the process.
* `tick`, the beat of the metronome, guarded like a message.
"""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import pykka
from pykka import messages as pykka_messages
from pykka._envelope import Envelope

from actors.clock import Timer
from actors.family import OutOfBand
from actors.mailbox import Mailbox
from actors.messages import ChildFailed
from actors.own_timer import OwnTimer
from actors.peer import Peer
from actors.runtime import Runtime

TURN_MESSAGES = 32
"""Messages dealt with in one turn before others get theirs."""


class GuardedFuture(pykka.ThreadingFuture[Any]):
    """The future behind `ask`: for other threads; on the loop's own it would wait for ever."""

    def get(self, *, timeout: float | None = None) -> Any:
        """Wait for the answer.

        Raises:
            RuntimeError: called on an event loop's thread, which would block every call.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return super().get(timeout=timeout)
        msg = "ask().get() on the event loop would block every call; actors only tell"
        raise RuntimeError(msg)


@dataclass(frozen=True, slots=True)
class Asked(OutOfBand):
    """A message whose sender waits for an answer."""

    message: Any
    reply_to: Any

    def refuse(self, who: str) -> None:
        """Answer that nobody is there any more."""
        error = pykka.ActorDeadError(f"{who} stopped before handling the message")
        self.reply_to.set_exception((pykka.ActorDeadError, error, None))


class Inbox:
    """What Pykka takes for the actor's inbox: the mailbox, for as long as one actor lives."""

    __slots__ = ("_mailbox", "_owner", "stops")

    def __init__(self, mailbox: Mailbox[Any], owner: "LoopActor") -> None:
        self._mailbox = mailbox
        self._owner: LoopActor | None = owner
        self.stops: list[Envelope[Any]] = []

    def put(self, envelope: Envelope[Any], /) -> None:
        """Take an envelope from an `ActorRef`."""
        if self._owner is None:
            if envelope.reply_to is not None:
                Asked(envelope.message, envelope.reply_to).refuse(self._mailbox.name)
        elif isinstance(envelope.message, pykka_messages._ActorStop):  # noqa: SLF001  # Pykka's stop has no public name
            self.stops.append(envelope)
            self._owner.wake()
        elif envelope.reply_to is not None:
            asked = Asked(envelope.message, envelope.reply_to)
            if self._mailbox.closed:
                asked.refuse(self._mailbox.name)
            else:
                self._mailbox.post(asked)
        else:
            self._mailbox.post(envelope.message)

    def get(self) -> Envelope[Any]:
        """Give Pykka's teardown what it may answer: the stops, and nothing else."""
        return self.stops.pop(0)

    def empty(self) -> bool:
        """Say whether the teardown is through."""
        return not self.stops

    def detach(self) -> None:
        """Part the actor from the mailbox; what is put here from now on goes nowhere."""
        self._owner = None


class LoopActor(pykka.Actor):
    """An actor that a dispatcher gives its turns, reading a mailbox that outlives it."""

    def __init__(
        self,
        runtime: Runtime,
        mailbox: Mailbox[Any],
        supervisor: Peer[ChildFailed],
        label: str = "",
    ) -> None:
        """Create the actor; `start()` gets it going.

        Args:
            runtime: the dispatcher, clock and metronome it runs on.
            mailbox: what it reads. Its name is the child's name towards the supervisor.
            supervisor: told of the crash, whatever the way it happens.
            label: who this is in the report of a slow turn, such as `rx CA12…`.
        """
        self.runtime = runtime
        self.mailbox = mailbox
        self.label = label or mailbox.name
        self._supervisor = supervisor
        self._scheduled = False
        self._booted = False
        self._parted = False
        self._timers: set[OwnTimer] = set()
        super().__init__()

    # --- Pykka's hooks ---------------------------------------------------------------

    def _create_actor_inbox(self) -> Inbox:  # type: ignore[override]  # Pykka calls it on the instance
        self._inbox = Inbox(self.mailbox, self)
        return self._inbox

    @staticmethod
    def _create_future() -> GuardedFuture:
        return GuardedFuture()

    def _start_actor_loop(self) -> None:
        self.mailbox.attach(self)
        self.wake()

    # --- turns -----------------------------------------------------------------------

    def wake(self) -> None:
        """Ask for a turn, once at a time. The dispatcher then holds the actor strongly."""
        if not (self._scheduled or self._parted):
            self._scheduled = True
            self.runtime.dispatcher.ready(self)

    def turn(self) -> None:
        """Deal with up to `TURN_MESSAGES` messages. Never raises."""
        self._scheduled = False
        if not self._booted:
            self._booted = True
            self._guard(self.on_start)
        for _ in range(TURN_MESSAGES):
            if self._parted:
                return
            if self._inbox.stops:
                self._guard(self._obey_stop)
                return
            message = self.mailbox.take()
            if message is None:
                return
            try:
                self._deal_with(message)
            except BaseException:  # noqa: BLE001  # the boundary of the actor: nothing passes it
                self._crash(message)
                return
            self.mailbox.settle()
        self.wake()

    def tick(self, now: float) -> None:
        """Hear the metronome. Never raises."""
        if self._parted:
            return
        try:
            self.on_tick(now)
        except BaseException:  # noqa: BLE001  # the boundary of the actor: nothing passes it
            self._crash()
        else:
            self.mailbox.settle()

    def on_tick(self, now: float) -> None:
        """Do what is due on the 20 ms grid. Only for members of the metronome."""

    def after(self, delay_s: float, message: OutOfBand) -> Timer:
        """Send a message to oneself later. It is called off when this incarnation ends."""
        timer = OwnTimer(self._timers)
        if self.alive:
            timer.inner = self.runtime.clock.call_later(
                delay_s, lambda: timer.fire(self.mailbox, message)
            )
        return timer

    def release(self) -> None:
        """Let go of streams, requests and tasks. Called once, however the actor ends."""

    def salvage(self, message: Any) -> None:
        """Keep for the successor what a message carried over which this actor has crashed.

        Called before `release()`; None where it was no message.
        """

    def on_stop(self) -> None:
        """Pykka's hook for a stop."""
        self.release()

    def on_failure(
        self,
        exception_type: type[BaseException] | None,  # noqa: ARG002  # Pykka's signature
        exception_value: BaseException | None,  # noqa: ARG002
        traceback: TracebackType | None,  # noqa: ARG002
    ) -> None:
        """Pykka's hook for a crash."""
        self.release()

    @property
    def alive(self) -> bool:
        """Whether this incarnation still acts; late results of its helpers check it."""
        return not self._parted

    # --- inside ----------------------------------------------------------------------

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException:  # noqa: BLE001  # the boundary of the actor: nothing passes it
            self._crash()

    def _deal_with(self, message: Any) -> None:
        if not isinstance(message, Asked):
            self._handle_receive(message)
            return
        try:
            message.reply_to.set(self._handle_receive(message.message))
        except BaseException as error:  # Pykka's rule: an error in an `ask` is the asker's
            message.reply_to.set_exception()
            if not isinstance(error, Exception):  # a crash as well
                raise

    def _obey_stop(self) -> None:
        """Stop at once: what waits in the mailbox is for the supervisor to discard."""
        self._part()
        try:
            self._stop()
        except BaseException:  # noqa: BLE001  # Pykka contains no more than an `Exception`
            self._handle_failure(*sys.exc_info())
        self._actor_loop_teardown()

    def _crash(self, message: Any = None) -> None:
        kind, error, trace = sys.exc_info()
        if self._parted or error is None:
            return
        self.mailbox.charge_crash()
        self._part()
        self._handle_failure(kind, error, trace)
        try:
            self.salvage(message)
            self.on_failure(kind, error, trace)
        except BaseException:  # noqa: BLE001  # cleaning up after a crash must not crash further
            self._handle_failure(*sys.exc_info())
        self._actor_loop_teardown()
        # The trace has been logged; kept, it would hold the dead actor through its frames.
        self._supervisor.post(ChildFailed(self.mailbox.name, error.with_traceback(None)))

    def _part(self) -> None:
        """Let go of mailbox, metronome and timers before anything else can happen.

        Pykka's `actor_stopped` is set right after; asking it three times a frame costs more.
        """
        self._parted = True
        self._inbox.detach()
        self.mailbox.detach()
        self.runtime.metronome.leave(self)
        for timer in tuple(self._timers):
            timer.cancel()
