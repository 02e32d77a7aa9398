"""How far a playback was heard: proved by marks, estimated by time in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.play_position import PlayPosition

pytestmark = pytest.mark.unit


def test_nothing_is_heard_before_the_first_frame_is_on_the_wire() -> None:
    assert PlayPosition().estimate(100.0, 50) == 0


def test_before_the_first_mark_time_tells() -> None:
    position = PlayPosition()
    position.started(10.0)
    assert position.estimate(10.5, 50) == 25
    assert position.proved == 0


def test_a_mark_sets_the_estimate_right() -> None:
    position = PlayPosition()
    position.mark_sent("at25", 25)
    position.started(10.0)
    position.mark_played("at25", 10.9)
    assert position.proved == 25
    assert position.estimate(11.0, 100) == 30


def test_no_more_is_heard_than_was_sent() -> None:
    position = PlayPosition()
    position.started(10.0)
    assert position.estimate(20.0, 40) == 40


def test_a_mark_that_nobody_sent_proves_nothing() -> None:
    position = PlayPosition()
    position.started(10.0)
    position.mark_played("at25", 10.1)
    assert position.proved == 0


def test_what_goes_on_is_counted_from_where_it_begins() -> None:
    position = PlayPosition()
    position.started(10.0)
    position.stopped(0, 20)
    assert position.estimate(99.0, 20) == 0
    position.started(100.0)
    assert position.estimate(100.2, 90) == 30


def test_what_a_mark_proved_stays_proved_when_playing_goes_on_a_little_before_it() -> None:
    position = PlayPosition()
    position.mark_sent("at25", 25)
    position.started(10.0)
    position.mark_played("at25", 10.5)
    position.stopped(0, 15)
    position.started(20.0)
    assert position.estimate(20.02, 90) == 25


@given(
    st.lists(st.tuples(st.sampled_from(["start", "mark", "stop"]), st.integers(0, 500))),
    st.integers(0, 500),
)
def test_the_estimate_is_never_less_than_proved_nor_ever_shrinks_with_time(
    events: list[tuple[str, int]], sent: int
) -> None:
    position, now = PlayPosition(), 0.0
    for kind, frames in events:
        now += 0.1
        if kind == "start":
            position.started(now)
        elif kind == "stop":
            position.stopped(0, frames)
        else:
            position.mark_sent("m", frames)
            position.mark_played("m", now)
    earlier, later = position.estimate(now, sent), position.estimate(now + 1.0, sent)
    assert position.proved <= earlier <= later
