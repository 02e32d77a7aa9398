"""Whether a reply still grows: brain or synthesiser may hang without a word.

A plain class inside the agent's `Speaker`: keeps the time of the last new frame and the timer
that looks at it. Decides nothing.
"""

from collections.abc import Callable
from typing import Final

from actors.clock import Clock, Timer
from actors.family import OutOfBand
from actors.peer import to_nobody
from actors.playback_messages import ReplyDue

EARLY_S: Final = 0.001
"""A timer may fire as much too early."""


class HangWatch:
    """Watches one reply after the other.

    Args:
        clock: the call's.
        after: sends the agent a message later.
        timeout_s: without a new frame, after which a reply hangs.
    """

    def __init__(
        self, clock: Clock, after: Callable[[float, OutOfBand], Timer], timeout_s: float
    ) -> None:
        self._clock = clock
        self._after = after
        self._timeout_s = timeout_s
        self._grew_at = 0.0

    def begin(self, reply: int) -> None:
        """Watch a reply from now on."""
        self.grew()
        self._after(self._timeout_s, ReplyDue(reply))

    def grew(self) -> None:
        """Note a new frame, or the end of a time in which none was wanted."""
        self._grew_at = self._clock.now()

    def hangs(self, due: ReplyDue, *, held: bool) -> bool:
        """Say whether it has not grown for the time; else look again when that may be."""
        still_s = 0.0 if held else self._clock.now() - self._grew_at
        if (left_s := self._timeout_s - still_s) <= EARLY_S:
            return True
        self._after(left_s, due)
        return False

    def release(self) -> None:
        """Forget the owner: it has ended."""
        self._after = to_nobody
