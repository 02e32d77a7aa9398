"""What the call keeps of the caller's audio until a final has covered it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.frame import FRAME_BYTES
from media.ring import AudioRing

pytestmark = pytest.mark.unit


def frame(number: int) -> bytes:
    return number.to_bytes(4) * (FRAME_BYTES // 4)


def frames(first: int, end: int) -> bytes:
    return b"".join(map(frame, range(first, end)))


def filled(count: int, capacity: int = 10) -> AudioRing:
    """Make a ring that has got frames 0 to `count`; every fourth was voiced."""
    ring = AudioRing(capacity)
    for number in range(count):
        ring.append(frame(number), voiced=number % 4 == 0)
    return ring


def test_an_empty_ring_reads_as_nothing() -> None:
    ring = AudioRing(10)
    assert ring.read(0, 5) == (b"", 0)
    assert (ring.start, ring.end) == (0, 0)


def test_a_cursor_reads_on_where_it_stopped() -> None:
    ring = filled(7)
    audio, cursor = ring.read(0, 4)
    assert (audio, cursor) == (frames(0, 4), 4)
    assert ring.read(cursor, 4) == (frames(4, 7), 7)


def test_at_capacity_the_oldest_goes_and_is_counted() -> None:
    ring = filled(13)
    assert (ring.start, ring.end, ring.overrun_frames) == (3, 13, 3)


def test_a_cursor_that_fell_behind_skips_to_the_oldest_frame_held() -> None:
    assert filled(13).read(0, 2) == (frames(3, 5), 5)


def test_a_cut_lets_go_of_what_lies_before_it_and_no_number_changes() -> None:
    ring = filled(8)
    ring.cut(5)
    assert (ring.start, ring.end, ring.overrun_frames) == (5, 8, 0)
    assert ring.read(5, 9) == (frames(5, 8), 8)


@pytest.mark.parametrize("at", [-3, 0, 2])
def test_a_cut_at_what_is_gone_already_does_nothing(at: int) -> None:
    ring = filled(8)
    ring.cut(2)
    ring.cut(at)
    assert ring.start == 2


def test_a_cut_beyond_the_end_empties_the_ring_and_not_the_future() -> None:
    ring = filled(4)
    ring.cut(1000)
    ring.append(frame(4), voiced=False)
    assert (ring.start, ring.end) == (4, 5)


def test_voice_is_remembered_by_frame_number() -> None:
    ring = filled(13)
    ring.cut(5)
    assert [ring.voiced(number) for number in range(5, 13)] == [
        number % 4 == 0 for number in range(5, 13)
    ]


@settings(derandomize=True, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(1, 30)),
            st.tuples(st.just("cut"), st.integers(-5, 120)),
            st.tuples(st.just("read"), st.integers(1, 40)),
        ),
        max_size=60,
    )
)
def test_a_ring_is_always_the_end_of_what_was_appended(steps: list[tuple[str, int]]) -> None:
    ring, cursor, cut_at = AudioRing(20), 0, 0
    for step, value in steps:
        if step == "append":
            for number in range(ring.end, ring.end + value):
                ring.append(frame(number), voiced=bool(number % 2))
        elif step == "cut":
            cut_at = max(cut_at, min(value, ring.end))
            ring.cut(value)
        else:
            first = max(cursor, ring.start)
            audio, cursor = ring.read(cursor, value)
            assert audio == frames(first, cursor)
            assert cursor == max(first, min(first + value, ring.end))
        assert ring.start == max(cut_at, ring.end - 20, ring.start)
        assert ring.end - ring.start <= 20
