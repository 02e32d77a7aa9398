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

GRPC_STATUSES = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]
"""grpc.github.io/grpc/core/md_doc_statuscodes.html."""


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
    "clean close": _fails_with("OK"),
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


@pytest.mark.parametrize("status", GRPC_STATUSES)
@pytest.mark.parametrize("moment", [0, 3, 15, 30, 38, 50, 51, 70])
def test_words_are_the_same_whatever_status_ends_the_stream(
    place_call: PlaceCall, moment: int, status: str
) -> None:
    call = place_call()
    speak_through(call, SPEECH, moment, lambda: _fails_with(status)(call))
    assert words(call) == SAID
    assert drops(call) == 0
    assert call.parts.children["stt"].restarts == 1


@pytest.mark.parametrize("moment", range(2, 12))
def test_killed_before_it_was_ready_loses_no_word(place_call: PlaceCall, moment: int) -> None:
    call = place_call(recognizer=NumberedRecognizer(opens=[False]))
    speak_through(call, SPEECH, moment, lambda: kill(call, "stt"))
    assert words(call) == SAID
    assert call.parts.children["stt"].restarts == 1


@pytest.mark.parametrize(
    "opens", [[False], ["UNAVAILABLE"], [False, "OK"], ["INTERNAL"] * 3, [False] * 3]
)
def test_streams_that_do_not_open_cost_no_word_as_long_as_one_does(
    place_call: PlaceCall, opens: list[bool | str]
) -> None:
    call = place_call(recognizer=NumberedRecognizer(opens=opens))
    others = actors(call, "stt")
    call.hear(SPEECH)
    call.quiet(3)
    assert words(call) == SAID
    assert drops(call) == 0
    assert actors(call, "stt") == others
    assert call.parts.children["stt"].restarts == len(opens)
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


@pytest.mark.parametrize(("wait_s", "streams"), [(0.1999, 1), (0.2, 2)])
def test_the_backoff_is_200_ms_to_the_clock(
    place_call: PlaceCall, wait_s: float, streams: int
) -> None:
    call = place_call()
    kill(call, "stt")
    call.advance(wait_s)
    assert len(call.recognizer.streams) == streams


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


def test_restarts_are_given_back_after_30_s_of_results(place_call: PlaceCall) -> None:
    call = place_call()
    for number in range(8):
        kill(call, "stt")
        call.quiet(0.5)
        call.hear(word(number))
        call.quiet(31)
    assert call.parts.children["stt"].restarts == 8
    assert not call.parts.stt_single
    assert words(call) == [f"w{number}" for number in range(8)]


def test_restarts_are_not_given_back_before_30_s_of_results(place_call: PlaceCall) -> None:
    call = place_call()
    for number in range(4):
        kill(call, "stt")
        call.quiet(0.5)
        call.hear(word(number))
        call.quiet(28)
    assert call.parts.stt_single


def test_restarts_are_not_given_back_without_results(place_call: PlaceCall) -> None:
    call = place_call()
    for _ in range(4):
        kill(call, "stt")
        call.quiet(31)
    assert call.parts.stt_single


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
