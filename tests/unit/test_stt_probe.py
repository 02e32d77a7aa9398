"""Whether a stream would last again: tried in the background, at growing pauses."""

from collections.abc import Iterator

import pytest

from actors.messages import OpenStream, StreamingHealthy
from actors.stt_probe import FIRST_PAUSE_S, LASTS_S, MAX_PAUSE_S, SILENCE
from media.frame import FRAME_BYTES, SILENCE_BYTE
from speech import ports
from tests.support.context import logged, staged
from tests.support.engines import word
from tests.support.stt import SingleRig

pytestmark = pytest.mark.unit

REFUSED = "UNAVAILABLE"


@pytest.fixture
def rig() -> Iterator[SingleRig]:
    with staged(SingleRig) as stage:
        yield stage


def tries_at(rig: SingleRig, seconds: float) -> list[float]:
    """Let time pass; say when streams were tried, in seconds from the start."""
    began_at, times = rig.clock.now(), list[float]()
    while rig.clock.now() - began_at < seconds:
        before = len(rig.recognizer.streams)
        rig.advance(0.1)
        if len(rig.recognizer.streams) > before:
            times.append(round(rig.clock.now() - began_at, 1))
    return times


def healthy(rig: SingleRig) -> int:
    return len(rig.call.of(StreamingHealthy))


def test_the_first_try_comes_after_two_seconds(rig: SingleRig) -> None:
    rig.start()
    rig.advance(FIRST_PAUSE_S - 0.001)
    assert rig.recognizer.streams == []
    rig.advance(0.002)
    assert len(rig.recognizer.streams) == 1


def test_a_stream_that_lasts_is_healthy_and_the_call_is_told_once(rig: SingleRig) -> None:
    rig.start()
    rig.advance(FIRST_PAUSE_S + LASTS_S - 0.001)
    assert healthy(rig) == 0
    rig.advance(0.002)
    assert healthy(rig) == 1
    assert rig.stream.cancelled
    rig.advance(120)
    assert healthy(rig) == 1
    assert len(rig.recognizer.streams) == 1


def test_a_stream_under_trial_hears_a_little_silence_and_nothing_of_the_caller(
    rig: SingleRig,
) -> None:
    rig.start()
    rig.advance(FIRST_PAUSE_S)
    rig.hear(1, frames=100)
    assert rig.stream.written == SILENCE == bytes([SILENCE_BYTE]) * 10 * FRAME_BYTES


def test_what_a_stream_under_trial_says_is_not_heard(rig: SingleRig) -> None:
    rig.start()
    rig.advance(FIRST_PAUSE_S)
    rig.says(ports.Partial("ghost"), ports.Final("ghost", 20.0))
    assert rig.partials == []
    assert rig.finals == []


def test_refused_streams_are_tried_again_at_pauses_that_double_up_to_a_minute(
    rig: SingleRig,
) -> None:
    rig.opens(*[REFUSED] * 20)
    rig.start()
    times = tries_at(rig, 310)
    pauses = [later - earlier for earlier, later in zip([0, *times], times, strict=False)]
    assert pauses == pytest.approx([2, 4, 8, 16, 32, 60, 60, 60, 60], abs=0.2)
    assert MAX_PAUSE_S == 60.0
    assert healthy(rig) == 0
    assert rig.failures == []


def test_a_stream_that_does_not_open_is_given_up_and_tried_again(rig: SingleRig) -> None:
    rig.opens(False, True)
    rig.start()
    rig.advance(FIRST_PAUSE_S + 0.799)
    assert not rig.stream.cancelled
    rig.advance(0.002)
    assert rig.stream.cancelled
    rig.advance(2 * FIRST_PAUSE_S + LASTS_S)
    assert len(rig.recognizer.streams) == 2
    assert healthy(rig) == 1


@pytest.mark.parametrize("after_s", [0.01, 0.3, LASTS_S - 0.01])
def test_a_stream_that_opens_and_is_refused_with_its_first_audio_is_not_healthy(
    rig: SingleRig, after_s: float
) -> None:
    rig.start()
    rig.advance(FIRST_PAUSE_S + after_s)
    rig.says(ports.StreamEnded(REFUSED))
    rig.advance(2)
    assert healthy(rig) == 0
    rig.advance(2 * FIRST_PAUSE_S)
    assert len(rig.recognizer.streams) == 2
    assert healthy(rig) == 1


def test_a_stream_that_opens_late_still_has_to_last(rig: SingleRig) -> None:
    rig.opens(False)
    rig.start()
    rig.advance(FIRST_PAUSE_S + 0.7)
    rig.says(ports.StreamOpened())
    rig.advance(LASTS_S - 0.01)
    assert healthy(rig) == 0
    rig.advance(0.02)
    assert healthy(rig) == 1


def test_an_old_try_says_nothing_about_the_next(rig: SingleRig) -> None:
    rig.opens(REFUSED, False)
    rig.start()
    rig.advance(FIRST_PAUSE_S)
    old = rig.stream
    rig.advance(2 * FIRST_PAUSE_S + 0.1)
    old.cancelled = False
    old.say(ports.StreamOpened())
    old.say(ports.StreamEnded("OK"))
    rig.settle()
    assert len(rig.recognizer.streams) == 2
    assert not rig.stream.cancelled
    assert rig.stream.written == b""


def test_the_pauses_go_on_growing_over_a_crash(rig: SingleRig) -> None:
    rig.opens(*[REFUSED] * 20)
    rig.start()
    rig.advance(7)
    rig.crash()
    rig.start()
    assert tries_at(rig, 20) == pytest.approx([16.0], abs=0.11)


def test_where_streaming_is_switched_off_nothing_is_tried(rig: SingleRig) -> None:
    rig.set(use_streaming_stt=False)
    rig.start()
    rig.advance(300)
    assert rig.recognizer.streams == []


def test_a_stop_drops_the_try_under_way(rig: SingleRig) -> None:
    rig.start()
    rig.advance(FIRST_PAUSE_S + 0.1)
    rig.stop()
    assert rig.stream.cancelled
    assert rig.clock.pending == 0


# --- the way back ---------------------------------------------------------------------


def test_told_to_stream_again_it_replays_what_no_request_has_answered(rig: SingleRig) -> None:
    hand = rig.by_hand_requests()
    rig.start()
    rig.speak(1)
    hand.answer(0, ports.Recognized("w1"))
    rig.hear(2, frames=40)
    rig.quiet(30)
    rig.mailbox.post(OpenStream(single=False))
    rig.settle()
    assert hand.under_way[1].cancelled
    assert rig.stream.written[5 * FRAME_BYTES :] == b"".join(word(2, 40)) + bytes(
        [SILENCE_BYTE] * 30 * FRAME_BYTES
    )
    assert rig.finals == ["w1", "w2"]
    hand.requests[1][1](ports.Recognized("ghost"))
    with logged():
        rig.advance(60)
    assert rig.finals == ["w1", "w2"]
    assert len(hand.requests) == 2
    assert len(rig.recognizer.streams) == 1
    assert rig.context.stats.stt_mode == "streaming"
