"""The fault bench's measuring: what counts as lost, doubled, detected and recovered."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.faults.recogniser.measure import (
    CallOutcome,
    Moment,
    Seen,
    compare,
    frames_lost,
    outcome_of,
)
from bench.faults.recogniser.rows import KINDS, RECOGNISER_ROWS, RecogniserRow, Targets, faults_of
from bench.faults.recogniser.run import RecogniserResult
from bench.faults.recogniser.table import (
    line_of,
    numbers_of,
    percentile,
    recogniser_calls_let_down,
    recogniser_misses,
)
from phone.report import CallReport
from tests.emulator.journal import FaultRecord, Report, RequestRecord, StreamRecord
from tests.support.stamped_faults import FOREVER, Fault, Kind
from tests.support.stamped_recognizer import StampedRecognizer
from tests.support.stamped_speech import Speech, make_speech

pytestmark = pytest.mark.unit

SPEECH = make_speech(1, utterances=3, tail_frames=100)
ALL = (0, len(SPEECH.frames))
SAID = SPEECH.utterances[0]


def stream(opened_at: float, *ranges: tuple[int, int], **rest: object) -> StreamRecord:
    record = StreamRecord("v1", opened_at, call=1, ranges=list(ranges))
    for name, value in rest.items():
        setattr(record, name, value)
    return record


def struck(kind: str, at: float, frame: int, status: str = "UNAVAILABLE") -> list[FaultRecord]:
    return [FaultRecord(kind, status, at, frame)]


def moments(*streams: StreamRecord, fault: Fault | None = None, **seen: object) -> list[Moment]:
    report = Report(list(streams), began_at={1: 0.0})
    values = {"struck_at": None, **seen}
    outcome = outcome_of(
        Seen(SPEECH, CallReport("CA"), report, {}, fault=fault or Fault(), **values)  # type: ignore[arg-type]
    )
    return list(outcome.moments)


def outcome(call: int = 1) -> CallOutcome:
    return CallOutcome(
        call=call,
        sid=f"CA{call}",
        moments=(Moment(0.2, 0.3),),
        silence_s=0.4,
        frames_lost=0,
        words_lost=(),
        words_doubled=(),
        words_foreign=(),
        streams=2,
        restarts=1,
        mode="streaming",
        underruns=0,
        trouble=(),
    )


# --- words and frames -----------------------------------------------------------------


def test_words_are_lost_doubled_or_nobodys() -> None:
    assert compare(["a", "b", "c"], ["a", "b", "b", "x"]) == (("c",), ("b",), ("x",))
    assert compare(["a"], ["a"]) == ((), (), ())


def test_frames_of_utterances_that_nobody_heard_are_lost_and_pauses_are_not() -> None:
    gap = (SAID.start + 3, SAID.start + 10)
    report = Report([stream(0.0, (0, gap[0])), stream(1.0, (gap[1], ALL[1]))])
    assert frames_lost(SPEECH, report) == 7
    pause = Report([stream(0.0, (0, SAID.end)), stream(1.0, (SAID.end + 20, ALL[1]))])
    assert frames_lost(SPEECH, pause) == 0


def test_what_a_mute_stream_swallowed_is_lost_until_another_hears_it() -> None:
    mute = stream(0.0, ALL, faults=struck("mute", 1.0, SAID.start + 2))
    said = sum(one.end - one.start for one in SPEECH.utterances)
    assert frames_lost(SPEECH, Report([mute])) == said - 3
    assert frames_lost(SPEECH, Report([mute, stream(2.0, (SAID.start, ALL[1]))])) == 0


def test_an_answered_request_hears_and_a_failed_one_does_not() -> None:
    heard = Report([], [RequestRecord(1.0, 1, "OK", "", [ALL])])
    failed = Report([], [RequestRecord(1.0, 1, "INTERNAL", "", [ALL])])
    assert frames_lost(SPEECH, heard) == 0
    assert frames_lost(SPEECH, failed) > 0


# --- moments --------------------------------------------------------------------------


def test_a_moment_is_detected_by_the_next_stream_and_over_when_that_has_caught_up() -> None:
    first = stream(0.0, caught_up_at=0.1, faults=struck("status", 5.0, 200))
    second = stream(5.25, caught_up_at=5.5)
    assert moments(first, second) == [Moment(0.25, 0.5)]


def test_being_struck_again_before_recovery_is_one_moment() -> None:
    first = stream(0.0, caught_up_at=0.1, faults=struck("status", 5.0, 200))
    second = stream(5.25, faults=struck("status", 5.5, 210))
    third = stream(5.75, caught_up_at=6.0)
    assert moments(first, second, third) == [Moment(0.25, 1.0)]


def test_a_call_that_is_never_heard_again_has_not_recovered() -> None:
    assert moments(stream(0.0, faults=struck("status", 5.0, 200))) == [Moment(None, None)]


def test_silent_faults_count_from_the_first_voice_that_met_them() -> None:
    pause = SAID.end + 5
    voice_at = SPEECH.utterances[1].start * 0.02
    first = stream(0.0, caught_up_at=0.1, faults=struck("mute", pause * 0.02, pause))
    second = stream(voice_at + 1.5, caught_up_at=voice_at + 2.0)
    [moment] = moments(first, second, fault=Fault(Kind.MUTE))
    assert moment.detected_s == pytest.approx(1.5)
    assert moment.recovered_s == pytest.approx(2.0)


def test_what_strikes_all_strikes_the_calls_that_had_a_stream() -> None:
    first = stream(0.0, caught_up_at=0.1, ended_at=5.0)
    second = stream(5.5, caught_up_at=6.0)
    assert moments(first, second, struck_at=5.0) == [Moment(0.5, 1.0)]
    assert moments(first, second, struck_at=5.3) == []


def test_faults_of_another_kind_are_no_moments_of_the_row() -> None:
    first = stream(0.0, faults=struck("status", 5.0, 200))
    assert moments(first, fault=Fault(status="ABORTED")) == []


# --- the rows -------------------------------------------------------------------------


STRUCK = [row for row in RECOGNISER_ROWS if row.fault is not None]


@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("row", STRUCK, ids=lambda row: row.name)
def test_every_rule_of_every_row_strikes_within_the_speech(row: RecogniserRow, kind: int) -> None:
    speech = row.speech(kind + 1)
    faults = faults_of(row, speech, kind)
    moments = [one.at_frame for one in faults if one.at_frame is not None]
    assert all(0 < frame < len(speech.frames) for frame in moments)
    assert moments or row.refused is not None, "openings alone have no frame"
    ends = [one for one in faults if one.kind is Kind.STATUS]
    statuses = statuses_of_two_streams(speech, ends)
    assert any(statuses) == bool(ends)


def statuses_of_two_streams(speech: Speech, faults: Sequence[Fault]) -> list[str | None]:
    """What streams end with that hear the whole speech, one after the other."""
    recognizer = StampedRecognizer(faults)
    for _ in range(2):
        recognizer.open(lambda _event: None).write(speech.audio)
    return [one.ended for one in recognizer.streams]


def test_moments_are_seeded_and_differ_between_calls() -> None:
    row = RECOGNISER_ROWS[0]
    frames = [faults_of(row, row.speech(call), 0)[0].at_frame for call in (1, 1, 2, 3)]
    assert frames[0] == frames[1]
    assert len(set(frames)) > 1


@pytest.mark.parametrize("times", [1, 3, 4])
@pytest.mark.parametrize("kind", range(4))
def test_a_refusal_row_holds_as_many_failures_in_a_row_as_its_name_says(
    times: int, kind: int
) -> None:
    row = RecogniserRow("row", Fault(), refused=times)
    faults = faults_of(row, row.speech(1), kind)
    failures = [one.times for one in faults if one.status != "OUT_OF_RANGE"]
    assert sum(failures) == times
    assert [one.spared for one in faults] == list(range(len(faults)))


@pytest.mark.parametrize("kind", range(4))
def test_refused_for_ever_never_ends(kind: int) -> None:
    row = RecogniserRow("row", Fault(), refused=FOREVER)
    assert faults_of(row, row.speech(1), kind)[-1].times == FOREVER


# --- the table ------------------------------------------------------------------------


def result(*calls: CallOutcome, trouble: str | None = None, **row: object) -> RecogniserResult:
    made = RecogniserRow("row", **{"fault": Fault(), "targets": Targets(0.5), **row})  # type: ignore[arg-type]
    return RecogniserResult(made, calls, trouble)


def test_a_row_that_meets_its_targets_misses_nothing() -> None:
    assert list(recogniser_misses(result(outcome(1), outcome(2)))) == []
    numbers = numbers_of(result(outcome(1), outcome(2)))
    assert (numbers["moments"], numbers["recovered_p95_s"], numbers["missed"]) == (2, 0.3, [])
    assert line_of(result(outcome())).startswith("row ")


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"moments": (Moment(0.2, 0.9),)}, "recovered after 0.90 s"),
        ({"moments": (Moment(0.2, None),)}, "never recovered"),
        ({"moments": ()}, "0 of 1 calls were struck"),
        ({"silence_s": 3.5}, "silence of 3.50 s"),
        ({"frames_lost": 2}, "2 frames lost"),
        ({"words_lost": ("a",)}, "1 words lost"),
        ({"words_doubled": ("a",)}, "1 words doubled"),
        ({"words_foreign": ("a",)}, "1 words that nobody said"),
        ({"trouble": ("refused",)}, "refused"),
        ({"streams": 0}, "a call had 0 streams"),
    ],
)
def test_every_target_can_be_missed(wrong: dict[str, object], complaint: str) -> None:
    found = list(recogniser_misses(result(replace(outcome(), **wrong))))  # type: ignore[arg-type]
    assert any(complaint in line for line in found)


def test_the_calls_that_were_let_down_come_with_the_clearest_case_first() -> None:
    slow = replace(outcome(2), moments=(Moment(0.2, 0.9),))
    lost = replace(outcome(3), words_lost=("a",))
    never = replace(outcome(4), moments=(Moment(0.2, None),))
    assert recogniser_calls_let_down(result(outcome(1), slow, lost, never)) == (
        "CA3",
        "CA4",
        "CA2",
        "CA1",
    )
    assert recogniser_calls_let_down(result(outcome(1), outcome(2))) == ()


def test_a_server_that_does_not_stop_is_a_miss() -> None:
    assert list(recogniser_misses(result(outcome(), trouble="still there"))) == ["still there"]


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([float(number) for number in range(1, 101)], 95) == 95.0
    assert percentile([], 50) is None
