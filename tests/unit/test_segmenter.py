"""Where segments begin and end, and which are thrown away."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.segmenter import Segment, Segmenter

pytestmark = pytest.mark.unit


def frame(index: int) -> bytes:
    """Make a frame that tells its index."""
    return index.to_bytes(4) * 40


def feed(segmenter: Segmenter, pattern: str, first: int = 0) -> list[Segment]:
    """Push a frame for each character, `#` voiced, `.` quiet."""
    found = (
        segmenter.push(frame(index), voiced=mark == "#")
        for index, mark in enumerate(pattern, first)
    )
    return [segment for segment in found if segment is not None]


def span(segment: Segment) -> tuple[int, int]:
    return segment.start_frame, segment.end_frame


def small() -> Segmenter:
    """Three frames of speech at least, two of quiet, ten at most, one of pre-roll."""
    return Segmenter(min_speech_ms=60, quiet_ms=40, max_ms=200, preroll_ms=20)


def test_a_segment_begins_with_the_preroll_and_ends_with_the_quiet() -> None:
    (segment,) = feed(small(), "....###..")
    assert span(segment) == (3, 9)
    assert segment.audio == b"".join(frame(index) for index in range(3, 9))


def test_quiet_within_speech_does_not_end_a_segment() -> None:
    assert [span(s) for s in feed(small(), "#.#.#..")] == [(0, 7)]


def test_too_little_speech_is_thrown_away_and_counted() -> None:
    segmenter = small()
    assert feed(segmenter, "..##..") == []
    assert segmenter.discarded_segments == 1


def test_a_segment_is_cut_at_the_maximum_and_the_next_goes_on_there() -> None:
    segments = feed(small(), "#" * 14 + "..")
    assert [span(s) for s in segments] == [(0, 10), (10, 16)]


def test_the_short_end_of_speech_that_was_cut_is_kept() -> None:
    segmenter = small()
    assert [span(s) for s in feed(segmenter, "#" * 11 + "..")] == [(0, 10), (10, 13)]
    assert segmenter.discarded_segments == 0


def test_a_blip_long_after_a_cut_is_thrown_away() -> None:
    segmenter = small()
    assert [span(s) for s in feed(segmenter, "#" * 10 + "....#..")] == [(0, 10)]
    assert segmenter.discarded_segments == 1


def test_a_blip_after_a_cut_that_kept_nothing_is_thrown_away() -> None:
    segmenter = Segmenter(min_speech_ms=200, quiet_ms=40, max_ms=200, preroll_ms=0)
    assert feed(segmenter, "#.#.#.#.#.#..") == []
    assert segmenter.discarded_segments == 2


def test_the_preroll_never_reaches_into_the_segment_before() -> None:
    segmenter = Segmenter(min_speech_ms=20, quiet_ms=20, max_ms=400, preroll_ms=100)
    assert [span(s) for s in feed(segmenter, "##..##.")] == [(0, 3), (3, 7)]


def test_flush_closes_what_is_open_by_the_same_rule() -> None:
    segmenter = small()
    feed(segmenter, "###")
    segment = segmenter.flush()
    assert segment is not None
    assert span(segment) == (0, 3)
    assert segmenter.flush() is None
    feed(segmenter, ".#", first=3)
    assert segmenter.flush() is None
    assert segmenter.discarded_segments == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet_ms": 0},
        {"min_speech_ms": 0},
        {"max_ms": 100},
        {"preroll_ms": -1},
        {"preroll_ms": 20_000},
        {"max_ms": 60_020},
    ],
)
def test_senseless_spans_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Segmenter(**wrong)  # type: ignore[arg-type]  # spans only


@given(st.text("#.", max_size=400), st.integers(0, 120), st.integers(20, 120))
@settings(derandomize=True)
def test_segments_are_in_order_never_overlap_and_never_exceed_the_maximum(
    pattern: str, preroll_ms: int, quiet_ms: int
) -> None:
    segmenter = Segmenter(min_speech_ms=60, quiet_ms=quiet_ms, max_ms=200, preroll_ms=preroll_ms)
    segments = feed(segmenter, pattern)
    last = segmenter.flush()
    end = 0
    for segment in [*segments, last] if last else segments:
        assert end <= segment.start_frame < segment.end_frame <= len(pattern)
        assert segment.end_frame - segment.start_frame <= 10
        whole = range(segment.start_frame, segment.end_frame)
        assert segment.audio == b"".join(frame(index) for index in whole)
        end = segment.end_frame


@given(st.text("#.", max_size=300))
@settings(derandomize=True)
def test_with_no_least_speech_every_voiced_frame_is_in_a_segment(pattern: str) -> None:
    segmenter = Segmenter(min_speech_ms=20, quiet_ms=60, max_ms=200, preroll_ms=40)
    segments = feed(segmenter, pattern)
    last = segmenter.flush()
    inside = {
        index
        for segment in ([*segments, last] if last else segments)
        for index in range(*span(segment))
    }
    assert inside >= {index for index, mark in enumerate(pattern) if mark == "#"}
    assert segmenter.discarded_segments == 0


def resuming() -> Segmenter:
    """The same, behind speech that was judged already."""
    return Segmenter(min_speech_ms=60, quiet_ms=40, max_ms=200, preroll_ms=20, resuming=True)


def test_the_short_rest_of_speech_already_judged_is_kept() -> None:
    assert [span(s) for s in feed(resuming(), "##..")] == [(0, 4)]
    assert [span(s) for s in feed(resuming(), ".##..")] == [(0, 5)]


def test_a_short_sound_that_does_not_go_on_with_it_is_thrown_away() -> None:
    assert feed(resuming(), "...##..") == []
    assert [span(s) for s in feed(resuming(), "##..##..")] == [(0, 4)]
