"""Streaming comes back by itself when an outage is over, and no word is lost on the way."""

from collections.abc import Callable

import pytest

from actors.floor import REQUEST_S
from tests.support.faults import log_lines
from tests.support.stamped_call import CALL, SECOND, StampedCall
from tests.support.stamped_faults import FOREVER, Fault
from tests.support.stamped_recognizer import StampedRecognizer, StampedStream
from tests.support.stamped_speech import SpeechBuilder, make_speech

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., StampedCall]

SPEECH = make_speech(CALL, utterances=14, words=(3, 5), tail_frames=4 * SECOND)
REFUSED = Fault(at_open=True, times=FOREVER)
NO_ANSWER = Fault(request=True, times=FOREVER)


def break_at(call: StampedCall, faults: list[Fault]) -> None:
    """Let the service go down: what is open ends, what is asked from now on is refused."""
    call.ear.script(faults)
    for stream in call.ear.streams:
        if not stream.cancelled and stream.ended is None:
            stream.fail()
    call.settle()


def say_through_outage(
    call: StampedCall, from_frame: int, frames: int, faults: list[Fault]
) -> None:
    """Say `SPEECH` while the service is down for some frames in the middle."""

    def each(index: int) -> None:
        if index == from_frame:
            break_at(call, faults)
        if index == from_frame + frames:
            call.ear.script([])

    call.say(SPEECH.frames, each=each)


MOMENTS = range(5, 300, 32)


@pytest.mark.parametrize("from_frame", MOMENTS)
def test_an_outage_of_five_seconds_of_streams_loses_no_word(
    place_stamped_call: PlaceCall, from_frame: int
) -> None:
    call = place_stamped_call()
    say_through_outage(call, from_frame, 5 * SECOND, [REFUSED])
    call.assert_all_understood(SPEECH)
    assert not call.parts.stt_single
    assert call.parts.context.stats.stt_mode == "streaming"
    assert call.parts.memory.words_after_s == 0.0
    assert call.metric("stt_resumed_total") == 1
    assert call.metric("stt_fallbacks_total", reason="exhausted") == 1


@pytest.mark.parametrize("from_frame", MOMENTS)
def test_an_outage_of_five_seconds_of_everything_loses_no_word(
    place_stamped_call: PlaceCall, from_frame: int
) -> None:
    call = place_stamped_call()
    say_through_outage(call, from_frame, 5 * SECOND, [REFUSED, NO_ANSWER])
    call.assert_all_understood(SPEECH)
    assert not call.parts.stt_single
    assert call.metric("stt_lost_total") == 0
    assert "keys please" not in call.spoken


@pytest.mark.parametrize("from_frame", MOMENTS[::3])
def test_with_early_finals_it_is_the_same(place_stamped_call: PlaceCall, from_frame: int) -> None:
    call = place_stamped_call(recognizer=StampedRecognizer(early_finals=True))
    say_through_outage(call, from_frame, 5 * SECOND, [REFUSED, NO_ANSWER])
    call.assert_all_understood(SPEECH)


def test_the_lines_of_an_outage(place_stamped_call: PlaceCall) -> None:
    call = place_stamped_call()
    with log_lines() as lines:
        say_through_outage(call, 50, 5 * SECOND, [REFUSED])
    told = [line for line in lines if "Streaming" in line or "streaming" in line]
    assert told == [
        *(
            f"⚠️ [STT] Streaming start failed (attempt {number}): UNAVAILABLE: scripted"
            for number in (1, 2, 3, 4)
        ),
        "❌ [STT] All streaming attempts failed — using fallback single request",
        "✅ [STT] Streaming resumed",
    ]


def test_a_caller_who_says_nothing_for_minutes_is_heard_by_a_stream_afterwards(
    place_stamped_call: PlaceCall,
) -> None:
    builder = SpeechBuilder(CALL).pause(200 * SECOND).say(3).pause(2 * SECOND)
    speech = builder.build()
    call = place_stamped_call(REFUSED)
    call.say(speech.frames[: 100 * SECOND])
    assert call.parts.stt_single
    assert call.parts.memory.words_after_s == REQUEST_S
    call.ear.script([])
    call.say(speech.frames[100 * SECOND :])
    call.assert_all_understood(speech)
    assert not call.parts.stt_single
    assert call.ear.requests == []


def test_a_second_outage_falls_back_at_its_first_failure_and_comes_back_too(
    place_stamped_call: PlaceCall,
) -> None:
    builder = SpeechBuilder(CALL).pause(10)
    for _ in range(12):
        builder.say(4).pause(SECOND)
    speech = builder.pause(4 * SECOND).build()
    call = place_stamped_call(REFUSED)

    def each(index: int) -> None:
        if index == 2 * SECOND:
            call.ear.script([])
        if index == 10 * SECOND:
            break_at(call, [REFUSED])
            assert call.parts.stt_single
        if index == 12 * SECOND:
            call.ear.script([])

    call.say(speech.frames, each=each)
    call.assert_all_understood(speech)
    assert call.metric("stt_resumed_total") == 2
    assert call.metric("stt_fallbacks_total", reason="exhausted") == 2
    assert not call.parts.stt_single


def test_streams_that_open_and_are_refused_with_the_first_audio_do_not_make_it_flap(
    place_stamped_call: PlaceCall,
) -> None:
    speech = make_speech(CALL, utterances=14, words=(3, 5), tail_frames=4 * SECOND)
    call = place_stamped_call()
    opened = call.ear.open

    def refusing(sink: object) -> StampedStream:
        stream = opened(sink)  # type: ignore[arg-type]
        write = stream.write

        def refuse(audio: bytes) -> None:
            write(b"")
            stream.fail("INTERNAL")

        stream.write = refuse  # type: ignore[method-assign]
        return stream

    call.ear.open = refusing  # type: ignore[method-assign]
    break_at(call, [])
    call.say(speech.frames)
    call.assert_all_understood(speech)
    assert call.parts.stt_single
    assert call.metric("stt_resumed_total") == 0
