"""When a caller who waits in vain is told that the recogniser has trouble.

A plain class inside AgentActor. Silence is explained only to somebody who waits for an
answer: who has spoken, has stopped, and got no transcript while the recogniser was unwell.
Once for each wait.
"""

from collections.abc import Callable
from typing import Final

from actors.agent_memory import AgentMemory
from actors.agent_messages import TroubleDue
from actors.clock import Clock, Timer
from actors.family import OutOfBand
from actors.peer import to_nobody

WAITS_FOR_S: Final = 6.0
"""Who has waited longer than this when the recogniser is lost does not wait because of that:
there was nothing to recognise."""


class Trouble:
    """Watches whether the caller waits for a recogniser that is unwell.

    Args:
        after: sends its owner a message later.
        memory: where it is noted that the recogniser is unwell; a successor knows it.
        clock: the call's.
        said_after_s: how long a caller may wait without a word.
    """

    def __init__(
        self,
        after: Callable[[float, OutOfBand], Timer],
        memory: AgentMemory,
        clock: Clock,
        said_after_s: float,
    ) -> None:
        self._after = after
        self._memory = memory
        self._clock = clock
        self._said_after_s = said_after_s
        self._said = False
        self._spoke = False
        self._waits_since: float | None = None
        self._timer: Timer | None = None

    def lost(self) -> None:
        """Note that the recogniser is unwell."""
        self._memory.hearing_lost = True
        if self._waits_since is not None and self._clock.now() - self._waits_since > WAITS_FOR_S:
            self._waits_since = None
        self._arm()

    def restored(self) -> None:
        """Note that it is well."""
        self._memory.hearing_lost = False
        self._disarm()

    def caller_spoke(self) -> None:
        """Note that the caller says something that is meant; the wait for that is a new one."""
        self._spoke, self._said = True, False
        self._waits_since = None
        self._disarm()

    def caller_stopped(self, at: float) -> None:
        """Note that the caller has been quiet since `at`: an answer is expected, if any."""
        if self._spoke:
            self._waits_since = at
            self._arm()

    def answered(self) -> None:
        """Note a transcript, or whatever else is answered instead: the wait is over."""
        self._spoke = False
        self._waits_since = None
        self._disarm()

    def look_again(self) -> None:
        """Note that the agent has stopped speaking: who waits notices it from now on."""
        self._arm()

    def is_due(self, *, idle: bool) -> bool:
        """Whether to tell the caller now; says so once.

        Args:
            idle: whether the line is silent; else it is looked at again when it is.
        """
        self._timer = None
        due = idle and self._is_explainable
        self._said = self._said or due
        return due

    def release(self) -> None:
        """Forget the owner: it has ended."""
        self._after = to_nobody

    @property
    def _is_explainable(self) -> bool:
        return self._memory.hearing_lost and not self._said and self._waits_since is not None

    def _arm(self) -> None:
        if self._timer is None and self._is_explainable and self._waits_since is not None:
            wait_s = self._waits_since + self._said_after_s - self._clock.now()
            self._timer = self._after(max(0.0, wait_s), TroubleDue())

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
