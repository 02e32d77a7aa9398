"""The hand-wound runtime of a replay: turns, ticks and timers one by one, by their names.

Manual dispatcher and clock as in tests, with a handle on what comes next. In step the player
takes turns, ticks and timers as they were recorded; out of step timers fire by the clock and
actors have their turns until none asks for one.
"""

from collections.abc import Callable

from actors.clock import ManualClock, ManualTimer, Timer
from actors.dispatcher import ManualDispatcher
from actors.metronome import Member
from replay.taps_runtime import child_of


class ReplayDispatcher(ManualDispatcher):
    """Turns by hand."""

    def give_turn(self, child: str) -> bool:
        """Give the next turn if it is this child's; False if it is not."""
        if not self._queue or child_of(self._queue[0].label) != child:
            return False
        self._queue.popleft().turn()
        return True


class ReplayClock(ManualClock):
    """Time by hand, backwards too: a beat is as old as its first member's tick."""

    def __init__(self, settle: Callable[[], None], start_at: float) -> None:
        super().__init__(settle, start_at)
        self._numbered: dict[int, ManualTimer] = {}
        self._set = 0

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Set a timer; they are numbered from 1."""
        timer = super().call_later(delay_s, callback)
        self._set += 1
        if isinstance(timer, ManualTimer):
            self._numbered[self._set] = timer
        return timer

    def set(self, at: float) -> None:
        """Set the time; nothing fires."""
        self._now = at

    def advance_to(self, at: float) -> None:
        """Let time pass; what is due fires. Where nothing is, nobody gets a turn by it."""
        if self._timers and self._timers[0][0] <= at:
            self.advance(max(0.0, at - self._now))
        self._now = max(self._now, at)

    def fire(self, number: int) -> bool:
        """Fire one timer now; False if it is not set."""
        timer = self._numbered.pop(number, None)
        if timer is None or timer.callback is None:
            return False
        callback = timer.callback
        timer.cancel()
        callback()
        return True


class ReplayBeat:
    """The beat by hand."""

    def __init__(self) -> None:
        self._joined: list[Member] = []

    def join(self, member: Member) -> None:
        """Take a member."""
        self._joined.append(member)

    def leave(self, member: Member) -> None:
        """Let it go."""
        self._joined.remove(member)

    @property
    def members(self) -> int:
        """How many there are."""
        return len(self._joined)

    def tick(self, child: str, at: float) -> bool:
        """Beat for one child; False if it has not joined."""
        for member in self._joined:
            if child_of(member.label) == child:
                member.tick(at)
                return True
        return False
