"""The verdicts of a scenario: what was heard, and when it is known."""

from itertools import pairwise

import pytest

from phone.scenario_judge import TIMED, Heard, Moment, judge
from phone.spans import Span

pytestmark = pytest.mark.unit

MS = 8
SAID = Moment(1000 * MS, 2000 * MS)
"""The caller speaks from 1.0 to 2.0 s."""


def span(start_ms: int, end_ms: int, *, cut: bool = False) -> Span:
    return Span(start_ms * MS, end_ms * MS, cut)


def heard(now_ms: int, *spans: Span, over: bool = False, by_server: bool = True) -> Heard:
    return Heard(spans, now_ms * MS, over, by_server)


WITHIN = 500
"""The limit of every case, in milliseconds."""

CASES: list[tuple[str, Heard, str]] = [
    ("agent_speaks_within_ms", heard(2400), "-"),
    ("agent_speaks_within_ms", heard(2501), "no: said nothing in 500 ms"),
    ("agent_speaks_within_ms", heard(2400, span(2300, 2380)), "ok: spoke after 300 ms"),
    ("agent_speaks_within_ms", heard(2600, span(2501, 2590)), "no: spoke after 501 ms"),
    ("agent_speaks_within_ms", heard(2400, span(500, 1300)), "-"),
    ("agent_speaks_within_ms", heard(2100, over=True), "no: the call ended without an answer"),
    ("agent_stops_within_ms", heard(1400), "no: was not speaking"),
    ("agent_stops_within_ms", heard(1400, span(100, 390)), "no: was not speaking"),
    ("agent_stops_within_ms", heard(1400, span(500, 1380)), "-"),
    ("agent_stops_within_ms", heard(1400, span(500, 1390, cut=True)), "ok: fell silent after 390"),
    ("agent_stops_within_ms", heard(2000, span(500, 1390)), "ok: fell silent after 390 ms"),
    ("agent_stops_within_ms", heard(1700, span(500, 1501)), "no: was still speaking after 501"),
    ("agent_stops_within_ms", heard(1700, span(500, 1390), over=True), "ok: fell silent after 390"),
    (
        "agent_stops_within_ms",
        heard(1700, span(500, 1200, cut=True), span(1300, 1700)),
        "ok: fell silent after 200 ms",
    ),
    ("agent_goes_on_within_ms", heard(2400, span(500, 1400)), "-"),
    ("agent_goes_on_within_ms", heard(2400, span(500, 2110)), "ok: went on after 0 ms"),
    ("agent_goes_on_within_ms", heard(2400, span(500, 2090)), "-"),
    (
        "agent_goes_on_within_ms",
        heard(2400, span(500, 1400), span(2300, 2380)),
        "ok: went on after 300 ms",
    ),
    (
        "agent_goes_on_within_ms",
        heard(2700, span(500, 1400), span(2600, 2680)),
        "no: went on after 600 ms",
    ),
    ("agent_goes_on_within_ms", heard(2601, span(500, 1400)), "no: said nothing more in 500 ms"),
    ("agent_goes_on_within_ms", heard(2100, over=True), "no: the call ended before it went on"),
    ("agent_keeps_speaking_ms", heard(1400, span(500, 1400)), "-"),
    ("agent_keeps_speaking_ms", heard(1600, span(500, 1500)), "ok: was still speaking after 500"),
    ("agent_keeps_speaking_ms", heard(2100, span(500, 1499)), "no: fell silent after 499 ms"),
    ("agent_keeps_speaking_ms", heard(1500, span(500, 1400, cut=True)), "no: fell silent after"),
    ("agent_keeps_speaking_ms", heard(1500), "no: was not speaking"),
    ("no_answer_within_ms", heard(2400), "-"),
    ("no_answer_within_ms", heard(2501), "ok: said nothing in 500 ms"),
    ("no_answer_within_ms", heard(2100, over=True), "ok: said nothing in 500 ms"),
    ("no_answer_within_ms", heard(2400, span(2300, 2390)), "no: spoke after 300 ms"),
    ("no_answer_within_ms", heard(2700, span(2600, 2690)), "ok: said nothing in 500 ms"),
    ("hung_up_within_ms", heard(2400), "-"),
    ("hung_up_within_ms", heard(2501), "no: did not hang up in 500 ms"),
    ("hung_up_within_ms", heard(2400, over=True), "ok: the server hung up after 400 ms"),
    ("hung_up_within_ms", heard(2600, over=True), "no: the server hung up after 600 ms"),
    ("hung_up_within_ms", heard(2400, over=True, by_server=False), "no: the caller hung up"),
]


@pytest.mark.parametrize(("name", "line", "expected"), CASES)
def test_the_verdict_is_what_was_heard(name: str, line: Heard, expected: str) -> None:
    verdict = judge(name, WITHIN, SAID, line)
    told = "-" if verdict is None else f"{'ok' if verdict.ok else 'no'}: {verdict.detail}"
    assert told.startswith(expected)


def test_every_expectation_has_cases_and_is_decided_once_the_call_is_over() -> None:
    assert {name for name, _, _ in CASES} == set(TIMED)
    for name in TIMED:
        for spans in ((), (span(500, 1300),), (span(2300, 2400),)):
            assert judge(name, WITHIN, SAID, heard(2450, *spans, over=True)) is not None


@pytest.mark.parametrize("name", TIMED)
def test_a_verdict_comes_in_time_and_then_stays(name: str) -> None:
    verdicts = [
        judge(name, WITHIN, SAID, heard(now, span(500, min(now, 1300)), over=False))
        for now in range(1000, 4000, 20)
    ]
    assert verdicts[-1] is not None
    decided = [one is not None for one in verdicts]
    assert all(later or not earlier for earlier, later in pairwise(decided))
