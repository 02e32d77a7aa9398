"""The emulator's parts that need no network: the journal, the two wires, what is refused."""

from typing import Any

import pytest

from tests.emulator.house import House
from tests.emulator.journal import FaultRecord, Journal, Report, RequestRecord, StreamRecord
from tests.emulator.wire import Wire, split
from tests.emulator.wire_v1 import WireV1
from tests.emulator.wire_v2 import WireV2

pytestmark = pytest.mark.unit

WIRES: tuple[Wire, ...] = (WireV1(), WireV2())


def stream(call: int | None, number: int | None = None) -> StreamRecord:
    return StreamRecord("v1", 1.0, call, number)


def test_a_report_survives_its_way_as_plain_data() -> None:
    record = stream(3, 0)
    record.ranges = [(0, 7), (9, 12)]
    record.faults = [FaultRecord("status", "ABORTED", 2.0, 11)]
    request = RequestRecord(3.0, 3, "OK", "text", [(4, 9)])
    report = Report([record], [request], {3: 0.5}, unkept=2, connections=4)
    assert Report.from_json(report.as_json()) == report


def test_a_stream_has_caught_up_once_it_hears_what_is_being_said() -> None:
    journal, record = Journal(), stream(1, 0)
    journal.heard(record, newest=49, now=11.0)
    assert journal.report.began_at == {1: pytest.approx(10.02)}
    late = stream(1, 1)
    journal.heard(late, newest=60, now=12.0)
    assert late.caught_up_at is None
    journal.heard(late, newest=110, now=12.3)
    assert late.caught_up_at == 12.3


def test_a_successors_report_counts_the_streams_of_a_call_on() -> None:
    before = Report([stream(1, 0), stream(2, 0), stream(1, 1)], began_at={1: 5.0}, connections=2)
    after = Report([stream(1, 0), stream(None)], began_at={2: 6.0}, connections=1)
    joined = before.joined(after)
    assert [one.number for one in joined.of_call(1)] == [0, 1, 2]
    assert joined.streams[-1].number is None
    assert (joined.began_at, joined.connections) == ({1: 5.0, 2: 6.0}, 3)


def test_a_clear_forgets_the_streams() -> None:
    journal = Journal()
    journal.opened("v1", 1.0)
    journal.clear()
    assert journal.report.streams == []


@pytest.mark.parametrize("wire", WIRES, ids=["v1", "v2"])
def test_both_wires_carry_the_same_answers(wire: Wire) -> None:
    partial = wire.partial(["one", "two", "three"], 0.9, 1500.0)
    texts = [(one.alternatives[0].transcript, one.stability) for one in partial.results]
    assert texts == [("one two", pytest.approx(0.9)), (" three", pytest.approx(0.01))]
    final = wire.final("one two", 61_500.0).results[0]
    assert (final.is_final, final.alternatives[0].transcript) == (True, "one two")
    assert _end_ms(final) == 61_500
    began, ended = wire.activity(20.0, began=True), wire.activity(40.0, began=False)
    assert began.speech_event_type != ended.speech_event_type != 0
    assert not wire.recognized("").results
    assert wire.recognized("one").results[0].alternatives[0].transcript == "one"


def test_only_the_first_version_has_errors_inside_responses() -> None:
    error: Any = WireV1().in_band(13, "detail")
    assert (error.error.code, error.error.message) == (13, "detail")
    assert WireV2().in_band(13, "detail") is None


def test_a_partial_of_one_word_is_all_stable() -> None:
    assert split(["one"]) == [("one", True)]


def test_refusals_speak_of_hebrew_by_its_old_code() -> None:
    house = House(refused_models=("nova",))
    assert house.refusal("default", ("he-IL",)) is None
    assert house.refusal("phone_call", ("en-US",)) is None
    refused = house.refusal("phone_call", ("he-IL",)) or ""
    assert refused.endswith("The phone_call model is currently not supported for language : iw-IL.")
    assert house.refusal("nova", ("en-US",)) is not None


def _end_ms(result: Any) -> int:
    end = getattr(result, "result_end_time", None) or result.result_end_offset
    return int(end.seconds * 1000 + end.nanos / 1e6)
