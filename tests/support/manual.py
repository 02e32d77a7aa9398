"""A whole runtime on the manual clock: dispatcher, clock and metronome, no threads, no sleep."""

from actors.clock import ManualClock
from actors.dispatcher import ManualDispatcher
from actors.metronome import Metronome
from actors.runtime import Runtime


class ManualRuntime:
    """Deterministic time for actors."""

    def __init__(self) -> None:
        self.dispatcher = ManualDispatcher()
        self.clock = ManualClock(settle=self.dispatcher.run_until_idle)
        self.metronome = Metronome(self.clock)
        self.runtime = Runtime(self.dispatcher, self.clock, self.metronome)

    def settle(self) -> None:
        """Give turns until nobody asks for one; time stands still."""
        self.dispatcher.run_until_idle()

    def advance(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        self.clock.advance(seconds)
