"""Taps in the ways of time: turns, ticks, timers and looks at the clock of one call.

The order in which a call's actors get their turns, and the time that each of them sees, is
all there is between the same input and the same output: so both are recorded. The taps add
nothing to what they stand before and decide nothing.
"""

from collections.abc import Callable

from actors.clock import Clock, Timer
from actors.dispatcher import Dispatcher, Ready
from actors.metronome import Beat, Member
from actors.runtime import Runtime
from replay.tape import TapeSink


def tapped_runtime(runtime: Runtime, tape: TapeSink) -> Runtime:
    """Put a tape in between a call and what it runs on."""
    return Runtime(
        TappedDispatcher(runtime.dispatcher, tape),
        TappedClock(runtime.clock, tape),
        TappedBeat(runtime.metronome, tape),
    )


def child_of(label: str) -> str:
    """Say which of the call's actors a label belongs to: `rx` of `rx CA12…`."""
    return label.partition(" ")[0]


class TappedDispatcher:
    """Notes turns."""

    def __init__(self, dispatcher: Dispatcher, tape: TapeSink) -> None:
        self._dispatcher = dispatcher
        self._tape = tape

    def ready(self, actor: Ready) -> None:
        """Ask for a turn."""
        self._dispatcher.ready(_Turn(actor, self._tape))


class _Turn:
    """One turn to come."""

    __slots__ = ("_actor", "_tape")

    def __init__(self, actor: Ready, tape: TapeSink) -> None:
        self._actor = actor
        self._tape = tape

    @property
    def label(self) -> str:
        return self._actor.label

    def turn(self) -> None:
        self._tape.begin("turn", child_of(self._actor.label))
        self._actor.turn()
        self._tape.end()


class TappedBeat:
    """Notes ticks."""

    def __init__(self, beat: Beat, tape: TapeSink) -> None:
        self._beat = beat
        self._tape = tape
        self._members: dict[Member, _TappedMember] = {}

    def join(self, member: Member) -> None:
        """Beat for a member from now on."""
        tapped = self._members[member] = _TappedMember(member, self._tape)
        self._beat.join(tapped)

    def leave(self, member: Member) -> None:
        """Beat for it no more."""
        tapped = self._members.pop(member, None)
        if tapped is not None:
            self._beat.leave(tapped)

    @property
    def members(self) -> int:
        """How many actors of this call want the beat."""
        return len(self._members)


class _TappedMember:
    """One member of the beat."""

    __slots__ = ("_member", "_tape")

    def __init__(self, member: Member, tape: TapeSink) -> None:
        self._member = member
        self._tape = tape

    @property
    def label(self) -> str:
        return self._member.label

    def tick(self, now: float) -> None:
        at = self._tape.begin("tick", child_of(self._member.label), at=now)
        self._member.tick(at)
        self._tape.end()


class TappedClock:
    """Notes timers, numbered as they are set, and looks at the clock."""

    def __init__(self, clock: Clock, tape: TapeSink) -> None:
        self._clock = clock
        self._tape = tape
        self._timers = 0

    def now(self) -> float:
        """Read the time."""
        return self._tape.read(self._clock.now())

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call back once after a delay."""
        self._timers += 1
        timer = _TappedTimer(self._timers, callback, self._tape)
        self._tape.leaves("later", timer.number, delay_s)
        timer.inner = self._clock.call_later(delay_s, timer.fire)
        return timer


class _TappedTimer:
    """One call to come."""

    __slots__ = ("_callback", "_tape", "inner", "number")

    def __init__(self, number: int, callback: Callable[[], None], tape: TapeSink) -> None:
        self.number = number
        self.inner: Timer | None = None
        self._callback: Callable[[], None] | None = callback
        self._tape = tape

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            self._tape.begin("timer", self.number)
            callback()
            self._tape.end()

    def cancel(self) -> None:
        if self._callback is not None and self.inner is not None:
            self._callback = None
            self._tape.leaves("cancel", self.number)
            self.inner.cancel()
