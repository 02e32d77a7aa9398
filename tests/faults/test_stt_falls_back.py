"""STT that cannot stream any more: three restarts, then single requests, and still answers."""

from collections.abc import Callable

import pytest

from media.frame import SILENCE_FRAME
from speech.ports import RecognizeFailed
from tests.support.call import ManualCall
from tests.support.engines import NumberedRecognizer, ScriptedStream, word
from tests.support.faults import (
    actors,
    count,
    drops,
    kill,
    log_lines,
    missing,
    speak_through,
    words,
)

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., ManualCall]

LONG = 40
"""Frames of a word long enough for a single request."""
PAUSE = [SILENCE_FRAME] * 40
SPEECH = [*PAUSE, *word(1, LONG), *PAUSE, *word(2, LONG), *PAUSE, *PAUSE]
SAID = ["w1", "w2"]

ATTEMPTS = [
    *(
        f"⚠️ [STT] Streaming start failed (attempt {attempt}): UNAVAILABLE: scripted"
        for attempt in (1, 2, 3, 4)
    ),
    "❌ [STT] All streaming attempts failed — using fallback single request",
]


class SlowRequests(NumberedRecognizer):
    """Keeps its answers to single requests until the test gives them."""

    def __init__(self, *, opens: list[bool | str]) -> None:
        super().__init__(opens=opens)
        self.answer_requests = False


NEVER = 50
"""Streams refused, more than a test can try."""


def _refused() -> NumberedRecognizer:
    return NumberedRecognizer(opens=["UNAVAILABLE"] * NEVER)


def test_after_four_refusals_words_are_heard_by_single_requests(place_call: PlaceCall) -> None:
    call = place_call(recognizer=_refused())
    others = actors(call, "stt")
    with log_lines("WARNING") as lines:
        call.hear(SPEECH[:1])
        call.wait(0.7)
    for frame in SPEECH:
        call.hear([frame], voiced=frame != SILENCE_FRAME)
    assert lines == ATTEMPTS[1:]  # The first one came while the call began.
    assert words(call) == SAID
    assert "you said w2" in _spoken(call)
    assert drops(call) == 0
    assert actors(call, "stt") == others
    assert call.parts.children["stt"].restarts == 3
    assert count(call, "stt_fallbacks_total", reason="exhausted") == 1


def test_the_lines_of_four_failures_and_the_fallback(place_call: PlaceCall) -> None:
    with log_lines("WARNING") as lines:
        call = place_call(recognizer=_refused())
        call.quiet(1)
    assert lines == ATTEMPTS
    assert call.parts.context.stats.stt_mode == "single"


@pytest.mark.parametrize(
    "opens",
    [["UNAVAILABLE"] * NEVER, [False] * NEVER, ["OK", False, "INTERNAL", "OK", *[False] * NEVER]],
)
def test_what_was_said_while_streams_were_tried_is_heard_by_requests(
    place_call: PlaceCall, opens: list[bool | str]
) -> None:
    call = place_call(recognizer=NumberedRecognizer(opens=opens))
    for frame in [*SPEECH, *PAUSE * 3]:
        call.hear([frame], voiced=frame != SILENCE_FRAME)
    assert words(call) == SAID
    assert drops(call) == 0
    assert call.parts.stt_single


@pytest.mark.parametrize("lasting", [False, True], ids=["streams heal", "streams never heal"])
@pytest.mark.parametrize("moment", range(36, 84, 2))
def test_a_fourth_failure_in_the_middle_of_a_word_loses_none(
    place_call: PlaceCall, moment: int, *, lasting: bool
) -> None:
    opens = [True] * 4 + ["UNAVAILABLE"] * (NEVER if lasting else 0)
    call = place_call(recognizer=NumberedRecognizer(opens=opens))
    for _ in range(3):
        kill(call, "stt")
        call.wait(0.3)
    speak_through(call, SPEECH, moment, lambda: kill(call, "stt"))
    call.quiet(3)
    assert words(call) == SAID
    assert count(call, "stt_fallbacks_total", reason="exhausted") == 1
    assert call.parts.stt_single is lasting
    assert sum(not stream.cancelled for stream in call.recognizer.streams) == (not lasting)
    assert (call.recognizer.requests != []) or not lasting
    assert drops(call) == 0
    assert missing(call) == {}


@pytest.mark.parametrize("moment", range(30, 120, 3))
def test_killed_in_single_mode_loses_no_word(place_call: PlaceCall, moment: int) -> None:
    call = place_call(use_streaming_stt=False)
    speak_through(call, SPEECH, moment, lambda: kill(call, "stt"))
    assert words(call) == SAID
    assert call.recognizer.streams == []
    assert drops(call) == 0


def test_killed_while_a_request_is_under_way_asks_again(place_call: PlaceCall) -> None:
    call = place_call(recognizer=SlowRequests(opens=["UNAVAILABLE"] * NEVER))
    call.wait(1)
    call.hear(word(1, LONG))
    call.quiet(0.6)
    assert len(call.recognizer.requests) == 1
    call.recognizer.answer_requests = True
    kill(call, "stt")
    call.quiet(1)
    assert words(call) == ["w1"]
    assert [audio for audio, _ in call.recognizer.requests][1:] != []


def test_a_late_answer_to_the_dead_is_not_heard(place_call: PlaceCall) -> None:
    call = place_call(recognizer=SlowRequests(opens=["UNAVAILABLE"] * NEVER))
    call.wait(1)
    call.hear(word(1, LONG))
    call.quiet(0.6)
    _, sink = call.recognizer.requests[0]
    kill(call, "stt")
    sink(RecognizeFailed("UNAVAILABLE"))
    call.quiet(1)
    assert words(call) == []


def test_single_mode_that_keeps_crashing_says_goodbye(place_call: PlaceCall) -> None:
    call = place_call(use_streaming_stt=False)
    call.quiet(2)
    for _ in range(4):
        kill(call, "stt")
        call.quiet(0.3)
    call.quiet(2)
    assert _spoken(call)[-1] == "bye"
    assert call.socket.closed == "stt_failed"
    assert call.ended


def test_streams_opened_for_the_dead_are_all_closed(place_call: PlaceCall) -> None:
    call = place_call(recognizer=NumberedRecognizer(opens=[False] * NEVER))
    call.wait(10)
    assert len(call.recognizer.streams) > 4
    assert all(stream.cancelled for stream in call.recognizer.streams)
    assert not any(isinstance(job, ScriptedStream) for job in call.recognizer.requests)


def _spoken(call: ManualCall) -> list[str]:
    return [job.text for job in call.synthesizer.jobs]
