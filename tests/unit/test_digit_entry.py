"""Keys taken together: whole by the terminator or the last one, given up after the last key."""

import math
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.agent_messages import EntryOverdue
from actors.clock import Timer
from actors.digit_entry import DigitEntry, EntryState
from actors.family import OutOfBand
from dialogue.ports import (
    ENTRY_TIMEOUT_RANGE_S,
    KEYS,
    MAX_DIGITS,
    CallerEntered,
    CallerPressed,
)
from tests.support.manual import ManualRuntime

pytestmark = pytest.mark.unit

LEAST_TIMEOUT_S, MOST_TIMEOUT_S = ENTRY_TIMEOUT_RANGE_S


class Desk(ManualRuntime):
    """A `DigitEntry` whose timer asks it at once, as its owner does."""

    def __init__(self) -> None:
        super().__init__()
        self.state = EntryState()
        self.told: list[CallerEntered | CallerPressed] = []
        self.told_at: list[float] = []
        self.overdue: list[EntryOverdue] = []
        self.entry = self.made()

    def made(self) -> DigitEntry:
        """Make the first one, or that of a successor."""
        return DigitEntry(self._after, self.state, self.clock)

    def press(self, keys: str, every_s: float = 0.0) -> None:
        """Press these keys."""
        for key in keys:
            self._tell(self.entry.pressed(key))
            self.advance(every_s)

    def _after(self, delay_s: float, message: OutOfBand) -> Timer:
        assert isinstance(message, EntryOverdue)
        assert delay_s >= 0
        return self.clock.call_later(delay_s, lambda: self._due(message))

    def _due(self, message: EntryOverdue) -> None:
        self.overdue.append(message)
        self._tell(self.entry.timed_out(message))

    def _tell(self, event: CallerEntered | CallerPressed | None) -> None:
        if event is not None:
            self.told.append(event)
            self.told_at.append(self.clock.now())


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.entry.release()
    assert desk.clock.pending == 0


def test_keys_that_nobody_collects_are_told_one_by_one(desk: Desk) -> None:
    desk.press("1#")
    assert desk.told == [CallerPressed("1"), CallerPressed("#")]
    assert not desk.state.active


def test_the_terminator_ends_the_entry_and_is_no_part_of_it(desk: Desk) -> None:
    desk.entry.collect(10, "#", 5.0)
    desk.press("12*3")
    assert desk.told == []
    desk.press("#")
    assert desk.told == [CallerEntered("12*3", complete=True)]
    assert not desk.state.active


def test_the_last_digit_ends_the_entry(desk: Desk) -> None:
    desk.entry.collect(4, "#", 5.0)
    desk.press("1234")
    assert desk.told == [CallerEntered("1234", complete=True)]


def test_what_follows_a_whole_entry_is_a_key_by_itself(desk: Desk) -> None:
    desk.entry.collect(2, "#", 5.0)
    desk.press("12#")
    assert desk.told == [CallerEntered("12", complete=True), CallerPressed("#")]


def test_the_terminator_alone_is_an_empty_entry(desk: Desk) -> None:
    desk.entry.collect(4, "*", 5.0)
    desk.press("*")
    assert desk.told == [CallerEntered("", complete=True)]


def test_without_a_terminator_every_key_is_part_of_it(desk: Desk) -> None:
    desk.entry.collect(3, "", 5.0)
    desk.press("#*#")
    assert desk.told == [CallerEntered("#*#", complete=True)]


def test_the_time_out_counts_from_the_last_key(desk: Desk) -> None:
    desk.entry.collect(10, "#", 5.0)
    desk.press("123", every_s=4.9)
    last_at = desk.clock.now() - 4.9
    assert desk.told == []
    desk.advance(60)
    assert desk.told == [CallerEntered("123", complete=False)]
    assert desk.told_at == [pytest.approx(last_at + 5.0)]


def test_before_the_first_key_nothing_runs_out(desk: Desk) -> None:
    desk.entry.collect(4, "#", 5.0)
    assert desk.clock.pending == 0
    desk.advance(600)
    assert desk.told == []
    assert desk.state.active
    assert not desk.entry.under_way


def test_the_caller_has_begun_with_the_first_key(desk: Desk) -> None:
    desk.entry.collect(4, "#", 5.0)
    desk.press("1")
    assert desk.entry.under_way
    desk.press("#")
    assert not desk.entry.under_way


def test_a_new_entry_replaces_the_old_one(desk: Desk) -> None:
    desk.entry.collect(4, "#", 5.0)
    desk.press("12")
    desk.entry.collect(2, "*", 3.0)
    assert not desk.entry.under_way
    desk.advance(60)
    desk.press("78")
    assert desk.told == [CallerEntered("78", complete=True)]


def test_a_cancelled_entry_is_forgotten(desk: Desk) -> None:
    desk.entry.collect(4, "#", 5.0)
    desk.press("12")
    desk.entry.cancel()
    desk.advance(60)
    desk.press("3")
    assert desk.told == [CallerPressed("3")]
    assert desk.state.digits == ""


def test_a_time_out_that_was_on_its_way_when_a_key_came_means_nothing(desk: Desk) -> None:
    desk.entry.collect(4, "#", 5.0)
    desk.press("1")
    overdue = EntryOverdue(desk.state.last_key)
    desk.press("2")
    assert desk.entry.timed_out(overdue) is None
    assert desk.state.digits == "12"


def test_a_time_out_of_an_older_entry_means_nothing(desk: Desk) -> None:
    desk.entry.collect(4, "#", 5.0)
    desk.press("1")
    overdue = EntryOverdue(desk.state.last_key)
    desk.entry.collect(4, "#", 5.0)
    desk.press("2")
    assert desk.entry.timed_out(overdue) is None
    assert desk.entry.under_way


def test_a_successor_goes_on_with_the_keys_and_the_time_of_the_last_one(desk: Desk) -> None:
    desk.entry.collect(10, "#", 5.0)
    desk.press("12")
    pressed_at = desk.clock.now()
    desk.entry.release()
    desk.advance(3)
    desk.entry = desk.made()
    desk.entry.resume()
    desk.advance(60)
    assert desk.told == [CallerEntered("12", complete=False)]
    assert desk.told_at == [pytest.approx(pressed_at + 5.0)]


def test_a_successor_that_comes_late_gives_the_entry_up_at_once(desk: Desk) -> None:
    desk.entry.collect(10, "#", 5.0)
    desk.press("1")
    desk.entry.release()
    desk.advance(9)
    desk.entry = desk.made()
    desk.entry.resume()
    desk.advance(0)
    assert desk.told == [CallerEntered("1", complete=False)]


def test_a_successor_of_nothing_sets_no_timer(desk: Desk) -> None:
    desk.entry.collect(4, "#", 5.0)
    desk.entry = desk.made()
    desk.entry.resume()
    assert desk.clock.pending == 0
    desk.press("1234")
    assert desk.told == [CallerEntered("1234", complete=True)]


def test_the_keys_are_in_no_text_about_the_entry(desk: Desk) -> None:
    desk.entry.collect(10, "#", 5.0)
    desk.press("9876")
    assert "9876" not in repr(desk.state)


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ((0, "#", 5.0), (1, "#", 5.0)),
        ((1000, "##", 0.0), (MAX_DIGITS, "", LEAST_TIMEOUT_S)),
        ((5, "x", 1e9), (5, "", MOST_TIMEOUT_S)),
        ((5, "", math.nan), (5, "", LEAST_TIMEOUT_S)),
    ],
)
def test_what_is_out_of_bounds_is_brought_within(
    desk: Desk, asked: tuple[int, str, float], kept: tuple[int, str, float]
) -> None:
    desk.entry.collect(*asked)
    assert (desk.state.max_digits, desk.state.terminator, desk.state.timeout_s) == kept


KEY = st.sampled_from(sorted(KEYS))


@settings(derandomize=True, database=None)
@given(
    st.integers(1, MAX_DIGITS),
    st.sampled_from(["", "#", "*"]),
    st.lists(st.tuples(KEY, st.sampled_from([0.0, 1.0, 4.0])), max_size=80),
)
def test_an_entry_is_the_keys_up_to_its_first_end_and_comes_once(
    max_digits: int, terminator: str, keys: list[tuple[str, float]]
) -> None:
    desk = Desk()
    desk.entry.collect(max_digits, terminator, 3.0)
    expected = ""
    complete = over = False
    for key, wait_s in keys:
        if not over:
            complete = key == terminator
            expected += "" if complete else key
            complete = complete or len(expected) == max_digits
            over = complete or wait_s > desk.state.timeout_s
        desk.press(key, wait_s)
        assert len(desk.state.digits) < max_digits
        assert desk.clock.pending <= 1
    entries = [event for event in desk.told if isinstance(event, CallerEntered)]
    assert entries == ([CallerEntered(expected, complete)] if over else [])
