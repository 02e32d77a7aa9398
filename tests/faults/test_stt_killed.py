"""STT killed at every moment: the brain is told the same words, each of them once."""

import asyncio
from collections.abc import Callable

import pytest

from media.frame import SILENCE_FRAME
from speech.ports import Final, StreamEnded
from tests.support.call import ManualCall
from tests.support.engines import NumberedRecognizer, word
from tests.support.faults import (
    Boom,
    InBandPoison,
    Poison,
    actors,
    count,
    drops,
    kill,
    log_lines,
    missing,
    raise_once,
    speak_through,
    words,
)

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., ManualCall]

PAUSE = [SILENCE_FRAME] * 10
SPEECH = [*PAUSE, *word(1), *PAUSE, *word(2), *word(3), *PAUSE, *PAUSE, *word(4), *PAUSE * 3]
SAID = ["w1", "w2", "w3", "w4"]
WORD_AND_BORDERS = range(22, 64)
"""Frames of `SPEECH` from before the end of one word over all of the next into a third."""

RESTARTS = {
    "OK": 0,
    "ABORTED": 0,
    "OUT_OF_RANGE": 0,
    "NOT_FOUND": 0,
    "CANCELLED": 1,
    "UNKNOWN": 1,
    "DEADLINE_EXCEEDED": 1,
    "ALREADY_EXISTS": 1,
    "RESOURCE_EXHAUSTED": 1,
    "INTERNAL": 1,
    "UNAVAILABLE": 1,
    "DATA_LOSS": 1,
}
"""Counted restarts after each status that does not end streaming
(grpc.github.io/grpc/core/md_doc_statuscodes.html)."""

FATAL = [
    "INVALID_ARGUMENT",
    "PERMISSION_DENIED",
    "FAILED_PRECONDITION",
    "UNIMPLEMENTED",
    "UNAUTHENTICATED",
]
"""The others: they will not heal."""


def _fails_with(status: str) -> Callable[[ManualCall], None]:
    def fault(call: ManualCall) -> None:
        call.recognizer.streams[-1].fail(status)
        call.settle()

    return fault


def _write_raises(call: ManualCall) -> None:
    raise_once(call.recognizer.streams[-1], "write", Boom("in the engine"))


def _handler_raises(call: ManualCall) -> None:
    raise_once(call.actor("stt"), "on_receive", Boom("frame in hand"))


def _poison_in_band(call: ManualCall) -> None:
    call.parts.stt.post(InBandPoison())
    call.settle()


FAULTS: dict[str, Callable[[ManualCall], None]] = {
    "poison": lambda call: kill(call, "stt"),
    "poison among the frames": _poison_in_band,
    "write raises": _write_raises,
    "handler raises over a frame": _handler_raises,
    "cancelled": lambda call: kill(call, "stt", asyncio.CancelledError()),
    "keyboard interrupt": lambda call: kill(call, "stt", KeyboardInterrupt()),
    "stream unavailable": _fails_with("UNAVAILABLE"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("moment", WORD_AND_BORDERS)
def test_words_are_the_same_wherever_stt_is_killed(
    place_call: PlaceCall, moment: int, fault: Callable[[ManualCall], None]
) -> None:
    call = place_call()
    others = actors(call, "stt")
    speak_through(call, SPEECH, moment, lambda: fault(call))
    assert words(call) == SAID
    assert actors(call, "stt") == others
    assert drops(call) == 0
    assert missing(call) == {}
    assert call.parts.stt.ledger.crashed <= 1
    assert call.parts.children["stt"].restarts == 1


@pytest.mark.parametrize(("status", "restarts"), RESTARTS.items())
@pytest.mark.parametrize("moment", [0, 3, 15, 30, 38, 50, 51, 70])
def test_words_are_the_same_whatever_status_ends_the_stream(
    place_call: PlaceCall, moment: int, status: str, restarts: int
) -> None:
    call = place_call()
    speak_through(call, SPEECH, moment, lambda: _fails_with(status)(call))
    call.quiet(1)
    assert words(call) == SAID
    assert drops(call) == 0
    assert call.parts.children["stt"].restarts == restarts
    assert len(call.recognizer.streams) == 2
    assert not call.parts.stt_single
    assert count(call, "stt_ended_total", status=status) == 1


LONG_SPEECH = [*PAUSE, *word(1, 40), *PAUSE * 4, *word(2, 40), *PAUSE * 4]


@pytest.mark.parametrize("status", FATAL)
@pytest.mark.parametrize("moment", [0, 5, 10, 30, 49, 51, 70, 100])
def test_a_status_that_will_not_heal_costs_neither_restarts_nor_words(
    place_call: PlaceCall, moment: int, status: str
) -> None:
    call = place_call()
    with log_lines("ERROR") as lines:
        speak_through(call, LONG_SPEECH, moment, lambda: _fails_with(status)(call))
        call.quiet(1)
    assert words(call) == ["w1", "w2"]
    assert drops(call) == 0
    assert call.parts.children["stt"].restarts == 0
    assert count(call, "stt_fallbacks_total", reason="fatal") == 1
    alarm, fallback = lines
    assert alarm.startswith("🚨 [STT] Will not heal by itself, look at credentials")
    assert alarm.endswith(f": {status}: scripted")
    assert fallback == "❌ [STT] All streaming attempts failed — using fallback single request"


@pytest.mark.parametrize("moment", range(2, 12))
def test_killed_before_it_was_ready_loses_no_word(place_call: PlaceCall, moment: int) -> None:
    call = place_call(recognizer=NumberedRecognizer(opens=[False]))
    speak_through(call, SPEECH, moment, lambda: kill(call, "stt"))
    assert words(call) == SAID
    assert call.parts.children["stt"].restarts == 1


@pytest.mark.parametrize(
    ("opens", "restarts"),
    [
        ([False], 1),
        (["UNAVAILABLE"], 1),
        ([False, "OK"], 1),
        (["OK", "OK"], 1),
        (["NOT_FOUND"] * 12, 0),
        (["INTERNAL"] * 3, 3),
        ([False] * 3, 3),
    ],
)
def test_streams_that_do_not_open_cost_no_word_as_long_as_one_does(
    place_call: PlaceCall, opens: list[bool | str], restarts: int
) -> None:
    call = place_call(recognizer=NumberedRecognizer(opens=opens))
    others = actors(call, "stt")
    call.hear(SPEECH)
    call.quiet(3)
    assert words(call) == SAID
    assert drops(call) == 0
    assert actors(call, "stt") == others
    assert call.parts.children["stt"].restarts == restarts
    assert call.parts.context.stats.stt_mode == "streaming"


@pytest.mark.parametrize("moment", WORD_AND_BORDERS)
def test_killed_again_during_the_backoff_loses_no_word(place_call: PlaceCall, moment: int) -> None:
    call = place_call()

    def twice() -> None:
        kill(call, "stt")
        call.parts.stt.post(InBandPoison())

    speak_through(call, SPEECH, moment, twice)
    assert words(call) == SAID
    assert drops(call) == 0
    assert call.parts.children["stt"].restarts == 2


@pytest.mark.parametrize("gap", range(1, 30, 2))
def test_three_kills_in_a_row_lose_no_word(place_call: PlaceCall, gap: int) -> None:
    call = place_call()
    for index, frame in enumerate(SPEECH):
        if index in {30, 30 + gap, 30 + 2 * gap} and call.parts.stt._owner is not None:
            kill(call, "stt")
        call.hear([frame], voiced=frame != SILENCE_FRAME)
    assert words(call) == SAID
    assert drops(call) == 0


def test_a_final_that_was_on_its_way_when_stt_died_is_told_once(place_call: PlaceCall) -> None:
    call = place_call()
    call.hear([*PAUSE, *word(1)])
    call.parts.stt.post(Poison())
    call.recognizer.streams[0].say(Final("w1", 500.0))
    call.quiet(1)
    assert words(call) == ["w1"]


def test_a_dead_stream_that_speaks_on_is_not_heard(place_call: PlaceCall) -> None:
    call = place_call()
    sink = call.recognizer.streams[0].sink
    kill(call, "stt")
    for _ in range(300):
        sink(Final("ghost", 20.0))
    call.quiet(1)
    sink(StreamEnded("UNAVAILABLE"))
    call.hear(word(1))
    call.quiet(1)
    assert words(call) == ["w1"]
    assert call.parts.children["stt"].restarts == 1


@pytest.mark.parametrize(("backoff_ms", "call_sid"), [(200, "CA1"), (200, "CA2"), (1000, "CA1")])
def test_a_backoff_is_a_quarter_more_or_less_than_the_setting(
    place_call: PlaceCall, backoff_ms: int, call_sid: str
) -> None:
    call = place_call(call_sid=call_sid, stt_backoff_ms=backoff_ms)
    kill(call, "stt")
    call.advance(backoff_ms / 1000 * 0.75 - 0.0001)
    assert len(call.recognizer.streams) == 1
    call.advance(backoff_ms / 1000 * 0.5 + 0.0002)
    assert len(call.recognizer.streams) == 2


def _backoff_s(call: ManualCall, status: str = "UNAVAILABLE") -> float:
    began_at, streams = call.clock.now(), len(call.recognizer.streams)
    _fails_with(status)(call)
    while len(call.recognizer.streams) == streams:
        call.advance(0.001)
    return float(call.clock.now() - began_at)


def test_the_backoffs_of_different_calls_are_spread_and_those_of_one_call_repeat(
    place_call: PlaceCall,
) -> None:
    numbers = [*range(12), *range(12)]
    backoffs_s = [_backoff_s(place_call(call_sid=f"CA{number}")) for number in numbers]
    assert backoffs_s[:12] == pytest.approx(backoffs_s[12:])
    assert max(backoffs_s) - min(backoffs_s) > 0.05
    assert len({round(backoff_s, 3) for backoff_s in backoffs_s}) > 8


def test_an_exhausted_quota_waits_four_times_as_long(place_call: PlaceCall) -> None:
    plain_s = _backoff_s(place_call())
    exhausted_s = _backoff_s(place_call(), "RESOURCE_EXHAUSTED")
    assert exhausted_s == pytest.approx(4 * plain_s, abs=0.004)


@pytest.mark.parametrize(("wait_s", "streams"), [(0.7999, 1), (0.8, 0)])
def test_a_stream_has_800_ms_to_open(place_call: PlaceCall, wait_s: float, streams: int) -> None:
    call = place_call(recognizer=NumberedRecognizer(opens=[False]))
    call.advance(wait_s)
    assert sum(not stream.cancelled for stream in call.recognizer.streams) == streams


def test_the_stream_of_a_killed_stt_is_cancelled(place_call: PlaceCall) -> None:
    call = place_call()
    kill(call, "stt")
    call.quiet(1)
    assert [stream.cancelled for stream in call.recognizer.streams] == [True, False]


def _talk(call: ManualCall, numbers: range, every_s: float) -> None:
    for number in numbers:
        call.hear(word(number))
        call.quiet(every_s - 0.3)


def test_restarts_are_given_back_when_results_have_come_over_30_s(place_call: PlaceCall) -> None:
    call = place_call()
    for number in range(8):
        kill(call, "stt")
        call.quiet(0.5)
        _talk(call, range(number * 4, number * 4 + 4), every_s=10.4)
    assert call.parts.children["stt"].restarts == 8
    assert count(call, "stt_fallbacks_total", reason="exhausted") == 0
    assert words(call) == [f"w{number}" for number in range(32)]


def test_restarts_are_not_given_back_when_results_have_come_over_less(
    place_call: PlaceCall,
) -> None:
    call = place_call()
    for number in range(4):
        kill(call, "stt")
        call.quiet(0.5)
        _talk(call, range(number * 4, number * 4 + 4), every_s=9.5)
    assert count(call, "stt_fallbacks_total", reason="exhausted") == 1


def test_one_result_and_much_time_give_no_restart_back(place_call: PlaceCall) -> None:
    call = place_call()
    for number in range(4):
        kill(call, "stt")
        call.quiet(0.5)
        call.hear(word(number))
        call.quiet(60)
    assert count(call, "stt_fallbacks_total", reason="exhausted") == 1


def test_restarts_are_not_given_back_without_results(place_call: PlaceCall) -> None:
    call = place_call()
    for _ in range(4):
        kill(call, "stt")
        call.quiet(31)
    assert count(call, "stt_fallbacks_total", reason="exhausted") == 1


def test_each_restart_is_a_line_and_counted(place_call: PlaceCall) -> None:
    call = place_call()
    with log_lines("WARNING") as lines:
        for _ in range(2):
            call.recognizer.streams[-1].fail("UNAVAILABLE")
            call.quiet(0.3)
    assert lines == [
        "⚠️ [STT] Streaming start failed (attempt 1): UNAVAILABLE: scripted",
        "⚠️ [STT] Streaming start failed (attempt 2): UNAVAILABLE: scripted",
    ]
    assert count(call, "child_failures_total", child="stt") == 2
    assert count(call, "child_restarts_total", child="stt") == 2


def test_nothing_is_written_to_a_stream_that_has_ended(place_call: PlaceCall) -> None:
    call = place_call()
    call.hear(word(1))
    dead = call.recognizer.streams[0]
    dead.fail("UNAVAILABLE")
    written = bytes(dead.written)
    call.hear(word(2))
    assert dead.written == written
