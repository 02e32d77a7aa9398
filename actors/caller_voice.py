"""What the agent knows of the caller's voice: speaking, speaking on purpose, silent too long.

A plain class inside AgentActor; the border measures the voice, this keeps the two timers
that hang on it: the confirmation of a barge-in and the patience with silence.
"""

from collections.abc import Callable
from dataclasses import dataclass

from actors.clock import Timer
from actors.family import OutOfBand


@dataclass(frozen=True, slots=True)
class VoiceConfirmed(OutOfBand):
    """The caller has spoken long enough for it to be meant."""


@dataclass(frozen=True, slots=True)
class LineSilent(OutOfBand):
    """Nobody has spoken for the brain's patience."""


class CallerVoice:
    """Follows the caller's voice."""

    def __init__(self, after: Callable[[float, OutOfBand], Timer], patience_s: float) -> None:
        """Start with a quiet line.

        Args:
            after: sends its owner a message later.
            patience_s: quiet after which `LineSilent` comes.
        """
        self.speaking = False
        self._after = after
        self._patience_s = patience_s
        self._confirming: Timer | None = None
        self._silence: Timer | None = None

    def started(self, confirm_s: float | None) -> None:
        """Note speech; `VoiceConfirmed` comes if it lasts, unless `confirm_s` is None."""
        self.speaking = True
        self.stop_waiting()
        if confirm_s is not None:
            self._confirming = self._after(max(0.0, confirm_s), VoiceConfirmed())

    def stopped(self) -> None:
        """Note quiet."""
        self.speaking = False
        self.stop_confirming()

    def await_speech(self) -> None:
        """Count the time in which nobody speaks, from now on."""
        self.stop_waiting()
        if not self.speaking:
            self._silence = self._after(self._patience_s, LineSilent())

    def stop_waiting(self) -> None:
        """Be patient without end: somebody speaks."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def stop_confirming(self) -> None:
        """There is nothing left to interrupt."""
        if self._confirming is not None:
            self._confirming.cancel()
            self._confirming = None
