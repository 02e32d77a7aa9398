"""The recognising actor by single requests: segment by segment, answered in order."""

from collections.abc import Iterator

import pytest

from actors.messages import FinalTranscript, InboundFrame, OpenStream
from actors.stt import SttActor
from actors.stt_single import REQUESTS_MAX
from actors.transcripts import SttState
from media.frame import FRAME_BYTES, SILENCE_FRAME
from media.ring import AudioRing
from speech import ports
from tests.support.context import Poison, Stage, logged, staged
from tests.support.engines import NumberedRecognizer, ScriptedStream, word
from tests.support.peers import RecordingPeer

pytestmark = pytest.mark.unit


class HandRecognizer(NumberedRecognizer):
    """Answers single requests only when the test makes it."""

    def __init__(self) -> None:
        super().__init__()
        self.answer_requests = False
        self.under_way: list[ScriptedStream] = []

    def recognize(self, audio: bytes, sink: ports.RecognizeSink) -> ScriptedStream:
        self.under_way.append(super().recognize(audio, sink))
        return self.under_way[-1]

    def answer(self, index: int, answer: ports.Recognized | ports.RecognizeFailed) -> None:
        if not self.under_way[index].cancelled:
            self.requests[index][1](answer)


class SingleRig(Stage):
    """A call of which only STT is real."""

    def __init__(self) -> None:
        super().__init__()
        self.agent = RecordingPeer()
        self.recognizer: NumberedRecognizer = NumberedRecognizer()
        self.mailbox = self.new_mailbox("stt", 2000)
        self.state = SttState(AudioRing(750))

    def by_hand(self) -> HandRecognizer:
        recognizer = HandRecognizer()
        self.recognizer = recognizer
        return recognizer

    def start(self) -> None:
        peers = (self.mailbox, self.supervisor, self.state, self.recognizer, self.agent, self.call)
        ref = SttActor.start(self.context, *peers)
        self.mailbox.post(OpenStream(single=True))
        self.started(ref)

    def speak(self, *words: int) -> None:
        """Speak words of 0.8 s with 0.6 s of quiet behind each."""
        for number in words:
            self.post(word(number, 40), voiced=True)
            self.post([SILENCE_FRAME] * 30, voiced=False)
        self.settle()

    def post(self, payloads: list[bytes], *, voiced: bool) -> None:
        for payload in payloads:
            self.mailbox.post(InboundFrame(payload, 0, voiced=voiced, arrived_at=0.0))

    @property
    def finals(self) -> list[str]:
        return [final.text for final in self.agent.of(FinalTranscript)]


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
    hand = rig.by_hand()
    rig.start()
    rig.speak(1)
    assert rig.state.ring.start == 0
    hand.answer(0, ports.Recognized("w1"))
    rig.settle()
    assert (rig.state.ring.start, rig.state.ring.end) == (65, 70)


def test_answers_that_come_in_any_order_leave_in_the_order_of_speech(rig: SingleRig) -> None:
    hand = rig.by_hand()
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


def test_a_failed_request_is_an_empty_final(rig: SingleRig) -> None:
    hand = rig.by_hand()
    rig.start()
    rig.speak(1)
    with logged() as lines:
        hand.answer(0, ports.RecognizeFailed("UNAVAILABLE", "no route"))
        rig.settle()
    assert rig.finals == [""]
    assert "⚠️ [STT] Single request failed: UNAVAILABLE no route" in lines


def test_a_request_that_takes_too_long_is_cancelled_and_is_an_empty_final(rig: SingleRig) -> None:
    hand = rig.by_hand()
    rig.start()
    rig.speak(1)
    rig.advance(9.9)
    assert rig.finals == []
    rig.advance(0.2)
    assert rig.finals == [""]
    assert hand.under_way[0].cancelled
    rig.speak(2)
    hand.answer(1, ports.Recognized("w2"))
    rig.settle()
    assert rig.finals == ["", "w2"]


def test_a_timed_out_request_in_front_lets_the_answered_ones_go(rig: SingleRig) -> None:
    hand = rig.by_hand()
    rig.start()
    rig.speak(1, 2)
    hand.answer(1, ports.Recognized("two"))
    rig.advance(10.1)
    assert rig.finals == ["", "two"]


def test_no_more_than_the_bound_are_under_way_and_what_is_skipped_is_counted(
    rig: SingleRig,
) -> None:
    hand = rig.by_hand()
    rig.start()
    with logged() as lines:
        rig.speak(*range(1, REQUESTS_MAX + 3))
    assert len(hand.requests) == REQUESTS_MAX == 4
    actor = rig.mailbox._owner
    assert isinstance(actor, SttActor)
    assert actor._single is not None
    assert actor._single.skipped_segments == 2
    assert lines.count("⚠️ [STT] Segment skipped: 4 are waiting") == 2
    hand.answer(0, ports.Recognized("one"))
    rig.speak(9)
    assert len(hand.requests) == REQUESTS_MAX + 1


def test_a_segment_holds_the_speech_and_its_bounds_come_from_the_settings(rig: SingleRig) -> None:
    hand = rig.by_hand()
    rig.set(single_quiet_ms=200, single_min_speech_ms=200)
    rig.start()
    rig.post(word(1, 9), voiced=True)
    rig.speak(2)
    (audio,) = [audio for audio, _sink in hand.requests]
    assert len(audio) == (9 + 40 + 10) * FRAME_BYTES


def test_a_cough_is_no_segment(rig: SingleRig) -> None:
    rig.start()
    rig.post(word(1, 10), voiced=True)
    rig.post([SILENCE_FRAME] * 40, voiced=False)
    rig.settle()
    assert rig.recognizer.requests == []


def test_a_stop_cancels_every_request(rig: SingleRig) -> None:
    hand = rig.by_hand()
    rig.start()
    rig.speak(1, 2)
    rig.stop()
    assert [asked.cancelled for asked in hand.under_way] == [True, True]
    assert rig.clock.pending == 0


def test_a_successor_asks_again_about_what_was_not_answered_and_only_about_that(
    rig: SingleRig,
) -> None:
    hand = rig.by_hand()
    rig.start()
    rig.speak(1, 2)
    hand.answer(0, ports.Recognized("one"))
    rig.settle()
    with logged():
        rig.mailbox.post(Poison())
        rig.settle()
    rig.start()
    assert len(hand.requests) == 3
    assert set(hand.requests[2][0]) <= {2, SILENCE_FRAME[0]}
    hand.requests[1][1](ports.Recognized("ghost"))
    hand.answer(2, ports.Recognized("two"))
    rig.settle()
    assert rig.finals == ["one", "two"]
