"""The load signal: what counts, for how long, and when a level is left."""

import pytest

from actors.admission_load import LoadLevel, LoadLimits, LoadSignal

pytestmark = pytest.mark.unit

TICK_S = 0.05
LIMITS = LoadLimits(window_s=10, late_share=0.2, gaps_per_minute=30, high_share=0.5)


class Loop:
    """An event loop on paper: lives through time and tells the signal how late it was."""

    def __init__(self, limits: LoadLimits = LIMITS) -> None:
        self.now = 1000.0
        self.signal = LoadSignal(limits, self.now)
        self.levels: list[LoadLevel] = []
        """Every level that was changed to."""

    def run(self, seconds: float, *, lag_s: float = 0.0, calls: int = 0) -> LoadLevel:
        """Call back every `TICK_S`, each time so late."""
        ends_at = self.now + seconds
        while self.now < ends_at:
            self.tick(lag_s, 0, calls)
        return self.signal.level

    def tick(self, lag_s: float, gaps: int = 0, calls: int = 0) -> LoadLevel:
        self.now += TICK_S + lag_s
        if self.signal.observe(self.now, lag_s=lag_s, gaps=gaps, calls=calls):
            self.levels.append(self.signal.level)
        return self.signal.level


def test_a_loop_that_is_late_by_less_than_a_frame_has_no_load() -> None:
    loop = Loop()
    assert loop.run(60, lag_s=0.019) is LoadLevel.NORMAL
    assert loop.signal.load == 0


def test_a_saturated_loop_is_overloaded_and_high_before_that() -> None:
    loop = Loop()
    assert loop.run(10, lag_s=0.1) is LoadLevel.OVERLOADED
    assert loop.levels == [LoadLevel.HIGH, LoadLevel.OVERLOADED]
    assert loop.signal.late_share == pytest.approx(2 / 3, abs=0.05)


@pytest.mark.parametrize(
    ("stall_s", "level"),
    [(0.5, LoadLevel.NORMAL), (1.1, LoadLevel.HIGH), (2.1, LoadLevel.OVERLOADED)],
)
def test_one_stall_counts_as_long_as_it_was_and_is_forgotten_with_the_window(
    stall_s: float, level: LoadLevel
) -> None:
    loop = Loop()
    assert loop.tick(stall_s) is level
    assert loop.run(9.4) is level
    assert loop.run(1.2) is LoadLevel.NORMAL
    assert loop.signal.load == 0


def test_a_level_is_left_at_half_of_its_threshold_and_not_before() -> None:
    loop = Loop()
    loop.tick(2.1)
    loop.run(9.0)
    loop.tick(1.2)  # 60 % of the limit is left when the first stall is forgotten
    assert loop.run(3) is LoadLevel.OVERLOADED
    assert loop.signal.load == pytest.approx(0.6)
    loop.run(6)
    loop.tick(0.6)  # 30 %: less than half of the limit, more than half of what is high
    assert loop.run(3) is LoadLevel.HIGH
    loop.run(6)
    loop.tick(0.4)
    assert loop.run(3) is LoadLevel.NORMAL
    assert loop.levels == [LoadLevel.OVERLOADED, LoadLevel.HIGH, LoadLevel.NORMAL]


def test_gaps_count_by_the_call() -> None:
    few, many = Loop(), Loop()
    for loop, calls in ((few, 1), (many, 10)):
        loop.run(10, calls=calls)
        for _ in range(5):
            loop.tick(0, gaps=1, calls=calls)
    assert few.signal.gaps_per_minute == pytest.approx(30, rel=0.1)
    assert few.signal.level is not LoadLevel.NORMAL
    assert many.signal.gaps_per_minute == pytest.approx(3, rel=0.1)
    assert many.signal.level is LoadLevel.NORMAL


@pytest.mark.parametrize("calls", [1, 20])
def test_one_gap_in_every_new_call_is_no_overload(calls: int) -> None:
    loop = Loop()
    loop.run(30)
    assert loop.tick(0, gaps=calls, calls=calls) is LoadLevel.NORMAL
    assert loop.signal.gaps_per_minute == pytest.approx(6)


def test_gaps_of_calls_that_are_gone_count_by_the_time_they_lasted() -> None:
    loop = Loop()
    loop.run(8, calls=10)
    loop.tick(0, gaps=40, calls=10)
    loop.tick(0, calls=0)
    assert loop.signal.gaps_per_minute == pytest.approx(30, rel=0.05)


def test_a_limit_of_0_is_none() -> None:
    loop = Loop(LoadLimits(window_s=10, late_share=0, gaps_per_minute=0, high_share=0.5))
    assert loop.tick(5.0, gaps=100, calls=1) is LoadLevel.NORMAL
    assert loop.signal.late_share == pytest.approx(0.5)


def test_a_stall_longer_than_the_window_is_all_of_it() -> None:
    loop = Loop()
    assert loop.tick(60) is LoadLevel.OVERLOADED
    assert loop.signal.late_share == 1
    assert loop.run(10.6) is LoadLevel.NORMAL


def test_the_memory_of_the_signal_is_bounded() -> None:
    loop = Loop()
    loop.run(100, lag_s=0.03, calls=3)
    assert len(loop.signal._buckets) <= 21
