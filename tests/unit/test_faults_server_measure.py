"""The server's part of the fault table: what counts as a promise kept, and how it is shown."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from bench.faults.document import document
from bench.faults.parts import Parts
from bench.faults.recogniser.crashes import CrashRow
from bench.faults.server.measure import (
    ServerResult,
    Strike,
    Window,
    is_doubtful,
    is_open,
    server_calls_let_down,
    server_misses,
)
from bench.faults.server.process import ServerUnderTest
from bench.faults.server.row import ServerRow
from bench.faults.server.schedule import SERVER_ROWS, ServerReport
from bench.faults.server.table import handler_table, row_line, row_table, worded_line, worded_table
from bench.faults.server.worded_row import WordedRow

pytestmark = pytest.mark.unit

CALM = Window(messages=1000, p99_ms=3.0, starved=0.0, ended=0, dropped=0, restarted=0, trouble=())
STRIKE = Strike("CA1", CALM, CALM, own="goes on")


async def act(_server: ServerUnderTest) -> AsyncGenerator[str, None]:
    yield ""


def result(*strikes: Strike) -> ServerResult:
    return ServerResult(ServerRow("something breaks", "goes on", act), strikes)


def struck(**changes: object) -> Strike:
    return replace(STRIKE, struck=replace(CALM, **changes))  # type: ignore[arg-type]


# --- what counts ----------------------------------------------------------------------


def test_a_fault_that_nobody_notices_misses_nothing() -> None:
    assert list(server_misses(result(STRIKE, STRIKE, STRIKE))) == []


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        ({"ended": 1}, "1 calls ended"),
        ({"dropped": 4}, "4 frames dropped"),
        ({"restarted": 2}, "2 restarts"),
        ({"trouble": ("call 3: in vain",)}, "call 3: in vain"),
    ],
)
def test_harm_to_a_call_beside_it_counts_even_once_in_three_times(
    harm: dict[str, object], complaint: str
) -> None:
    assert any(complaint in line for line in server_misses(result(STRIKE, struck(**harm), STRIKE)))


def test_calls_that_come_between_two_windows_are_no_harm() -> None:
    assert list(server_misses(result(struck(ended=-2, dropped=-3, restarted=-1)))) == []


def test_a_promise_to_the_faulty_call_that_is_broken_once_is_a_miss() -> None:
    broken = replace(STRIKE, broken="does not go on")
    assert list(server_misses(result(STRIKE, broken, broken))) == ["its own call: does not go on"]


@pytest.mark.parametrize(
    ("p99s", "missed"),
    [((3.0, 3.0, 99.0), 0), ((3.0, 8.0, 99.0), 1), ((7.9, 7.9, 7.9), 0)],
)
def test_the_median_of_the_differences_counts(p99s: tuple[float, ...], missed: int) -> None:
    found = list(server_misses(result(*(struck(p99_ms=p99) for p99 in p99s))))
    assert len(found) == missed


def test_a_slow_turn_most_of_the_times_is_a_miss_and_one_hiccup_is_none() -> None:
    slow = replace(STRIKE, slowest_ms=9.0)
    assert list(server_misses(result(STRIKE, STRIKE, slow))) == []
    [line] = server_misses(result(STRIKE, slow, slow))
    assert "9 ms, expected at most 5" in line


def test_times_without_a_core_are_not_judged_and_a_row_without_any_other_is_not_green() -> None:
    starved = struck(p99_ms=500.0, starved=0.4)
    assert list(server_misses(result(STRIKE, starved, starved))) == []
    [line] = server_misses(result(starved, starved, starved))
    assert "not judged" in line
    assert result(starved).moved_ms is None


def test_a_row_is_in_doubt_if_times_are_over_a_bound_or_say_nothing() -> None:
    assert not is_doubtful(result(STRIKE, STRIKE))
    assert is_doubtful(result(STRIKE, struck(starved=0.4)))
    assert is_doubtful(result(struck(p99_ms=8.0)))
    assert is_doubtful(result(replace(STRIKE, slowest_ms=6.0)))


@pytest.mark.parametrize(
    ("p99s", "left", "expected"),
    [
        ((8.0, 8.0, 8.0), 3, True),  # 5, 5, 5, 0, 0, 0: the median is between
        ((8.0, 8.0, 8.0, 8.0), 2, False),
        ((3.0, 8.0, 8.0, 3.0), 2, True),
        ((3.0, 3.0, 3.0, 3.0), 2, False),
    ],
)
def test_a_row_is_open_as_long_as_times_to_come_could_turn_it(
    p99s: tuple[float, ...], left: int, *, expected: bool
) -> None:
    assert is_open(result(*(struck(p99_ms=p99) for p99 in p99s)), left) is expected


def test_three_slow_turns_of_three_cannot_be_made_good_by_three_more() -> None:
    slow = replace(STRIKE, slowest_ms=9.0)
    assert not is_open(result(slow, slow, slow), 0)
    assert is_open(result(slow, slow, STRIKE), 3)


def test_the_calls_that_were_let_down_come_with_the_clearest_case_first() -> None:
    slow = replace(STRIKE, sid="CA2", slowest_ms=9.0)
    broken = replace(STRIKE, sid="CA3", broken="does not go on")
    harmful = replace(struck(dropped=3), sid="CA4")
    none = replace(STRIKE, sid="")
    assert server_calls_let_down(result(STRIKE, slow, harmful, broken, none)) == (
        *("CA3", "CA4", "CA2", "CA1"),
    )
    assert server_calls_let_down(result(STRIKE, STRIKE)) == ()


def test_a_row_that_could_not_be_judged_has_let_no_call_down_unless_one_broke() -> None:
    starved = struck(starved=0.4)
    assert server_calls_let_down(result(starved, starved)) == ()
    assert server_calls_let_down(result(starved, replace(starved, sid="CA2", broken="silent"))) == (
        *("CA2", "CA1"),
    )


# --- how it is shown ------------------------------------------------------------------


def test_a_row_is_one_line_and_one_row_of_the_table() -> None:
    shown = result(STRIKE, struck(p99_ms=4.0), STRIKE)
    assert row_line(shown).split()[:2] == ["something", "breaks"]
    assert list(row_table([shown]))[2:] == [
        "| something breaks | goes on | goes on | 3.0 | 3.0 | +0.0 | - |"
    ]


def test_what_was_missed_stands_in_the_table() -> None:
    [*_, row] = row_table([result(replace(STRIKE, own="", broken="silent"))])
    assert "**missed**: its own call: silent" in row
    worded = WordedRow("SIGTERM", "a goodbye", "", "closed without a word")
    [*_, row] = worded_table([worded])
    assert row == "| SIGTERM | a goodbye | **missed**: closed without a word |"
    assert "not as promised" in worded_line(worded)


def test_handlers_with_the_same_end_share_a_line() -> None:
    rows = [
        WordedRow("rx crashes over A", "", "goes on"),
        WordedRow("rx crashes over B", "", "goes on"),
        WordedRow("rx crashes over C", "", "", "gone"),
        WordedRow("tx crashes over A", "", "goes on"),
    ]
    assert list(handler_table(rows))[2:] == [
        "| rx | `A`, `B` | goes on |",
        "| rx | `C` | **missed**: gone |",
        "| tx | `A` | goes on |",
    ]


def test_the_document_says_whether_every_promise_was_kept() -> None:
    worded = WordedRow("SIGTERM", "a goodbye", "closed")
    kept = ServerReport(40, 3, (result(STRIKE),), (worded,), (worded,))
    crash = CrashRow("STT crash", 1, (0.3,), 0, 0, 0, 1, {"streaming": 1})
    parts = Parts(lambda _line: None)
    parts.over("the recogniser")
    text = document(kept, (), (crash,), parts)
    assert "Every promise was kept." in text
    assert "4 rows in 0.0 minutes" in text
    assert "- the recogniser 0 s" in text
    assert "| STT crash | 1 | - | 0.30 / 0.30 | - | 0 | 0 | 0 | 1 |" in text
    broken = replace(kept, ends=(replace(worded, broken="no word"),))
    assert "- no word: SIGTERM" in document(broken, (), (crash,), parts)


def test_there_are_forty_rows_and_none_has_the_name_of_another() -> None:
    names = [row.name for row in SERVER_ROWS]
    assert len(names) == len(set(names)) >= 40
