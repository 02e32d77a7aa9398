"""Whether a reply still grows: brain or synthesiser may hang without a word.

A plain class inside the agent's `Speaker`: keeps the time of the last new frame and the timer
that looks at it. Decides nothing.
"""

from collections.abc import Callable
from typing import Final

from actors.agent_messages import ReplyDue
from actors.clock import EARLY_S, Timer
from actors.context import CallContext
from actors.family import OutOfBand
from actors.peer import to_nobody

REPLY_TIMEOUT_S: Final = 8.0
"""Without a single new frame of a reply that is not at its end: brain or synthesis hangs. More
where the brain's own limits are longer."""


class HangWatch:
    """Watches one reply after the other.

    Args:
        context: the call's surroundings: its clock, and the limits of its brain.
        after: sends the agent a message later.
    """

    def __init__(self, context: CallContext, after: Callable[[float, OutOfBand], Timer]) -> None:
        self._clock = context.runtime.clock
        self._after = after
        limits_ms = (context.settings.agent_first_token_ms, context.settings.agent_stall_ms)
        self._timeout_s = max(REPLY_TIMEOUT_S, max(limits_ms) / 1000 + 1)
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
