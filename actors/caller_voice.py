"""What the agent knows of the caller's voice: whether it is on, and for how long it is not.

A plain class inside AgentActor. The border measures the voice; the patience with silence is
kept here. Whether the caller speaks is in the agent's memory, so that a successor knows it.
"""

from collections.abc import Callable

from actors.agent_memory import AgentMemory
from actors.agent_messages import LineSilent
from actors.clock import Timer
from actors.family import OutOfBand
from actors.peer import to_nobody


class CallerVoice:
    """Follows the caller's voice."""

    def __init__(
        self, after: Callable[[float, OutOfBand], Timer], memory: AgentMemory, patience_s: float
    ) -> None:
        """Take over what a predecessor knew.

        Args:
            after: sends its owner a message later.
            memory: where it is noted whether the caller speaks.
            patience_s: quiet after which `LineSilent` comes.
        """
        self._after = after
        self._memory = memory
        self._patience_s = patience_s
        self._silence: Timer | None = None

    @property
    def speaking(self) -> bool:
        """Whether the caller speaks."""
        return self._memory.caller_speaking

    def started(self) -> None:
        """Note speech."""
        self._memory.caller_speaking = True
        self.stop_waiting()

    def stopped(self, at: float) -> None:
        """Note quiet, since this time."""
        self._memory.caller_speaking = False
        self._memory.quiet_since = at

    def await_speech(self) -> None:
        """Count the time in which nobody speaks, from now on."""
        self.stop_waiting()
        if not self.speaking:
            self._silence = self._after(self._patience_s, LineSilent())

    def waited_in_vain(self) -> bool:
        """Whether a `LineSilent` is to be believed; one that was called off is not."""
        believed = self._silence is not None and not self.speaking
        self._silence = None
        return believed

    def stop_waiting(self) -> None:
        """Be patient without end: somebody speaks."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def release(self) -> None:
        """Forget the owner: it has ended."""
        self._after = to_nobody
