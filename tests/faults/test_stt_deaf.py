"""A recogniser that takes the audio and says nothing: found out in 2 s, and no word is lost."""

from collections.abc import Callable
from typing import Any

import pytest

from actors.liveness import MIN_VOICED_FRAMES
from media.frame import FRAME_S
from speech import ports
from tests.support.faults import drops, log_lines, missing
from tests.support.stamped_call import CALL, SECOND, StampedCall
from tests.support.stamped_faults import FOREVER, Fault, Kind
from tests.support.stamped_recognizer import StampedRecognizer, StampedStream
from tests.support.stamped_speech import Speech, SpeechBuilder, make_speech

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., StampedCall]

SPEECH = make_speech(CALL, utterances=5, tail_frames=3 * SECOND)


class Noting(StampedRecognizer):
    """Writes down when its streams say anything; may keep the beginnings of speech to itself."""

    def __init__(self, *faults: Fault, activity: bool = True, **options: Any) -> None:
        super().__init__(faults, **options)
        self.activity = activity
        self.now: Callable[[], float] = lambda: 0.0
        self.signs_at: list[float] = []

    def open(self, sink: ports.RecognizerSink) -> StampedStream:
        def note(event: ports.RecognizerEvent) -> None:
            if self.activity or not isinstance(event, ports.SpeechActivity):
                self.signs_at.append(self.now())
                sink(event)

        return super().open(note)


def deaf(call: StampedCall) -> float:
    return call.metric("stt_deaf_total")


def say_and_note_deafness(call: StampedCall, speech: Speech) -> tuple[list[float], list[float]]:
    """Say it all; return when each voiced frame arrived, and when STT was found deaf."""
    voiced_at: list[float] = []
    deaf_at: list[float] = []
    for index, payload in enumerate(speech.frames):
        if speech.stamps[index].voiced:
            voiced_at.append(call.clock.now())
        call.say([payload])
        if deaf(call) > len(deaf_at):
            deaf_at.append(call.clock.now())
    return voiced_at, deaf_at


@pytest.mark.parametrize("early_finals", [False, True], ids=["finals only", "early finals"])
@pytest.mark.parametrize("mute_from", range(0, len(SPEECH.frames) - 3 * SECOND, 13))
def test_a_stream_that_falls_mute_is_found_out_in_two_seconds_and_costs_nothing(
    place_stamped_call: PlaceCall, mute_from: int, *, early_finals: bool
) -> None:
    ear = Noting(Fault(Kind.MUTE, at_frame=mute_from), early_finals=early_finals)
    call = place_stamped_call(recognizer=ear)
    ear.now = call.clock.now
    began_at = call.clock.now()
    voiced_at, deaf_at = say_and_note_deafness(call, SPEECH)
    call.assert_all_understood(SPEECH)
    assert call.stt_restarts == 0
    assert call.parts.children["stt"].budget.used == 0
    assert not call.parts.stt_single
    if not deaf_at:
        assert ear.streams[0].fault is None or mute_from >= SPEECH.utterances[-1].end - SECOND
        return
    assert len(deaf_at) == 1
    last_sign_at = max([began_at, *(at for at in ear.signs_at if at < deaf_at[0] - FRAME_S)])
    unanswered_at = [at for at in voiced_at if at > last_sign_at]
    assert deaf_at[0] - unanswered_at[MIN_VOICED_FRAMES - 1] <= 2.0


def test_what_is_said_of_it_in_the_log(place_stamped_call: PlaceCall) -> None:
    with log_lines("WARNING") as lines:
        call = place_stamped_call(Fault(Kind.MUTE))
        call.say(SPEECH.frames)
    assert lines == ["🦻 [STT] Deaf: voice and no sign of the recogniser (1 in a row)"]
    assert call.parts.context.stats.stt_deaf == 1


@pytest.mark.parametrize("times", [2, 3])
def test_streams_that_are_mute_one_after_the_other_lose_no_word(
    place_stamped_call: PlaceCall, times: int
) -> None:
    speech = make_speech(CALL, utterances=4, tail_frames=12 * SECOND)
    call = place_stamped_call(Fault(Kind.MUTE, times=times))
    call.say(speech.frames)
    call.assert_all_understood(speech)
    assert deaf(call) == times
    assert call.stt_restarts == 0


# --- mute for ever --------------------------------------------------------------------


def test_a_recogniser_that_is_mute_for_ever_falls_back_and_words_are_heard(
    place_stamped_call: PlaceCall,
) -> None:
    speech = make_speech(CALL, utterances=12, words=(3, 5), tail_frames=15 * SECOND)
    call = place_stamped_call(Fault(Kind.MUTE, times=FOREVER))
    call.say(speech.frames)
    assert call.metric("stt_fallbacks_total", reason="deaf") >= 1
    assert call.understood == list(speech.words)
    assert drops(call) == 0
    assert missing(call) == {}


def test_streams_that_never_open_fall_back_as_well(place_stamped_call: PlaceCall) -> None:
    speech = make_speech(CALL, utterances=6, words=(3, 5), tail_frames=8 * SECOND)
    call = place_stamped_call(Fault(Kind.MUTE, at_open=True, times=FOREVER))
    call.say(speech.frames)
    call.assert_all_understood(speech)
    assert call.parts.stt_single
    assert call.metric("stt_fallbacks_total", reason="exhausted") == 1


# --- music ----------------------------------------------------------------------------


def _held_by_music(seconds: int) -> Speech:
    builder = SpeechBuilder(CALL).pause(SECOND).say(4).pause(2 * SECOND)
    builder.music(seconds * SECOND).pause(SECOND)
    return builder.say(5).pause(SECOND).say(3).pause(3 * SECOND).build()


@pytest.mark.parametrize("activity", [True, False], ids=["with activity", "without"])
def test_thirty_seconds_of_music_exhaust_nothing(
    place_stamped_call: PlaceCall, *, activity: bool
) -> None:
    speech = _held_by_music(30)
    call = place_stamped_call(recognizer=Noting(activity=activity))
    call.say(speech.frames)
    call.assert_all_understood(speech)
    assert 1 <= deaf(call) <= 4
    assert call.stt_restarts == 0
    assert call.parts.children["stt"].budget.used == 0
    assert not call.parts.stt_single
    assert call.metric("stt_fallbacks_total", reason="deaf") == 0


def test_ten_minutes_of_music_are_looked_at_more_and_more_rarely(
    place_stamped_call: PlaceCall,
) -> None:
    speech = _held_by_music(600)
    call = place_stamped_call(recognizer=Noting(activity=False))
    call.say(speech.frames)
    call.assert_all_understood(speech)
    assert deaf(call) <= 15
    assert call.stt_restarts == 0
    assert not call.parts.stt_single
