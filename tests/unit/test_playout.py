"""How many frames are due to a far player that must not run dry."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.frame import FRAME_S
from media.playout import PlayoutClock

pytestmark = pytest.mark.unit

START_AT = 700.0
LEAD = 3


def beat(clock: PlayoutClock, now: float) -> int:
    """Send what is due."""
    due = clock.due_frames(now)
    for _ in range(due):
        clock.sent(now)
    return due


def test_the_lead_goes_out_at_once_and_then_a_frame_a_beat() -> None:
    clock = PlayoutClock(LEAD)
    assert [beat(clock, START_AT + k * FRAME_S) for k in range(6)] == [3, 1, 1, 1, 1, 1]


def test_a_beat_that_is_a_hair_early_or_late_sends_one_frame_all_the_same() -> None:
    clock = PlayoutClock(LEAD)
    beat(clock, START_AT)
    hairs_s = (0.0009, -0.0009, 0.0, 0.004, -0.004, 0.009, -0.009)
    beats_at = [START_AT + (k + 1) * FRAME_S + hair for k, hair in enumerate(hairs_s)]
    assert [beat(clock, at) for at in beats_at] == [1] * len(hairs_s)


def test_a_late_beat_makes_up_what_was_missed() -> None:
    clock = PlayoutClock(LEAD)
    beat(clock, START_AT)
    assert beat(clock, START_AT + 2 * FRAME_S) == 2
    assert clock.reanchors == 0


def test_a_player_that_is_just_not_dry_keeps_its_anchor() -> None:
    clock = PlayoutClock(LEAD)
    beat(clock, START_AT)
    assert beat(clock, START_AT + 3 * FRAME_S) == 3
    assert clock.reanchors == 0
    assert clock.plays_until(START_AT) == pytest.approx(START_AT + 6 * FRAME_S)


def test_a_player_that_ran_dry_is_anchored_anew_when_it_plays_again() -> None:
    clock = PlayoutClock(LEAD)
    beat(clock, START_AT)
    late_at = START_AT + 3 * FRAME_S + 0.001
    assert beat(clock, late_at) == 3
    assert clock.reanchors == 1
    assert clock.plays_until(late_at) == pytest.approx(late_at + 3 * FRAME_S)


def test_running_dry_with_nothing_to_send_is_no_reanchoring() -> None:
    clock = PlayoutClock(LEAD)
    beat(clock, START_AT)
    clock.ended(START_AT + 3 * FRAME_S)
    assert beat(clock, START_AT + 1) == 3
    assert clock.reanchors == 0


def test_the_end_is_not_noted_before_the_last_frame_is_played() -> None:
    clock = PlayoutClock(LEAD)
    beat(clock, START_AT)
    clock.ended(START_AT + 3 * FRAME_S - 0.001)
    assert clock.plays_until(START_AT) == pytest.approx(START_AT + 3 * FRAME_S)


def test_a_cleared_player_wants_the_whole_lead_again() -> None:
    clock = PlayoutClock(LEAD)
    beat(clock, START_AT)
    clock.cleared()
    assert clock.plays_until(START_AT) == START_AT
    assert beat(clock, START_AT + 0.005) == 3
    assert clock.reanchors == 0


@settings(derandomize=True, deadline=None, max_examples=25)
@given(
    gaps_ms=st.lists(st.floats(0.1, 49.9), min_size=10, max_size=400),
    lead=st.integers(3, 6),
)
def test_beats_closer_than_the_lead_never_let_the_player_run_dry(
    gaps_ms: list[float], lead: int
) -> None:
    clock, now = PlayoutClock(lead), START_AT
    beat(clock, now)
    played_until = START_AT + lead * FRAME_S
    for gap_ms in gaps_ms:
        now += gap_ms / 1000
        assert now <= played_until
        played_until += beat(clock, now) * FRAME_S
        assert played_until - now < (lead + 1) * FRAME_S + 1e-6
    assert clock.reanchors == 0
