"""The metronome: one timer wheel that beats 20 ms for every call of a loop.

Members are spread over ten slots of 2 ms, so that fifty calls do not all send at the same
instant. Deadlines are absolute: lateness is never added up. A beat that was missed
altogether is skipped; who was late catches up by its own clock. What a member does with a
beat is its own affair, and so is its crash: `LoopActor.tick` contains it. Who takes long over
it is reported, as the dispatcher does for a turn.
"""

import time
from collections.abc import Callable
from typing import Protocol

from actors.clock import Clock, Timer
from media.frame import FRAME_S

SLOTS = 10
SLOT_S = FRAME_S / SLOTS

SLOW_TICK_S = FRAME_S
"""A tick longer than the beat itself makes every other member of the loop late."""


class Member(Protocol):
    """Something that wants the beat."""

    @property
    def label(self) -> str:
        """Who it is, for the report of a slow tick."""
        ...

    def tick(self, now: float) -> None:
        """Hear the beat. Never raises."""
        ...


class Beat(Protocol):
    """Where an actor asks for the beat."""

    def join(self, member: Member) -> None:
        """Beat for a member from now on."""
        ...

    def leave(self, member: Member) -> None:
        """Beat for it no more. Harmless for one that never joined."""
        ...

    @property
    def members(self) -> int:
        """How many it beats for."""
        ...


class Metronome:
    """Beats 20 ms for its members, each in its own slot of the beat."""

    def __init__(
        self,
        clock: Clock,
        on_slow_tick: Callable[[str, float], None] = lambda _label, _seconds: None,
        on_skipped: Callable[[int], None] = lambda _slots: None,
    ) -> None:
        """Make one without members.

        Args:
            clock: tells the time of the beats.
            on_slow_tick: called with the label and the seconds of a tick over `SLOW_TICK_S`.
            on_skipped: called with the number of slots that were missed, because the loop
                stood still for more than a beat.
        """
        self._clock = clock
        self._on_slow_tick = on_slow_tick
        self._on_skipped = on_skipped
        self._slots: list[list[Member]] = [[] for _ in range(SLOTS)]
        self._origin_at = clock.now()
        self._next = 0
        self._timer: Timer | None = None

    def join(self, member: Member) -> None:
        """Beat for a member from now on, in the slot with the fewest members."""
        min(self._slots, key=len).append(member)
        if self._timer is None:
            self._next = self._slot_number(self._clock.now()) + 1
            self._arm()

    def leave(self, member: Member) -> None:
        """Beat for it no more. Harmless for one that never joined."""
        for slot in self._slots:
            if member in slot:
                slot.remove(member)
        if self.members == 0 and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def members(self) -> int:
        """How many it beats for."""
        return sum(map(len, self._slots))

    def _slot_number(self, at: float) -> int:
        return int((at - self._origin_at) / SLOT_S)

    def _arm(self) -> None:
        """Set the timer to the next slot with anybody in it."""
        while not self._slots[self._next % SLOTS]:
            self._next += 1
        due_at = self._origin_at + self._next * SLOT_S
        self._timer = self._clock.call_later(due_at - self._clock.now(), self._beat)

    def _beat(self) -> None:
        now = self._clock.now()
        self._skip_missed(now)
        # A timer may come a hair early; its slot is due all the same.
        due = max(self._next, self._slot_number(now))
        while self._next <= due:
            slot = self._slots[self._next % SLOTS]
            self._next += 1
            self._tick(tuple(slot), now)
        # Whoever joined an empty wheel during the beat has set a timer of its own.
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self.members:
            self._arm()

    def _tick(self, members: tuple[Member, ...], now: float) -> None:
        began_at = time.perf_counter()
        for member in members:
            member.tick(now)
            ended_at = time.perf_counter()
            if ended_at - began_at > SLOW_TICK_S:
                self._on_slow_tick(member.label, ended_at - began_at)
            began_at = ended_at

    def _skip_missed(self, now: float) -> None:
        missed = self._slot_number(now) - self._next - SLOTS + 1
        if missed > 0:
            self._next += missed
            self._on_skipped(missed)
