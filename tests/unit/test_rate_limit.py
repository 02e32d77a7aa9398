"""The token bucket: a burst, then a steady rate."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.rate_limit import RateLimit

pytestmark = pytest.mark.unit


def test_a_burst_passes_and_then_the_rate() -> None:
    limit = RateLimit(burst=3, rate_hz=2.0, now=0.0)
    assert [limit.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert limit.take(0.5)
    assert not limit.take(0.6)


def test_rest_fills_it_to_the_burst_and_no_further() -> None:
    limit = RateLimit(burst=3, rate_hz=2.0, now=0.0)
    assert [limit.take(0.0) for _ in range(3)] == [True] * 3
    assert [limit.take(1000.0) for _ in range(4)] == [True, True, True, False]


def test_a_large_cost_takes_all_or_nothing() -> None:
    limit = RateLimit(burst=10, rate_hz=1.0, now=0.0)
    assert limit.take(0.0, 7)
    assert not limit.take(0.0, 4)
    assert limit.take(0.0, 3)


def test_what_is_spent_beyond_what_is_left_is_a_debt_that_time_pays() -> None:
    limit = RateLimit(burst=10, rate_hz=2.0, now=0.0)
    assert limit.spend(0.0, 10) == 0.0
    assert limit.spend(0.0, 3) == 1.5
    assert limit.spend(1.0, 0) == 0.5
    assert not limit.take(1.0)
    assert limit.spend(1.5, 0) == 0.0
    assert limit.spend(100.0, 10) == 0.0


@settings(derandomize=True)
@given(st.lists(st.floats(0, 0.2), max_size=200))
def test_never_more_than_burst_and_rate_allow(waits: list[float]) -> None:
    limit = RateLimit(burst=5, rate_hz=10.0, now=0.0)
    now, taken = 0.0, 0
    for wait_s in waits:
        now += wait_s
        taken += limit.take(now)
        assert taken <= 5 + 10.0 * now + 1e-6
