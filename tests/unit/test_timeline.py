"""How much silence is missing in front of a frame, by media time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.frame import FRAME_MS
from media.timeline import MAX_BACK_MS, MAX_FILL_FRAMES, MediaTimeline

pytestmark = pytest.mark.unit


def begun(at_ms: int = 0) -> MediaTimeline:
    """Follow a call whose first frame had that media time."""
    timeline = MediaTimeline()
    assert timeline.missing_frames(at_ms) == 0
    return timeline


def test_a_call_may_begin_at_any_media_time() -> None:
    timeline = begun(123_456)
    assert timeline.missing_frames(123_476) == 0
    assert timeline.jumps == 0


@pytest.mark.parametrize("gap", [0, 1, 7, MAX_FILL_FRAMES])
def test_a_gap_is_as_many_frames_as_media_time_says(gap: int) -> None:
    assert begun().missing_frames(FRAME_MS * (gap + 1)) == gap


def test_a_gap_shorter_than_a_frame_is_jitter() -> None:
    assert begun().missing_frames(FRAME_MS + FRAME_MS - 1) == 0


def test_one_frame_more_than_can_be_filled_is_a_jump() -> None:
    timeline = begun()
    assert timeline.missing_frames(FRAME_MS * (MAX_FILL_FRAMES + 2)) == 0
    assert timeline.jumps == 1
    assert timeline.missing_frames(FRAME_MS * (MAX_FILL_FRAMES + 4)) == 1


def test_a_frame_a_little_back_is_late_audio_and_moves_nothing() -> None:
    timeline = begun(10_000)
    assert timeline.missing_frames(10_000 + FRAME_MS - MAX_BACK_MS) == 0
    assert timeline.jumps == 0
    assert timeline.missing_frames(10_000 + 2 * FRAME_MS) == 1


def test_a_frame_far_back_starts_the_timeline_anew() -> None:
    timeline = begun(10_000)
    assert timeline.missing_frames(10_000 + FRAME_MS - MAX_BACK_MS - 1) == 0
    assert timeline.jumps == 1
    back_ms = 10_000 + FRAME_MS - MAX_BACK_MS - 1
    assert timeline.missing_frames(back_ms + 3 * FRAME_MS) == 2


def test_what_the_wall_clock_filled_is_not_filled_again() -> None:
    timeline = begun()
    timeline.filled(6)
    assert timeline.missing_frames(FRAME_MS * 10) == 3


def test_filling_before_the_first_frame_does_not_begin_the_timeline() -> None:
    timeline = MediaTimeline()
    timeline.filled(100)
    assert timeline.missing_frames(0) == 0
    assert timeline.missing_frames(FRAME_MS) == 0


@settings(derandomize=True, deadline=None)
@given(gaps=st.lists(st.integers(0, MAX_FILL_FRAMES), max_size=60))
def test_frames_and_silence_together_are_exactly_the_media_time(gaps: list[int]) -> None:
    timeline, at_ms, made = begun(), 0, 1
    for gap in gaps:
        at_ms += FRAME_MS * (gap + 1)
        made += timeline.missing_frames(at_ms) + 1
    assert made * FRAME_MS == at_ms + FRAME_MS
    assert timeline.jumps == 0


@settings(derandomize=True, deadline=None)
@given(times_ms=st.lists(st.integers(0, 200_000), max_size=60))
def test_no_media_time_ever_asks_for_more_silence_than_the_ring_holds(times_ms: list[int]) -> None:
    timeline = begun()
    assert all(0 <= timeline.missing_frames(at) <= MAX_FILL_FRAMES for at in times_ms)
