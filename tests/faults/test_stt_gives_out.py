"""Nothing recognises the caller any more: they are told in time, and their keys still work."""

from collections.abc import Callable

import pytest

from actors.messages import DigitPressed
from actors.outcome import TransferTo
from dialogue import ports as brains
from tests.support.engines import EchoBrain, EchoDialogue
from tests.support.faults import log_lines
from tests.support.stamped_call import CALL, SECOND, StampedCall
from tests.support.stamped_faults import FOREVER, Fault, Kind
from tests.support.stamped_recognizer import StampedRecognizer
from tests.support.stamped_speech import SpeechBuilder

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., StampedCall]

NO_STREAM = Fault(at_open=True, times=FOREVER)
NO_ANSWER = Fault(request=True, times=FOREVER)
DENIED = Fault(status="PERMISSION_DENIED", request=True, times=FOREVER)
SILENT = Fault(Kind.MUTE, request=True, times=FOREVER)

SPEECH = SpeechBuilder(CALL).pause(3 * SECOND).say(4).pause(SECOND).build()
QUIET = SpeechBuilder(CALL).pause(60 * SECOND).build().frames
VOICE_ENDS_AT = SPEECH.utterances[-1].end
GIVE_UP_S = 10
SEGMENT_ENDS_S = 0.52
"""Quiet that ends a segment, 500 ms, and a frame."""


class KeyBrain(EchoBrain):
    """Asks for keys when it is deaf; 1 connects to a person, 2 hangs up."""

    def _outputs(self, event: brains.CallerEvent) -> list[brains.BrainOutput]:
        match event:
            case brains.CallerPressed(digit="1"):
                return [brains.Say("ok"), brains.TransferCall("+15550100")]
            case brains.CallerPressed(digit="2"):
                return [brains.Say("bye"), brains.EndCall()]
            case _:
                return super()._outputs(event)


def told_after(call: StampedCall, text: str, most_s: float = 60) -> float:
    """Let the caller be silent until the agent says something; how long after their voice."""
    frames = len(SPEECH.frames) - VOICE_ENDS_AT
    for payload in QUIET[: round(most_s * SECOND)]:
        if text in call.spoken:
            return frames / SECOND
        call.say([payload])
        frames += 1
    raise AssertionError(f"{text!r} was never said")


@pytest.mark.parametrize(
    "streams", [[NO_STREAM], [Fault(status="PERMISSION_DENIED", at_open=True, times=FOREVER)]]
)
def test_when_nothing_answers_the_caller_is_told_so_in_time(
    place_stamped_call: PlaceCall, streams: list[Fault]
) -> None:
    call = place_stamped_call(*streams, NO_ANSWER)
    with log_lines("ERROR") as lines:
        call.say(SPEECH.frames)
        after_s = told_after(call, "keys please")
    assert GIVE_UP_S <= after_s <= GIVE_UP_S + SEGMENT_ENDS_S + 0.1
    assert brains.RecognitionLost() in call.dialogue.brain.told
    assert lines[-1] == "❌ [STT] Nobody recognises the caller any more: DEADLINE_EXCEEDED"
    assert call.metric("stt_lost_total") == 1


def test_before_that_the_caller_is_asked_for_a_moment_of_patience(
    place_stamped_call: PlaceCall,
) -> None:
    call = place_stamped_call(NO_STREAM, NO_ANSWER)
    call.say(SPEECH.frames)
    assert told_after(call, "one moment") <= 2.3
    told_after(call, "keys please")
    assert call.spoken.count("one moment") == 1


def test_requests_that_no_other_can_do_better_than_give_out_at_once(
    place_stamped_call: PlaceCall,
) -> None:
    call = place_stamped_call(NO_STREAM, DENIED)
    call.say(SPEECH.frames)
    assert told_after(call, "keys please") <= 1.5


def test_requests_that_are_never_answered_give_out_as_well(place_stamped_call: PlaceCall) -> None:
    call = place_stamped_call(NO_STREAM, SILENT)
    call.say(SPEECH.frames)
    after_s = told_after(call, "keys please")
    assert after_s <= call.settings.single_timeout_s + GIVE_UP_S + SEGMENT_ENDS_S + 0.1


@pytest.mark.parametrize("give_up_s", [2, 5, 20])
def test_the_time_is_a_setting(place_stamped_call: PlaceCall, give_up_s: int) -> None:
    call = place_stamped_call(NO_STREAM, NO_ANSWER, stt_give_up_s=give_up_s)
    call.say(SPEECH.frames)
    after_s = told_after(call, "keys please")
    assert give_up_s <= after_s <= give_up_s + SEGMENT_ENDS_S + 0.1


def test_it_is_told_once_however_long_it_lasts(place_stamped_call: PlaceCall) -> None:
    call = place_stamped_call(NO_STREAM, NO_ANSWER)
    speech = SpeechBuilder(CALL).pause(SECOND)
    for _ in range(8):
        speech.say(4).pause(6 * SECOND)
    call.say(speech.build().frames)
    assert call.spoken.count("keys please") == 1
    assert call.metric("stt_lost_total") == 1
    assert not call.ended


@pytest.mark.parametrize(("key", "ends"), [("1", "transfer"), ("2", "goodbye")])
def test_keys_still_work_then(place_stamped_call: PlaceCall, key: str, ends: str) -> None:
    call = place_stamped_call(NO_STREAM, NO_ANSWER, dialogue=EchoDialogue(KeyBrain()))
    call.say(SPEECH.frames)
    told_after(call, "keys please")
    call.line.agent.post(DigitPressed(key))
    call.hang_up_audio()
    parts = call.parts
    call.until(lambda: call.ended, most_s=10)
    assert call.socket.closed == ends
    assert isinstance(parts.outcome, TransferTo) is (key == "1")


def test_a_recogniser_that_comes_back_is_used_again(place_stamped_call: PlaceCall) -> None:
    call = place_stamped_call(NO_STREAM, NO_ANSWER)
    call.say(SPEECH.frames)
    told_after(call, "keys please")
    call.ear.script([])
    speech = SpeechBuilder(CALL).pause(40 * SECOND).say(4).pause(3 * SECOND).build()
    call.say(speech.frames)
    assert call.understood[-4:] == list(speech.words)
    assert call.metric("stt_resumed_total") == 1


def test_one_failed_request_after_a_long_silence_is_no_reason_to_give_out(
    place_stamped_call: PlaceCall,
) -> None:
    speech = SpeechBuilder(CALL).pause(40 * SECOND).say(4).pause(4 * SECOND).build()
    call = place_stamped_call(NO_STREAM, Fault(request=True, times=1))
    call.say(speech.frames)
    call.assert_all_understood(speech)
    assert "keys please" not in call.spoken


def test_a_recogniser_whose_fallback_is_all_there_is_behaves_the_same(
    place_stamped_call: PlaceCall,
) -> None:
    call = place_stamped_call(recognizer=StampedRecognizer([NO_ANSWER]), use_streaming_stt=False)
    call.say(SPEECH.frames)
    after_s = told_after(call, "keys please")
    assert GIVE_UP_S <= after_s <= GIVE_UP_S + SEGMENT_ENDS_S + 0.1
    assert call.ear.streams == []
