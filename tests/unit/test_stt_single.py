"""The recognising actor by single requests: segment by segment, answered in order."""

from collections.abc import Iterator

import pytest

from actors.messages import FinalTranscript, SingleFailed
from actors.stt_single import REQUESTS_MAX, RETRY_AFTER_S
from media.frame import FRAME_BYTES, SILENCE_FRAME
from speech import ports
from tests.support.context import logged, staged
from tests.support.engines import word
from tests.support.stt import SingleRig

pytestmark = pytest.mark.unit


@pytest.fixture
def rig() -> Iterator[SingleRig]:
    with staged(SingleRig) as stage:
        yield stage


def test_every_segment_is_asked_about_and_answered_by_a_final(rig: SingleRig) -> None:
    rig.start()
    rig.speak(1, 2)
    assert rig.finals == ["w1", "w2"]
    assert rig.context.stats.stt_mode == "single"
    assert rig.recognizer.streams == []


def test_a_session_starts_with_what_the_ring_holds(rig: SingleRig) -> None:
    for payload in [*word(1, 40), *[SILENCE_FRAME] * 30]:
        rig.state.ring.append(payload, voiced=payload != SILENCE_FRAME)
    rig.start()
    assert rig.finals == ["w1"]


def test_a_session_starts_behind_what_was_cut_and_cuts_by_the_same_count(rig: SingleRig) -> None:
    for payload in word(9, 100):
        rig.state.ring.append(payload, voiced=True)
    rig.state.ring.cut(100)
    rig.start()
    rig.speak(1)
    assert rig.finals == ["w1"]
    assert rig.state.ring.start == 100 + 40 + 25


def test_an_answer_lets_go_of_the_audio_it_covers_and_no_more(rig: SingleRig) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1)
    assert rig.state.ring.start == 0
    hand.answer(0, ports.Recognized("w1"))
    rig.settle()
    assert (rig.state.ring.start, rig.state.ring.end) == (65, 70)


def test_answers_that_come_in_any_order_leave_in_the_order_of_speech(rig: SingleRig) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1, 2, 3)
    hand.answer(2, ports.Recognized("three"))
    hand.answer(1, ports.Recognized("two"))
    rig.settle()
    assert rig.finals == []
    hand.answer(0, ports.Recognized("one"))
    rig.settle()
    assert rig.finals == ["one", "two", "three"]
    assert [final.utterance for final in rig.agent.of(FinalTranscript)] == [1, 2, 3]


def test_a_sound_too_short_to_ask_about_is_counted(rig: SingleRig) -> None:
    rig.start()
    rig.hear(1, frames=10)
    rig.quiet(30)
    rig.speak(2)
    assert rig.finals == ["w2"]
    assert rig.context.stats.segments_discarded == 1


UNAVAILABLE = ports.RecognizeFailed("UNAVAILABLE", "no route")


def test_a_failed_request_is_made_again_and_its_words_are_not_lost(rig: SingleRig) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1)
    with logged() as lines:
        hand.answer(0, UNAVAILABLE)
        rig.settle()
    assert lines == ["⚠️ [STT] Single request failed: UNAVAILABLE no route"]
    assert rig.finals == []
    assert rig.state.ring.start == 0
    rig.advance(1.0)
    assert hand.requests[1][0] == hand.requests[0][0]
    hand.answer(1, ports.Recognized("w1"))
    rig.settle()
    assert rig.finals == ["w1"]
    assert rig.state.ring.start == 65


def test_a_request_is_made_again_after_one_two_and_four_seconds_and_then_given_up(
    rig: SingleRig,
) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1)
    with logged():
        for made, pause_s in enumerate(RETRY_AFTER_S, start=1):
            hand.answer(-1, UNAVAILABLE)
            rig.settle()
            rig.advance(pause_s - 0.001)
            assert len(hand.requests) == made
            rig.advance(0.002)
            assert len(hand.requests) == made + 1
        assert RETRY_AFTER_S == (1.0, 2.0, 4.0)
        assert rig.finals == []
        hand.answer(-1, UNAVAILABLE)
        rig.settle()
    assert rig.finals == [""]
    assert rig.state.ring.start == 65
    rig.advance(60)
    assert len(hand.requests) == 4


@pytest.mark.parametrize(
    ("failed", "fatal"), [("UNAVAILABLE", False), ("PERMISSION_DENIED", True), ("INTERNAL", False)]
)
def test_the_call_is_told_of_every_failure_and_whether_another_try_can_help(
    rig: SingleRig, failed: str, *, fatal: bool
) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1)
    with logged():
        hand.answer(0, ports.RecognizeFailed(failed))
        rig.settle()
    assert rig.call.of(SingleFailed) == [SingleFailed(failed, fatal)]


def test_a_request_that_takes_too_long_is_cancelled_and_made_again(rig: SingleRig) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1)
    rig.advance(9.9)
    assert not hand.under_way[0].cancelled
    with logged():
        rig.advance(0.2)
    assert hand.under_way[0].cancelled
    assert rig.call.of(SingleFailed) == [SingleFailed("DEADLINE_EXCEEDED", fatal=False)]
    rig.advance(1.0)
    hand.answer(1, ports.Recognized("w1"))
    rig.settle()
    assert rig.finals == ["w1"]


def test_an_answer_to_an_attempt_that_was_given_up_is_not_heard(rig: SingleRig) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1)
    with logged():
        rig.advance(11.5)
    hand.requests[0][1](ports.Recognized("ghost"))
    rig.settle()
    assert rig.finals == []


def test_a_time_out_of_an_attempt_that_has_failed_already_is_nothing(rig: SingleRig) -> None:
    hand = rig.by_hand_requests()
    rig.set(single_timeout_s=1)
    rig.start()
    rig.speak(1)
    with logged():
        hand.answer(0, UNAVAILABLE)
        rig.settle()
        rig.advance(1.9)
    assert len(rig.call.of(SingleFailed)) == 1
    assert len(hand.requests) == 2


def test_a_failed_request_in_front_holds_the_answered_ones_back_until_it_is_settled(
    rig: SingleRig,
) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1, 2)
    hand.answer(1, ports.Recognized("two"))
    with logged():
        hand.answer(0, UNAVAILABLE)
        rig.advance(1.0)
    assert rig.finals == []
    hand.answer(2, ports.Recognized("one"))
    rig.settle()
    assert rig.finals == ["one", "two"]


def test_an_answered_request_that_waits_for_the_one_in_front_does_not_time_out(
    rig: SingleRig,
) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1, 2)
    hand.answer(1, ports.Recognized("two"))
    with logged():
        rig.advance(10.1)
    assert len(rig.call.of(SingleFailed)) == 1
    rig.advance(1.0)
    hand.answer(2, ports.Recognized("one"))
    rig.settle()
    assert rig.finals == ["one", "two"]


def test_no_more_than_the_bound_are_under_way_and_the_others_wait_in_the_ring(
    rig: SingleRig,
) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(*range(1, REQUESTS_MAX + 4))
    assert len(hand.requests) == REQUESTS_MAX == 4
    for asked in range(REQUESTS_MAX + 3):
        hand.answer(asked, ports.Recognized(f"w{asked + 1}"))
        rig.settle()
    assert rig.finals == [f"w{number}" for number in range(1, REQUESTS_MAX + 4)]
    assert rig.state.ring.end - rig.state.ring.start == 5


def test_what_the_ring_had_to_let_go_of_meanwhile_moves_no_later_cut(rig: SingleRig) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(*range(1, 16))
    assert rig.state.ring.overrun_frames > 0
    for asked in range(40):
        if asked < len(hand.requests):
            hand.answer(asked, ports.Recognized(str(asked)))
            rig.settle()
    assert rig.finals != []
    assert 0 <= rig.state.ring.end - rig.state.ring.start <= 5


def test_a_segment_holds_the_speech_and_its_bounds_come_from_the_settings(rig: SingleRig) -> None:
    hand = rig.by_hand_requests()
    rig.set(single_quiet_ms=200, single_min_speech_ms=200)
    rig.start()
    rig.post(1, frames=9)
    rig.speak(2)
    (audio,) = [audio for audio, _sink in hand.requests]
    assert len(audio) == (9 + 40 + 10) * FRAME_BYTES


def test_a_cough_is_no_segment(rig: SingleRig) -> None:
    rig.start()
    rig.hear(1, frames=10)
    rig.quiet(40)
    assert rig.recognizer.requests == []


def test_a_stop_cancels_every_request(rig: SingleRig) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1, 2)
    rig.stop()
    assert [asked.cancelled for asked in hand.under_way] == [True, True]
    assert rig.clock.pending == 0


def test_a_successor_asks_again_about_what_was_not_answered_and_only_about_that(
    rig: SingleRig,
) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1, 2)
    hand.answer(0, ports.Recognized("one"))
    rig.settle()
    rig.crash()
    rig.start()
    assert len(hand.requests) == 3
    assert set(hand.requests[2][0]) <= {2, SILENCE_FRAME[0]}
    hand.requests[1][1](ports.Recognized("ghost"))
    hand.answer(2, ports.Recognized("two"))
    rig.settle()
    assert rig.finals == ["one", "two"]


def test_every_segment_of_a_full_ring_is_asked_about(rig: SingleRig) -> None:
    for number in range(1, 8):
        for payload in [*word(number, 40), *[SILENCE_FRAME] * 30]:
            rig.state.ring.append(payload, voiced=payload != SILENCE_FRAME)
    rig.start()
    assert rig.finals == [f"w{number}" for number in range(1, 8)]
