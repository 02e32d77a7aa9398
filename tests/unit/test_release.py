"""When and how many frames of a backlog may go on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.frame import FRAME_S
from media.release import Mode, ReleaseCadence

pytestmark = pytest.mark.unit

START_AT = 500.0


def cadence() -> ReleaseCadence:
    """Make one with the numbers of the settings."""
    return ReleaseCadence(per_tick_frames=3, enter_frames=100, leave_frames=20, resync_ms=40)


def test_the_first_beat_releases_at_once() -> None:
    assert cadence().allowance(START_AT, 30) == 3


def test_between_two_beats_nothing_goes_on() -> None:
    release = cadence()
    release.released(START_AT)
    assert release.allowance(START_AT + 0.017, 30) == 0
    assert release.allowance(START_AT + 0.019, 30) == 3


def test_no_more_is_allowed_than_there_is() -> None:
    assert cadence().allowance(START_AT, 2) == 2


def test_the_grid_stands_still_while_nothing_was_handed_over() -> None:
    release = cadence()
    release.released(START_AT)
    at = START_AT + FRAME_S
    assert [release.allowance(at, 30) for _ in range(5)] == [3] * 5
    release.released(at)
    assert release.allowance(at, 30) == 0


def test_a_little_lateness_is_caught_up_with_on_the_old_grid() -> None:
    release = cadence()
    release.released(START_AT)
    assert not release.released(START_AT + FRAME_S + 0.015)
    assert release.allowance(START_AT + 2 * FRAME_S, 30) == 3


def test_forty_ms_behind_still_keeps_the_grid_and_more_lays_it_anew() -> None:
    kept, laid_anew = cadence(), cadence()
    for release in (kept, laid_anew):
        release.released(START_AT)
    assert not kept.released(START_AT + 2 * FRAME_S + 0.0399)
    late_at = START_AT + 2 * FRAME_S + 0.0401
    assert laid_anew.released(late_at)
    assert kept.allowance(late_at, 30) == 3
    assert laid_anew.allowance(late_at + 0.017, 30) == 0
    assert laid_anew.allowance(late_at + FRAME_S, 30) == 3


def test_from_the_high_mark_on_pacing_is_given_up() -> None:
    release = cadence()
    release.released(START_AT)
    assert release.allowance(START_AT + 0.001, 99) == 0
    assert release.allowance(START_AT + 0.001, 100) == 100
    assert release.mode is Mode.DRAIN


def test_draining_goes_on_until_the_low_mark_and_pacing_until_the_high_mark() -> None:
    release = cadence()
    backlogs = [99, 100, 60, 21, 20, 21, 99, 100]
    modes = [(release.allowance(START_AT, backlog), release.mode)[1] for backlog in backlogs]
    normal, drain = Mode.NORMAL, Mode.DRAIN
    assert modes == [normal, drain, drain, drain, normal, normal, normal, drain]


def test_a_backlog_that_is_gone_leaves_no_grid_and_no_mode_behind() -> None:
    release = cadence()
    assert release.allowance(START_AT, 150)
    release.released(START_AT)
    release.caught_up()
    assert release.mode is Mode.NORMAL
    assert release.allowance(START_AT + 0.001, 5) == 3


@settings(derandomize=True, deadline=None)
@given(
    backlog=st.integers(1, 200),
    lateness_ms=st.lists(st.floats(0, 1.9), min_size=50, max_size=50),
)
def test_any_backlog_is_gone_within_a_second_while_live_frames_come(
    backlog: int, lateness_ms: list[float]
) -> None:
    release = cadence()
    for beat, late_ms in enumerate(lateness_ms):
        backlog += 1
        at = START_AT + beat * FRAME_S + late_ms / 1000
        allowed = release.allowance(at, backlog)
        assert allowed <= (3 if release.mode is Mode.NORMAL else backlog)
        backlog -= min(allowed, 60)
        if allowed:
            release.released(at)
    assert backlog <= 3
