"""The watch that names the code which keeps the event loop."""

import asyncio
import sys
import time
from collections.abc import Callable

import pytest

from telemetry import Metrics, watch_loop
from telemetry.blockage import MAX_FRAMES, MISSED_LOOKS, BlockageWatch, calls_to
from tests.support.faults import log_lines
from tests.support.web import metric

pytestmark = pytest.mark.unit


def test_a_loop_that_beats_between_two_looks_is_left_alone() -> None:
    watch = BlockageWatch()
    for _ in range(3 * MISSED_LOOKS):
        watch.on_beat(0.0)
        watch.look()
    assert watch.blockages == 0


def test_a_loop_without_a_beat_is_told_of_once_with_the_code_that_keeps_it() -> None:
    watch = BlockageWatch()
    with log_lines("WARNING") as lines:
        for _ in range(3 * MISSED_LOOKS):
            watch.look()
    assert watch.blockages == 1
    [line] = lines
    here = "test_a_loop_without_a_beat_is_told_of_once_with_the_code_that_keeps_it"
    assert "blocked for over 300 ms in telemetry/blockage.py:" in line
    assert here in line


def test_fewer_looks_than_it_takes_say_nothing() -> None:
    watch = BlockageWatch()
    for _ in range(5):
        for _ in range(MISSED_LOOKS - 1):
            watch.look()
        watch.on_beat(0.0)
        watch.look()
    assert watch.blockages == 0


def test_a_second_blockage_is_told_of_as_well() -> None:
    watch = BlockageWatch()
    for _ in range(2):
        for _ in range(MISSED_LOOKS):
            watch.look()
        watch.on_beat(0.0)
        watch.look()
    assert watch.blockages == 2


def test_the_thread_names_code_that_blocks_a_real_loop_and_ends() -> None:
    def keeps_the_loop(until: list[BlockageWatch]) -> None:
        give_up_at = time.monotonic() + 20.0
        while not until[0].blockages and time.monotonic() < give_up_at:
            time.sleep(0.01)

    async def server() -> BlockageWatch:
        watch = BlockageWatch()
        watch.start()
        keeps_the_loop([watch])
        watch.stop()
        return watch

    with log_lines("WARNING") as lines:
        watch = asyncio.run(server())
    assert watch.blockages == 1
    assert any("keeps_the_loop" in line for line in lines)
    watch.stop()


def test_blockages_are_a_metric_of_the_watched_loop() -> None:
    metrics = Metrics()

    def blockages() -> float:
        return metric(metrics, "loop_blockages_total")

    async def server() -> None:
        at_end: list[Callable[[], None]] = []
        watch_loop(metrics.loop_lag, metrics.loop_blockages, lambda _late_s: None, at_end.append)
        give_up_at = time.monotonic() + 20.0
        while not blockages() and time.monotonic() < give_up_at:
            time.sleep(0.01)  # noqa: ASYNC251  # this is the blockage
        for stop in at_end:
            stop()

    asyncio.run(server())
    assert blockages() == 1


def test_a_deep_stack_is_cut_and_no_stack_is_said_so() -> None:
    def deep(left: int) -> str:
        return deep(left - 1) if left else calls_to(sys._getframe())

    assert deep(30).count(" < ") == MAX_FRAMES - 1
    assert calls_to(None) == "an unknown place"
