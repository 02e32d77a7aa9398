"""The meter of the load signal: it tells how late the loop is, and says when that matters."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from tests.support.web import FakeAdmission, logged
from web.admission_meter import TICK_S, LoadMeter

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


def test_it_tells_how_late_each_call_back_is_and_asks_for_the_next_from_there() -> None:
    loop, admission = PaperLoop(), FakeAdmission()
    LoadMeter(loop, admission).start()
    loop.call_back(0.3)
    loop.call_back(0.0)
    assert admission.lags_s == pytest.approx([0.3, 0.0])
    assert loop.now == pytest.approx(50 + 2 * TICK_S + 0.3)
    assert len(loop.due) == 1


def test_a_new_level_is_one_line() -> None:
    loop, admission = PaperLoop(), FakeAdmission()
    admission.levels = ["high", None, "normal"]
    LoadMeter(loop, admission).start()
    with logged() as lines:
        for _ in range(4):
            loop.call_back(0.0)
    assert lines == ["load: high", "load: normal"]


def test_it_stops() -> None:
    loop = PaperLoop()
    meter = LoadMeter(loop, FakeAdmission())
    meter.start()
    meter.stop()
    meter.stop()
    assert loop.cancelled == 1
