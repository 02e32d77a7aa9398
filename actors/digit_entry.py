"""The number that a caller is keying in: keys taken together until they are whole.

A plain class inside AgentActor, which hands it every key and lets the brain answer what it
returns. Owns when an entry is whole or has been given up. Never logs a key, and knows neither
speech nor replies: a voice does not end one that has begun; its owner ends one that has not
when the caller speaks instead.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from actors.agent_messages import EntryOverdue
from actors.clock import Clock, Timer
from actors.family import OutOfBand
from actors.peer import to_nobody
from dialogue.ports import (
    ENTRY_TIMEOUT_RANGE_S,
    KEYS,
    MAX_DIGITS,
    CallerEntered,
    CallerPressed,
)


@dataclass(slots=True)
class EntryState:
    """What is being keyed in; it belongs to the call and outlives a crash of the agent."""

    active: bool = False
    max_digits: int = 1
    terminator: str = ""
    timeout_s: float = ENTRY_TIMEOUT_RANGE_S[1]
    digits: str = field(default="", repr=False)
    """Personal data."""

    last_key: int = 0
    """Counts the keys of all entries of the call."""

    last_key_at: float = 0.0


class DigitEntry:
    """Takes the caller's keys together while the brain has asked for that.

    Args:
        after: sends its owner a message later.
        state: of this call; a successor of the owner goes on with it, see `resume()`.
        clock: the call's.
    """

    def __init__(
        self, after: Callable[[float, OutOfBand], Timer], state: EntryState, clock: Clock
    ) -> None:
        self._after = after
        self._state = state
        self._clock = clock
        self._timer: Timer | None = None

    @property
    def under_way(self) -> bool:
        """Whether the caller has begun: the line is not silent then, whatever is heard."""
        return self._state.active and bool(self._state.digits)

    def collect(self, max_digits: int, terminator: str, timeout_s: float) -> None:
        """Begin an entry; another one that was under way is forgotten.

        What is out of bounds is brought within them: an agent's slip ends no call.

        Args:
            max_digits: 1 to `MAX_DIGITS`; the last one ends it.
            terminator: the key that ends it and is not part of it; anything else: none.
            timeout_s: after the last key, within `ENTRY_TIMEOUT_RANGE_S`.
        """
        self._end()
        state = self._state
        state.max_digits = min(MAX_DIGITS, max(1, max_digits))
        state.terminator = terminator if terminator in KEYS else ""
        least_s, most_s = ENTRY_TIMEOUT_RANGE_S
        state.timeout_s = min(most_s, max(least_s, timeout_s))
        state.active = True

    def pressed(self, digit: str) -> CallerEntered | CallerPressed | None:
        """Take a key.

        Returns:
            what the brain is to be told: the entry, if it is whole now; the key by itself, if
            nothing is being collected; None while more keys are awaited.
        """
        state = self._state
        if not state.active:
            return CallerPressed(digit)
        if digit == state.terminator:
            return self._entered(complete=True)
        state.digits += digit
        if len(state.digits) >= state.max_digits:
            return self._entered(complete=True)
        state.last_key += 1
        state.last_key_at = self._clock.now()
        self._arm()
        return None

    def timed_out(self, overdue: EntryOverdue) -> CallerEntered | None:
        """Give an entry up as it is.

        Returns:
            what was keyed in; None if another key, or another entry, came in the meantime.
        """
        if not self.under_way or overdue.key != self._state.last_key:
            return None
        return self._entered(complete=False)

    def cancel(self) -> None:
        """Take keys one by one again. Called only before the first key."""
        self._end()

    def resume(self) -> None:
        """Go on with what a predecessor began; its time-out counts from the same key."""
        if self.under_way:
            self._arm()

    def release(self) -> None:
        """Forget the owner: it has ended. The state stays."""
        self._disarm()
        self._after = to_nobody

    def _entered(self, *, complete: bool) -> CallerEntered:
        digits = self._state.digits
        self._end()
        return CallerEntered(digits, complete)

    def _end(self) -> None:
        self._disarm()
        self._state.active = False
        self._state.digits = ""

    def _arm(self) -> None:
        self._disarm()
        due_at = self._state.last_key_at + self._state.timeout_s
        overdue = EntryOverdue(self._state.last_key)
        self._timer = self._after(max(0.0, due_at - self._clock.now()), overdue)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
