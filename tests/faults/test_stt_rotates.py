"""Streams that grow old are changed by plan, in silence or in the middle of words, unnoticed."""

from collections.abc import Callable

import pytest

from speech.ports import Final
from tests.support.faults import actors, drops, log_lines, missing
from tests.support.stamped_call import CALL, SECOND, StampedCall
from tests.support.stamped_recognizer import StampedRecognizer
from tests.support.stamped_speech import Speech, SpeechBuilder

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., StampedCall]

LIMIT_S = 305.0
"""Google's limit of one stream."""

ROTATE_AFTER_S = 240
ROTATE_LATEST_S = 290

EARLY = pytest.mark.parametrize("early_finals", [False, True], ids=["finals only", "early finals"])


def conversation(seconds: int, *, pause_frames: int = 50) -> Speech:
    """Utterances and pauses for so long; then enough quiet for the last final."""
    builder = SpeechBuilder(CALL).pause(25)
    while len(builder._stamps) < seconds * SECOND:
        builder.say_within((2, 5)).pause(pause_frames)
    return builder.pause(2 * SECOND).build()


def monologue(seconds: int) -> Speech:
    """Words without any pause long enough to change a stream unnoticed."""
    return conversation(seconds, pause_frames=20)


def place(place_stamped_call: PlaceCall, *, early_finals: bool = False) -> StampedCall:
    ear = StampedRecognizer(max_stream_s=LIMIT_S, early_finals=early_finals)
    return place_stamped_call(recognizer=ear, history_entries=5000)


def assert_unnoticed(call: StampedCall, speech: Speech) -> None:
    """Say that nobody was restarted and nothing lost, doubled or left unheard."""
    call.assert_all_understood(speech)
    assert call.stt_restarts == 0
    assert call.metric("child_failures_total", child="stt") == 0
    assert call.metric("stt_deaf_total") == 0
    assert not call.parts.stt_single
    assert call.parts.stt_state.ring.overrun_frames == 0
    heard = call.ear.heard_ranges()
    assert heard[0][0] == 0
    assert len(heard) == 1
    assert heard[0][1] >= len(speech.frames) - 3
    assert all(stream.track.in_order for stream in call.ear.streams)


@EARLY
def test_in_a_conversation_a_stream_is_changed_in_the_first_silence_after_240_s(
    place_stamped_call: PlaceCall, *, early_finals: bool
) -> None:
    speech = conversation(300)
    call = place(place_stamped_call, early_finals=early_finals)
    with log_lines() as lines:
        call.say(speech.frames)
    assert_unnoticed(call, speech)
    assert len(call.ear.streams) == 2
    assert call.metric("stt_rotations_total") == 1
    assert "🔁 [STT] Stream rotated after 24" in "".join(lines)
    changed_at = call.ear.streams[0].track.ranges[-1][1]
    assert ROTATE_AFTER_S * SECOND <= changed_at <= (ROTATE_AFTER_S + 5) * SECOND
    assert not any(speech.stamps[frame].voiced for frame in range(changed_at - 20, changed_at))
    assert all(stream.ended is None for stream in call.ear.streams)


@EARLY
def test_a_monologue_is_changed_in_the_middle_of_words_at_290_s(
    place_stamped_call: PlaceCall, *, early_finals: bool
) -> None:
    speech = monologue(330)
    call = place(place_stamped_call, early_finals=early_finals)
    call.say(speech.frames)
    assert_unnoticed(call, speech)
    assert len(call.ear.streams) == 2
    changed_at = call.ear.streams[0].track.ranges[-1][1]
    assert abs(changed_at - ROTATE_LATEST_S * SECOND) <= 3


@pytest.mark.parametrize("shift", range(0, 40, 3))
def test_wherever_in_a_word_it_is_changed_the_word_is_heard_once(
    place_stamped_call: PlaceCall, shift: int
) -> None:
    builder = SpeechBuilder(CALL).pause(10 + shift)
    for _ in range(8):
        builder.say(6).pause(20)
    speech = builder.pause(3 * SECOND).build()
    ear = StampedRecognizer(max_stream_s=20)
    call = place_stamped_call(
        recognizer=ear, stt_rotate_after_s=5, stt_rotate_latest_s=8, stt_ring_ms=4000
    )
    call.say(speech.frames)
    assert_unnoticed(call, speech)
    assert len(ear.streams) >= 2


def test_sixteen_minutes_with_a_change_every_four_lose_no_frame_and_no_final(
    place_stamped_call: PlaceCall,
) -> None:
    speech = conversation(16 * 60)
    call = place(place_stamped_call)
    others = actors(call)
    call.say(speech.frames)
    assert_unnoticed(call, speech)
    assert call.metric("stt_rotations_total") >= 3
    assert len(call.ear.streams) == 1 + call.metric("stt_rotations_total")
    assert actors(call) == others
    finals = [final for stream in call.ear.streams for final in stream.ear.hearing.finals]
    assert [final.text for final in finals] == [said.text for said in speech.utterances]
    assert [type(final) for final in finals] == [Final] * len(speech.utterances)


def test_where_no_change_by_plan_succeeds_the_limit_itself_is_survived(
    place_stamped_call: PlaceCall,
) -> None:
    speech = monologue(340)
    call = place(place_stamped_call)
    call.say(speech.frames[: 239 * SECOND])
    opened = call.ear.open

    def mute_open(sink: object) -> object:
        stream = opened(lambda _event: None)
        if call.ear.streams[0].ended is not None:
            call.ear.open = opened  # type: ignore[method-assign]
            stream.cancel()
            return opened(sink)  # type: ignore[arg-type]
        return stream

    call.ear.open = mute_open  # type: ignore[method-assign,assignment]
    call.say(speech.frames[239 * SECOND :])
    assert call.understood == list(speech.words)
    assert call.ear.streams[0].ended == "OUT_OF_RANGE"
    assert call.stt_restarts == 0
    assert drops(call) == 0
    assert missing(call) == {}
