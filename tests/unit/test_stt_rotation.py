"""Streams that grow old are changed by plan: in a silence, or at the latest before the limit."""

from collections.abc import Iterator

import pytest

from actors.messages import FinalTranscript, PartialTranscript
from actors.stt_state import SttState
from actors.stt_stream import QUIET_TO_ROTATE_FRAMES
from media.frame import FRAME_BYTES, SILENCE_FRAME
from media.ring import AudioRing
from speech import ports
from tests.support.context import logged, staged
from tests.support.engines import word
from tests.support.stt import SttRig

pytestmark = pytest.mark.unit


@pytest.fixture
def rig() -> Iterator[SttRig]:
    with staged(SttRig) as stage:
        yield stage


AFTER_S, LATEST_S = 5, 8


@pytest.fixture
def aging(rig: SttRig) -> SttRig:
    """A rig whose streams grow old soon."""
    # A batch is one frame: whether a stream is old is looked at with each batch.
    rig.set(stt_rotate_after_s=AFTER_S, stt_rotate_latest_s=LATEST_S, stt_batch_ms=20)
    rig.by_hand()
    rig.recognizer.max_stream_s = 10.0
    rig.state = SttState(AudioRing(100))  # a replay is no age worth mentioning
    return rig


def test_an_old_stream_is_changed_in_half_a_second_of_quiet(aging: SttRig) -> None:
    aging.start()
    aging.live(AFTER_S + 0.1, number=1)
    aging.says(ports.Final("x", (AFTER_S + 0.1) * 1000))
    aging.live(0.48)
    assert len(aging.recognizer.streams) == 1
    with logged() as lines:
        aging.live(0.04)
    assert QUIET_TO_ROTATE_FRAMES == 25
    assert len(aging.recognizer.streams) == 2
    assert aging.recognizer.streams[0].cancelled
    assert lines == ["🔁 [STT] Stream rotated after 6 s", "🟢 STT_SESSION: ready"]
    assert "stt_rotations_total 1.0" in aging.context.metrics.render().decode()
    assert aging.failures == []
    assert aging.clock.pending == 0


def test_a_young_stream_is_not_changed_however_quiet_it_is(aging: SttRig) -> None:
    aging.start()
    aging.live(AFTER_S - 0.04)
    assert len(aging.recognizer.streams) == 1
    aging.live(0.1)
    assert len(aging.recognizer.streams) == 2


def test_speech_puts_it_off_until_it_can_wait_no_longer(aging: SttRig) -> None:
    aging.start()
    aging.live(LATEST_S - 0.04, number=1)
    assert len(aging.recognizer.streams) == 1
    aging.live(0.1, number=1)
    assert len(aging.recognizer.streams) == 2
    assert len(aging.stream.written) >= 100 * FRAME_BYTES


def test_an_engine_without_a_limit_is_never_changed(aging: SttRig) -> None:
    aging.recognizer.max_stream_s = None
    aging.start()
    aging.live(3 * LATEST_S)
    assert len(aging.recognizer.streams) == 1


def test_the_new_stream_hears_what_the_old_one_has_not_finished_and_what_comes(
    aging: SttRig,
) -> None:
    aging.start()
    aging.live(LATEST_S - 0.5, number=9)
    aging.says(ports.Final("x", (LATEST_S - 0.5) * 1000 - 200))
    first = aging.stream
    aging.recognizer.behave(False)
    aging.live(0.6, number=1)
    first.say(ports.Partial("one"))
    aging.settle()
    aging.live(0.3, number=2)
    assert len(aging.recognizer.streams) == 2
    assert aging.stream.written == b""
    assert not first.cancelled
    aging.says(ports.StreamOpened())
    assert first.cancelled
    aging.live(0.06, number=3)
    replayed = word(9, 10) + word(1, 30) + word(2, 15) + word(3, 3)
    assert aging.stream.written == b"".join(replayed)
    first.cancelled = False
    first.say(ports.Final("ghost", 0.0))
    aging.says(ports.Final("one two", 1100.0))
    assert aging.finals == ["x", "one two"]
    assert aging.state.ring.end - aging.state.ring.start == 3


def test_until_the_new_stream_is_open_the_old_one_is_heard(aging: SttRig) -> None:
    aging.start()
    first = aging.stream
    aging.recognizer.behave(False)
    aging.live(AFTER_S + 0.1)
    assert len(aging.recognizer.streams) == 2
    first.say(ports.Partial("a"))
    first.say(ports.Final("a", AFTER_S * 1000.0))
    aging.settle()
    assert aging.finals == ["a"]
    aging.says(ports.StreamOpened())
    assert aging.stream.written == SILENCE_FRAME * 5
    assert aging.state.ring.start == AFTER_S * 50


@pytest.mark.parametrize("behaviour", [False, "UNAVAILABLE", "OK", "PERMISSION_DENIED"])
def test_a_new_stream_that_does_not_open_is_tried_again_every_second_at_no_cost(
    aging: SttRig, *, behaviour: bool | str
) -> None:
    aging.start()
    first = aging.stream
    aging.recognizer.behave(*[behaviour] * 3)
    aging.live(AFTER_S + 0.1)
    assert len(aging.recognizer.streams) == 2
    aging.live(0.85)
    assert len(aging.recognizer.streams) == 2
    aging.live(2.1)
    assert len(aging.recognizer.streams) == 4
    assert not first.cancelled
    aging.live(1)
    assert len(aging.recognizer.streams) == 5
    assert first.cancelled
    assert [stream.cancelled for stream in aging.recognizer.streams[1:-1]] == [True] * 3
    assert not aging.stream.cancelled
    assert aging.failures == []


def test_an_old_stream_that_ends_while_the_new_one_opens_is_followed_by_one_stream(
    aging: SttRig,
) -> None:
    aging.start()
    first = aging.stream
    aging.recognizer.behave(False)
    aging.live(AFTER_S + 0.1)
    first.say(ports.StreamEnded("OUT_OF_RANGE"))
    aging.live(1)
    assert [stream.cancelled for stream in aging.recognizer.streams] == [True, True, False]
    assert aging.failures == []


def test_an_old_stream_that_fails_while_the_new_one_opens_leaves_none_open(
    aging: SttRig,
) -> None:
    aging.start()
    first = aging.stream
    aging.recognizer.behave(False)
    aging.live(AFTER_S + 0.1)
    with logged():
        first.fail()
        aging.settle()
    assert [stream.cancelled for stream in aging.recognizer.streams] == [True, True]
    assert aging.clock.pending == 0


def test_a_stop_drops_the_stream_to_come_as_well(aging: SttRig) -> None:
    aging.start()
    aging.recognizer.behave(False)
    aging.live(AFTER_S + 0.1)
    aging.stop()
    assert [stream.cancelled for stream in aging.recognizer.streams] == [True, True]
    assert aging.clock.pending == 0


def test_what_was_finished_early_before_a_rotation_is_not_revised_by_what_comes_after(
    aging: SttRig,
) -> None:
    aging.recognizer.early_finals = True
    aging.start()
    aging.live(AFTER_S, number=1)
    aging.says(ports.Partial("two", 0.9, AFTER_S * 1000.0))
    aging.live(0.52)
    assert len(aging.recognizer.streams) == 1, "its real final may add something"
    aging.live(LATEST_S - AFTER_S)
    assert len(aging.recognizer.streams) == 2
    aging.says(ports.Partial("three"), ports.Final("three", 100.0))
    numbered = [
        (message.utterance, message.text)
        for message in aging.agent.of(PartialTranscript, FinalTranscript)
    ]
    assert numbered == [(1, "two"), (1, "two"), (2, "three"), (2, "three")]


def test_the_next_rotation_counts_from_the_last(aging: SttRig) -> None:
    aging.state = SttState(AudioRing(10))
    aging.start()
    aging.live(4 * AFTER_S + 0.1)
    assert len(aging.recognizer.streams) == 1 + 4


def test_a_replay_that_is_as_long_as_a_stream_may_last_does_not_make_it_change_at_once(
    aging: SttRig,
) -> None:
    aging.state = SttState(AudioRing(750))
    aging.start()
    aging.live(4 * AFTER_S + 0.1)
    assert len(aging.recognizer.streams) == 1 + 4
