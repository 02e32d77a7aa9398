"""What every actor runs on: a dispatcher, a clock and a metronome, handed in together."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from actors.clock import Clock, LoopClock
from actors.dispatcher import Dispatcher, LoopDispatcher
from actors.metronome import Beat, Metronome


@dataclass(frozen=True, slots=True)
class Runtime:
    """One per event loop; one per test."""

    dispatcher: Dispatcher
    clock: Clock
    metronome: Beat


def loop_runtime(
    on_slow_turn: Callable[[str, float], None],
    on_skipped: Callable[[int], None] = lambda _slots: None,
) -> Runtime:
    """Make the runtime of the running event loop.

    Args:
        on_slow_turn: called with the label and the seconds of a turn or tick that took long.
        on_skipped: called with the number of slots of the beat that were missed.
    """
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop)
    return Runtime(
        LoopDispatcher(loop, on_slow_turn), clock, Metronome(clock, on_slow_turn, on_skipped)
    )
