"""Whatever happens to streams and to STT itself: every word once, every frame heard in order."""

from collections.abc import Callable
from typing import Any

import pytest

from actors.messages import FailDeaf, InboundFrame, OpenStream
from actors.stt_feed import PartialHeard, StreamHeard
from actors.stt_probe import ProbeDue, ProbeOver
from actors.stt_single import RequestAnswered, RequestTimedOut, RetryDue
from actors.stt_stream import AttemptTimedOut
from actors.transcripts import DebounceOver
from speech import ports
from tests.support.faults import Boom, kill, raise_once
from tests.support.stamped_call import CALL, SECOND, StampedCall
from tests.support.stamped_faults import FOREVER, Fault, Kind
from tests.support.stamped_recognizer import StampedRecognizer
from tests.support.stamped_speech import Speech, SpeechBuilder, make_speech
from tests.support.stamped_track import missing

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., StampedCall]

SPEECH = make_speech(CALL, utterances=5, words=(3, 5), tail_frames=4 * SECOND)
LAST_WORD_ENDS = SPEECH.utterances[-1].end
MOMENTS = range(1, LAST_WORD_ENDS, 67)

EARLY = pytest.mark.parametrize("early_finals", [False, True], ids=["finals only", "early finals"])


def assert_all_heard(call: StampedCall, speech: Speech) -> None:
    """Say that every frame up to the last word was heard; by requests, those of words."""
    heard = call.ear.heard_ranges()
    if not call.ear.requests:
        assert missing(heard, 0, speech.utterances[-1].end) == 0
    for said in speech.utterances:
        assert all(missing(heard, word.start, word.end) == 0 for word in said.words)
    assert all(stream.track.lost == 0 for stream in call.ear.streams)
    assert all(stream.track.reordered == stream.track.doubled == 0 for stream in call.ear.streams)


# --- endings --------------------------------------------------------------------------


@EARLY
@pytest.mark.parametrize("moment", MOMENTS)
def test_one_clean_close_is_free_and_loses_nothing(
    place_stamped_call: PlaceCall, moment: int, *, early_finals: bool
) -> None:
    ear = StampedRecognizer([Fault(status="OK", at_frame=moment)], early_finals=early_finals)
    call = place_stamped_call(recognizer=ear)
    call.say(SPEECH.frames)
    call.assert_all_understood(SPEECH)
    assert_all_heard(call, SPEECH)
    assert call.stt_restarts == 0
    assert call.metric("stt_ended_total", status="OK") == 1


@EARLY
@pytest.mark.parametrize("every_frames", [200, 260, 500])
@pytest.mark.parametrize("status", ["OK", "OUT_OF_RANGE", "ABORTED"])
def test_any_number_of_normal_endings_is_free_as_long_as_there_are_results(
    place_stamped_call: PlaceCall, every_frames: int, status: str, *, early_finals: bool
) -> None:
    speech = make_speech(CALL, utterances=20, tail_frames=2 * SECOND)
    fault = Fault(status=status, after_frames=every_frames, times=FOREVER)
    call = place_stamped_call(recognizer=StampedRecognizer([fault], early_finals=early_finals))
    call.say(speech.frames)
    call.assert_all_understood(speech)
    assert_all_heard(call, speech)
    assert call.metric("stt_ended_total", status=status) >= len(speech.frames) // every_frames
    assert call.metric("stt_fallbacks_total", reason="exhausted") == 0


@pytest.mark.parametrize("status", ["OK", "OUT_OF_RANGE", "ABORTED"])
def test_streams_that_end_again_and_again_on_the_same_audio_do_not_spin(
    place_stamped_call: PlaceCall, status: str
) -> None:
    fault = Fault(status=status, after_frames=60, times=FOREVER)
    call = place_stamped_call(fault)
    call.say(SPEECH.frames)
    assert len(call.ear.streams) < 50


def test_streams_that_end_while_they_are_sent_a_long_silence_again_do_not_spin(
    place_stamped_call: PlaceCall,
) -> None:
    ending = Fault(status="OUT_OF_RANGE", after_frames=600, times=FOREVER)
    call = place_stamped_call(ending)
    call.say(SpeechBuilder(CALL).pause(30 * SECOND).build().frames)
    assert len(call.ear.streams) < 50


def test_streams_that_close_at_once_for_ever_fall_back(place_stamped_call: PlaceCall) -> None:
    call = place_stamped_call(Fault(status="OK", at_open=True, times=FOREVER))
    call.say(SPEECH.frames)
    call.assert_all_understood(SPEECH)
    assert call.parts.stt_single
    assert len(call.ear.streams) < 20


def test_a_quiet_caller_whose_streams_end_for_want_of_audio_costs_nothing(
    place_stamped_call: PlaceCall,
) -> None:
    speech = SpeechBuilder(CALL).pause(120 * SECOND).say(4).pause(2 * SECOND).build()
    ending = Fault(status="OUT_OF_RANGE", after_frames=700, times=FOREVER)
    call = place_stamped_call(ending, stt_ring_ms=2000)
    call.say(speech.frames)
    call.assert_all_understood(speech)
    assert call.stt_restarts == 0


@pytest.mark.parametrize(
    ("times", "restarts", "fallbacks"), [(1, 1, 0), (3, 3, 0), (4, 3, 1), (FOREVER, 3, 1)]
)
@pytest.mark.parametrize("status", ["UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED"])
def test_streams_refused_at_their_opening_lose_nothing(
    place_stamped_call: PlaceCall, status: str, times: int, restarts: int, fallbacks: int
) -> None:
    call = place_stamped_call(Fault(status=status, at_open=True, times=times))
    call.say(SPEECH.frames)
    call.assert_all_understood(SPEECH)
    assert_all_heard(call, SPEECH)
    assert call.stt_restarts == restarts
    assert call.metric("stt_fallbacks_total", reason="exhausted") == fallbacks
    assert call.parts.stt_single is (times == FOREVER)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    ("status", "detail"),
    [("PERMISSION_DENIED", "no"), ("INVALID_ARGUMENT", "bad audio"), ("UNAUTHENTICATED", "")],
)
def test_a_fatal_ending_in_the_middle_of_a_call_loses_nothing(
    place_stamped_call: PlaceCall, moment: int, status: str, detail: str
) -> None:
    speech = make_speech(CALL, utterances=5, words=(3, 5), tail_frames=8 * SECOND)
    call = place_stamped_call(Fault(status=status, detail=detail, at_frame=moment, times=FOREVER))
    call.say(speech.frames)
    call.assert_all_understood(speech)
    assert call.stt_restarts == 0
    assert call.metric("stt_fallbacks_total", reason="fatal") >= 1


# --- slow openings --------------------------------------------------------------------


@pytest.mark.parametrize("delay_s", [0.5, 1.5, 6.0])
@pytest.mark.parametrize("lead_frames", [0, 3, 50])
def test_first_words_are_heard_from_their_first_frame_however_late_streams_open(
    place_stamped_call: PlaceCall, delay_s: float, lead_frames: int
) -> None:
    speech = make_speech(
        CALL, utterances=5, words=(3, 5), lead_frames=lead_frames, tail_frames=6 * SECOND
    )
    ear = StampedRecognizer([Fault(Kind.DELAY, at_open=True, times=FOREVER)])
    call = place_stamped_call(recognizer=ear)
    assert call.spoken == ["hello"]

    def each(index: int) -> None:
        if index == round(delay_s * SECOND):
            ear.script([])
            for stream in ear.streams:
                stream.release()

    call.say(speech.frames, each=each)
    call.assert_all_understood(speech)
    assert_all_heard(call, speech)


# --- crashes --------------------------------------------------------------------------

STREAMING = [OpenStream, InboundFrame, StreamHeard, PartialHeard, DebounceOver]
SINGLE = [OpenStream, InboundFrame, RequestAnswered]


def crash_on(call: StampedCall, kind: type, skip: int) -> Callable[[], bool]:
    """Crash STT over a message of this type, after so many of them; says whether it has."""
    seen = 0
    crashed = False

    def wanted(message: Any) -> bool:
        nonlocal seen, crashed
        seen += type(message) is kind
        crashed = type(message) is kind and seen > skip
        return crashed

    raise_once(call.actor("stt"), "on_receive", Boom(), when=wanted)
    return lambda: crashed


@EARLY
@pytest.mark.parametrize("kind", STREAMING[1:], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("skip", [0, 1, 2, 5, 9, 14])
def test_a_crash_over_any_message_while_streaming_loses_nothing(
    place_stamped_call: PlaceCall, kind: type, skip: int, *, early_finals: bool
) -> None:
    ear = StampedRecognizer(early_finals=early_finals)
    call = place_stamped_call(recognizer=ear)
    crashed = crash_on(call, kind, skip * (20 if kind is InboundFrame else 1))
    call.say(SPEECH.frames)
    assert crashed() or kind is DebounceOver
    assert call.parts.stt.ledger.crashed == (1 if kind is InboundFrame else 0)
    call.assert_all_understood(SPEECH)
    assert_all_heard(call, SPEECH)


@pytest.mark.parametrize("kind", SINGLE[1:], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_crash_over_any_message_in_the_fallback_loses_nothing(
    place_stamped_call: PlaceCall, kind: type, skip: int
) -> None:
    call = place_stamped_call(use_streaming_stt=False)
    crashed = crash_on(call, kind, skip)
    call.say(SPEECH.frames)
    assert crashed()
    assert call.parts.stt.ledger.crashed == (1 if kind is InboundFrame else 0)
    assert call.understood == list(SPEECH.words)


UNUSUAL = [
    (FailDeaf(), False),
    (AttemptTimedOut(1), False),
    (OpenStream(single=False), False),
    (OpenStream(single=True), False),
    (StreamHeard(99, ports.Final("ghost", 0.0)), False),
    (DebounceOver(), False),
    (RequestTimedOut(1), True),
    (RetryDue(1), True),
    (ProbeDue(), True),
    (ProbeOver(1), True),
    (RequestAnswered(99, ports.Recognized("ghost")), True),
]


@pytest.mark.parametrize(("message", "single"), UNUSUAL, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("moment", MOMENTS[::3])
def test_a_crash_over_a_message_that_comes_rarely_loses_nothing(
    place_stamped_call: PlaceCall, message: Any, moment: int, *, single: bool
) -> None:
    call = place_stamped_call(use_streaming_stt=not single)

    def is_it(got: Any) -> bool:
        return got is message

    def each(index: int) -> None:
        if index == moment:
            raise_once(call.actor("stt"), "on_receive", Boom(), when=is_it)
            call.parts.stt.post(message)
            call.settle()

    call.say(SPEECH.frames, each=each)
    call.assert_all_understood(SPEECH)
    assert call.stt_restarts == 1


@pytest.mark.parametrize(("message", "single"), UNUSUAL[4:], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("moment", MOMENTS[::5])
def test_a_message_of_the_past_is_nothing(
    place_stamped_call: PlaceCall, message: Any, moment: int, *, single: bool
) -> None:
    call = place_stamped_call(use_streaming_stt=not single)

    def each(index: int) -> None:
        if index == moment:
            call.parts.stt.post(message)

    call.say(SPEECH.frames, each=each)
    call.assert_all_understood(SPEECH)
    assert call.stt_restarts == 0


@pytest.mark.parametrize("write", [1, 2])
@pytest.mark.parametrize("moment", MOMENTS[1:])
def test_a_crash_while_the_ring_is_replayed_loses_nothing(
    place_stamped_call: PlaceCall, moment: int, write: int
) -> None:
    call = place_stamped_call()

    def each(index: int) -> None:
        if index != moment:
            return
        opened = call.ear.open

        def open_and_break(sink: Any) -> Any:
            stream = opened(sink)
            calls = iter(range(1, 10))

            def is_the_one(_audio: bytes) -> bool:
                return next(calls) == write

            raise_once(stream, "write", Boom(), when=is_the_one)
            call.ear.open = opened  # type: ignore[method-assign]
            return stream

        call.ear.open = open_and_break  # type: ignore[method-assign]
        kill(call, "stt")

    call.say(SPEECH.frames, each=each)
    call.assert_all_understood(SPEECH)
    assert call.stt_restarts == 2


@pytest.mark.parametrize("every", [40, 75, 110])
def test_crash_upon_crash_as_long_as_there_are_restarts_loses_nothing(
    place_stamped_call: PlaceCall, every: int
) -> None:
    call = place_stamped_call(stt_restarts=20)

    def each(index: int) -> None:
        if index % every == every - 1 and call.parts.stt._owner is not None:
            kill(call, "stt")

    call.say(SPEECH.frames, each=each)
    call.assert_all_understood(SPEECH)
    assert_all_heard(call, SPEECH)
    assert call.stt_restarts >= 3
