"""Cadence, percentiles, and audio that a clear should have thrown away."""

import pytest

from media.frame import FRAME_BYTES
from phone.cadence import Cadence
from phone.epoch import epoch_of, is_newer
from phone.histogram import Histogram
from phone.staleness import Staleness

pytestmark = pytest.mark.unit

FRAME = b"\x10" * FRAME_BYTES


def test_a_perfect_grid_is_never_late() -> None:
    cadence = Cadence()
    for index in range(100):
        cadence.arrived(FRAME_BYTES, 5.0 + index * 0.020)
    assert cadence.lateness.max_ms == pytest.approx(0.0, abs=0.001)
    assert cadence.spacing.max_ms == pytest.approx(20.0)


def test_a_lead_at_the_beginning_is_not_lateness() -> None:
    cadence = Cadence()
    for at in (0.0, 0.0, 0.0, 0.020, 0.040):
        cadence.arrived(FRAME_BYTES, at)
    assert cadence.lateness.max_ms == pytest.approx(0.0, abs=0.001)


def test_lateness_is_measured_from_the_earliest_message_of_the_spurt() -> None:
    cadence = Cadence()
    for at in (0.0, 0.020, 0.055, 0.060):
        cadence.arrived(FRAME_BYTES, at)
    assert cadence.lateness.max_ms == pytest.approx(15.0)


def test_a_pause_or_a_clear_begins_a_new_grid() -> None:
    cadence = Cadence()
    cadence.arrived(FRAME_BYTES, 0.0)
    cadence.arrived(FRAME_BYTES, 3.0)
    cadence.restart()
    cadence.arrived(FRAME_BYTES, 3.3)
    assert cadence.lateness.max_ms == 0.0
    assert cadence.spacing.count == 0


def test_percentiles_come_to_the_millisecond() -> None:
    histogram = Histogram()
    for value_ms in range(100):
        histogram.add(value_ms / 1000 + 0.0001)
    assert histogram.percentile_ms(50) == 50.0
    assert histogram.percentile_ms(99) == 99.0
    assert histogram.percentile_ms(100) == pytest.approx(99.1)


def test_values_beyond_the_bins_keep_an_exact_maximum() -> None:
    histogram = Histogram()
    histogram.add(12.5)
    histogram.add(-0.1)
    assert histogram.max_ms == histogram.percentile_ms(99) == 12500.0
    assert Histogram().as_json() == {"count": 0, "p50_ms": 0.0, "p99_ms": 0.0, "max_ms": 0.0}


def test_merged_histograms_count_together() -> None:
    one, two = Histogram(), Histogram()
    one.add(0.001)
    two.add(0.009)
    one.merge(two)
    assert one.count == 2
    assert one.max_ms == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("name", "epoch"), [("u17#3", "3"), ("a#b#4", "4"), ("plain", None), ("empty#", None)]
)
def test_the_epoch_follows_the_last_hash(name: str, epoch: str | None) -> None:
    assert epoch_of(name) == epoch


def test_epochs_are_compared_as_numbers_where_they_are() -> None:
    assert is_newer("10", "9")
    assert not is_newer("9", "10")
    assert is_newer("b", "a")
    assert not is_newer("a", "a")


def test_audio_under_an_old_mark_after_the_clear_is_stale() -> None:
    staleness = Staleness()
    staleness.mark("a#1")
    staleness.clear()
    staleness.media(FRAME)
    staleness.media(FRAME)
    staleness.mark("b#1")
    staleness.media(FRAME)
    staleness.mark("c#2")
    assert staleness.stale_messages == 2


def test_audio_of_a_new_epoch_after_the_clear_is_fresh() -> None:
    staleness = Staleness()
    staleness.mark("a#1")
    staleness.clear()
    staleness.media(FRAME)
    staleness.mark("b#2")
    assert staleness.stale_messages == 0


def marking_first_frames() -> Staleness:
    """A playback of two frames, its first one marked, and a `clear`."""
    staleness = Staleness()
    staleness.media(FRAME)
    staleness.mark("at1#1")
    staleness.media(FRAME)
    staleness.clear()
    return staleness


def test_of_what_comes_between_a_clear_and_a_mark_behind_a_first_frame_one_is_fresh() -> None:
    staleness = marking_first_frames()
    staleness.media(FRAME)
    staleness.mark("at1#2")
    staleness.media(FRAME)
    staleness.media(FRAME)
    staleness.mark("at25#2")
    assert staleness.stale_messages == 0


def test_old_audio_before_the_first_frame_of_a_new_playback_is_stale() -> None:
    staleness = marking_first_frames()
    for _ in range(3):
        staleness.media(FRAME)
    staleness.mark("at1#2")
    assert staleness.stale_messages == 2


def test_old_audio_that_no_mark_follows_is_stale_at_the_end_and_at_the_next_clear() -> None:
    staleness = marking_first_frames()
    staleness.media(FRAME)
    staleness.media(FRAME)
    assert staleness.stale_messages == 1
    staleness.clear()
    assert staleness.stale_messages == 1
    staleness.mark("at1#2")
    assert staleness.stale_messages == 1


def test_a_server_that_does_not_mark_first_frames_is_judged_by_its_marks_alone() -> None:
    staleness = Staleness()
    for _ in range(25):
        staleness.media(FRAME)
    staleness.mark("at25#1")
    staleness.clear()
    for _ in range(25):
        staleness.media(FRAME)
    staleness.mark("at25#2")
    assert staleness.stale_messages == 0


def test_a_predicate_recognises_old_audio_by_itself() -> None:
    staleness = Staleness(lambda payload: payload == FRAME)
    staleness.media(FRAME)
    staleness.clear()
    staleness.media(FRAME)
    staleness.media(b"new")
    assert staleness.stale_messages == 1
