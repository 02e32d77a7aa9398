"""The manual clock keeps time as the loop's does, only by hand."""

import asyncio
import time
from functools import partial

import pytest

from actors.clock import LoopClock, ManualClock

pytestmark = pytest.mark.unit

START_AT = 1000.0
TIMEOUT_S = 5.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_time_stands_still_until_it_is_advanced() -> None:
    clock = ManualClock()
    assert clock.now() == clock.now() == START_AT
    clock.advance(1.5)
    assert clock.now() == START_AT + 1.5


def test_timers_fire_in_order_each_at_its_own_time() -> None:
    clock = ManualClock()
    fired: list[tuple[str, float]] = []

    def note(name: str) -> None:
        fired.append((name, clock.now()))

    for name, delay_s in (("late", 3.0), ("early", 1.0), ("middle", 2.0)):
        clock.call_later(delay_s, partial(note, name))
    clock.advance(10.0)
    assert fired == [("early", START_AT + 1), ("middle", START_AT + 2), ("late", START_AT + 3)]
    assert clock.now() == START_AT + 10


def test_timers_due_at_the_same_time_fire_in_the_order_they_were_set() -> None:
    clock = ManualClock()
    fired: list[int] = []
    for number in range(5):
        clock.call_later(1.0, partial(fired.append, number))
    clock.advance(1.0)
    assert fired == [0, 1, 2, 3, 4]


def test_a_timer_fires_once_and_only_when_its_time_has_come() -> None:
    clock = ManualClock()
    fired: list[float] = []
    clock.call_later(1.0, lambda: fired.append(clock.now()))
    clock.advance(0.999)
    assert fired == []
    clock.advance(0.001)
    clock.advance(5.0)
    assert len(fired) == 1


def test_a_timer_set_by_a_timer_fires_within_the_same_advance() -> None:
    clock = ManualClock()
    fired: list[float] = []

    def again() -> None:
        fired.append(clock.now())
        clock.call_later(1.0, again)

    clock.call_later(1.0, again)
    clock.advance(3.5)
    assert fired == [START_AT + 1, START_AT + 2, START_AT + 3]


def test_a_cancelled_timer_never_fires_and_is_not_pending() -> None:
    clock = ManualClock()
    fired: list[int] = []
    timer = clock.call_later(1.0, lambda: fired.append(1))
    assert clock.pending == 1
    timer.cancel()
    timer.cancel()
    assert clock.pending == 0
    clock.advance(2.0)
    assert fired == []


def test_cancelling_a_timer_that_has_fired_is_harmless() -> None:
    clock = ManualClock()
    timer = clock.call_later(1.0, lambda: None)
    clock.advance(1.0)
    timer.cancel()
    assert clock.pending == 0


def test_a_delay_below_nothing_is_none() -> None:
    clock = ManualClock()
    fired: list[str] = []
    clock.call_later(0.0, partial(fired.append, "first"))
    clock.call_later(-5.0, partial(fired.append, "second"))
    clock.advance(0.0)
    assert fired == ["first", "second"]
    assert clock.now() == START_AT


def test_actors_come_to_rest_before_time_moves_after_every_timer_and_at_the_end() -> None:
    rests: list[float] = []
    clock = ManualClock(settle=lambda: rests.append(clock.now()))
    clock.call_later(1.0, lambda: None)
    clock.advance(2.0)
    assert rests == [START_AT, START_AT + 1, START_AT + 2]


@pytest.mark.anyio
async def test_the_loop_clock_reads_monotonic_time_and_calls_back_on_the_loop() -> None:
    clock = LoopClock(asyncio.get_running_loop())
    before = time.monotonic()
    assert before <= clock.now() <= time.monotonic()
    called = asyncio.Event()
    clock.call_later(-1.0, called.set)
    async with asyncio.timeout(TIMEOUT_S):
        await called.wait()


@pytest.mark.anyio
async def test_a_cancelled_timer_of_the_loop_clock_never_fires() -> None:
    clock = LoopClock(asyncio.get_running_loop())
    fired: list[str] = []
    after_it = asyncio.Event()
    clock.call_later(0.0, lambda: fired.append("cancelled")).cancel()
    clock.call_later(0.001, after_it.set)
    async with asyncio.timeout(TIMEOUT_S):
        await after_it.wait()
    assert fired == []
