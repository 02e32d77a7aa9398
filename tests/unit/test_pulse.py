"""The pulse of the loop: how late each call back is, for all who listen."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from telemetry.pulse import BEAT_S, LoopPulse

pytestmark = pytest.mark.unit


class PaperLoop:
    """A loop that calls back when told to."""

    def __init__(self) -> None:
        self.now = 50.0
        self.due: list[tuple[float, Callable[[], Any]]] = []
        self.cancelled = 0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], Any], /) -> asyncio.TimerHandle:
        self.due.append((when, callback))
        return cast("asyncio.TimerHandle", self)

    def cancel(self) -> None:
        self.cancelled += 1

    def call_back(self, late_s: float) -> None:
        when, callback = self.due.pop()
        self.now = when + late_s
        callback()


def test_all_listeners_hear_how_late_each_beat_is_and_the_next_counts_from_there() -> None:
    loop, heard, also = PaperLoop(), list[float](), list[float]()
    LoopPulse(loop, [heard.append, also.append]).start()
    loop.call_back(0.3)
    loop.call_back(0.0)
    assert heard == also == pytest.approx([0.3, 0.0])
    assert loop.now == pytest.approx(50 + 2 * BEAT_S + 0.3)
    assert len(loop.due) == 1


def test_it_stops() -> None:
    loop = PaperLoop()
    pulse = LoopPulse(loop, [])
    pulse.stop()
    pulse.start()
    pulse.stop()
    pulse.stop()
    assert loop.cancelled == 1
