"""The recognising actor, streaming: nothing heard is lost, nothing delivered is said twice."""

from collections.abc import Iterator
from typing import Any

import pytest

from actors.messages import (
    FinalTranscript,
    InboundFrame,
    PartialTranscript,
    SttProgress,
)
from actors.stt import SttActor
from actors.stt_feed import WRITE_MAX_FRAMES, StreamHeard
from actors.stt_state import SttState
from actors.stt_stream import AttemptTimedOut
from media.frame import FRAME_BYTES
from media.ring import AudioRing
from speech import ports
from speech.failure import Failure
from tests.support.context import Poison, logged, staged
from tests.support.engines import ScriptedStream, word
from tests.support.stt import SttRig

pytestmark = pytest.mark.unit


@pytest.fixture
def rig() -> Iterator[SttRig]:
    with staged(SttRig) as stage:
        yield stage


def note_writes(stream: ScriptedStream) -> list[int]:
    """Write down the bytes of every write from now on."""
    writes: list[int] = []
    inner = stream.write

    def write(audio: bytes) -> None:
        writes.append(len(audio))
        inner(audio)

    stream.write = write  # type: ignore[method-assign]  # spies on it
    return writes


# --- opening and writing --------------------------------------------------------------


def test_a_stream_is_ready_when_it_says_so_and_the_call_hears_of_it(rig: SttRig) -> None:
    with logged() as lines:
        rig.start()
    assert lines == ["🟢 STT_SESSION: init requested", "🟢 STT_SESSION: ready"]
    assert rig.clock.pending == 0


def test_frames_that_come_before_ready_are_all_replayed_in_bounded_writes(rig: SttRig) -> None:
    rig.opens(False)
    rig.start()
    rig.hear(1, 2, frames=100)
    assert rig.state.ring.end == 200
    assert rig.stream.written == b""
    writes = note_writes(rig.stream)
    rig.stream.say(ports.StreamOpened())
    rig.settle()
    assert rig.stream.written == b"".join(word(1, 100) + word(2, 100))
    assert writes == [80 * FRAME_BYTES, 80 * FRAME_BYTES, 40 * FRAME_BYTES]
    assert max(writes) == WRITE_MAX_FRAMES * FRAME_BYTES == 12_800


def test_live_audio_is_written_in_batches_of_sixty_ms(rig: SttRig) -> None:
    rig.start()
    writes = note_writes(rig.stream)
    for count in range(1, 13):
        rig.hear(1, frames=1)
        assert len(rig.stream.written) // FRAME_BYTES == count // 3 * 3
    assert writes == [3 * FRAME_BYTES] * 4


def test_the_size_of_a_batch_is_a_setting(rig: SttRig) -> None:
    rig.set(stt_batch_ms=40)
    rig.start()
    writes = note_writes(rig.stream)
    for _ in range(4):
        rig.hear(1, frames=1)
    assert writes == [2 * FRAME_BYTES] * 2


# --- transcripts ----------------------------------------------------------------------


def test_partials_and_finals_reach_the_agent_with_the_number_of_their_utterance(
    rig: SttRig,
) -> None:
    rig.start()
    rig.hear(1, 2, 3)
    numbered = [
        (message.utterance, message.text)
        for message in rig.agent.of(PartialTranscript, FinalTranscript)
    ]
    assert numbered == [(1, "w1?"), (1, "w1"), (2, "w2?"), (2, "w2"), (3, "w3?")]
    assert len(rig.call.of(SttProgress)) == 5


def test_partials_are_debounced_and_the_latest_wins(rig: SttRig) -> None:
    rig.start()
    for text in ("a", "a b", "a b c"):
        rig.stream.say(ports.Partial(text))
        rig.settle()
    rig.advance(0.2)
    assert [partial.text for partial in rig.agent.messages] == ["a", "a b c"]


def test_a_final_cuts_the_ring_at_the_frame_where_its_utterance_ended(rig: SttRig) -> None:
    rig.start()
    rig.hear(1, frames=30)
    rig.stream.say(ports.Final("x", end_ms=410.0))
    rig.settle()
    assert (rig.state.ring.start, rig.state.ring.end) == (20, 30)


def test_end_times_of_a_later_stream_count_from_its_own_first_byte(rig: SttRig) -> None:
    rig.start()
    rig.hear(1, frames=30)
    rig.stream.say(ports.Final("x", end_ms=400.0))
    rig.settle()
    rig.stream.fail()
    rig.settle()
    rig.start()
    assert len(rig.stream.written) == 10 * FRAME_BYTES
    rig.stream.say(ports.Final("y", end_ms=100.0))
    rig.settle()
    assert rig.state.ring.start == 25


def test_end_times_count_from_what_was_written_when_the_ring_ran_over_before_ready(
    rig: SttRig,
) -> None:
    rig.state = SttState(AudioRing(50))
    rig.opens(False)
    rig.start()
    rig.hear(1, frames=70)
    rig.stream.say(ports.StreamOpened())
    rig.settle()
    assert len(rig.stream.written) == 50 * FRAME_BYTES
    before = rig.state.ring.start
    rig.stream.say(ports.Final("x", end_ms=200.0))
    rig.settle()
    assert rig.state.ring.start == before + 10


# --- failure --------------------------------------------------------------------------


FAILING = {
    "UNAVAILABLE": Failure.TRANSIENT,
    "CANCELLED": Failure.TRANSIENT,
    "RESOURCE_EXHAUSTED": Failure.TRANSIENT,
    "PERMISSION_DENIED": Failure.FATAL,
    "INVALID_ARGUMENT": Failure.FATAL,
}


@pytest.mark.parametrize(("status", "failure"), FAILING.items())
def test_a_stream_that_ends_while_the_call_lives_fails_the_actor(
    rig: SttRig, status: str, failure: Failure
) -> None:
    rig.start()
    with logged():
        rig.stream.fail(status)
        rig.settle()
    assert rig.failure.status == status
    assert rig.failure.failure is failure
    assert str(rig.failure) == f"{status}: scripted"


def test_every_ending_is_counted_by_its_status(rig: SttRig) -> None:
    rig.start()
    with logged():
        rig.says(ports.StreamEnded("OK"))
        rig.says(ports.StreamEnded("UNAVAILABLE"))
    rendered = rig.context.metrics.render().decode()
    assert 'stt_ended_total{status="OK"} 1.0' in rendered
    assert 'stt_ended_total{status="UNAVAILABLE"} 1.0' in rendered


def test_a_refusal_fails_the_actor(rig: SttRig) -> None:
    rig.opens("PERMISSION_DENIED")
    with logged():
        rig.start()
    assert rig.failure.status == "PERMISSION_DENIED"


def test_a_stream_that_does_not_open_in_time_is_cancelled_and_fails(rig: SttRig) -> None:
    rig.opens(False)
    rig.start()
    rig.advance(0.799)
    assert rig.failures == []
    with logged():
        rig.advance(0.002)
    assert rig.failure.status == "DEADLINE_EXCEEDED"
    assert rig.stream.cancelled


def test_a_stream_that_opened_late_but_in_time_is_not_given_up(rig: SttRig) -> None:
    rig.opens(False)
    rig.start()
    rig.advance(0.799)
    rig.stream.say(ports.StreamOpened())
    rig.advance(2)
    assert rig.failures == []


def test_a_time_out_that_was_under_way_when_the_stream_opened_is_nothing(rig: SttRig) -> None:
    rig.opens(False)
    rig.start()
    rig.stream.say(ports.StreamOpened())
    rig.clock._now += 0.9
    rig.clock._settle = lambda: None
    rig.clock.advance(0)
    rig.settle()
    assert rig.failures == []


def test_a_stop_cancels_the_stream(rig: SttRig) -> None:
    rig.start()
    rig.stop()
    assert rig.stream.cancelled


def test_a_crash_cancels_the_stream_and_its_timers(rig: SttRig) -> None:
    rig.opens(False)
    rig.start()
    rig.crash()
    assert rig.stream.cancelled
    assert rig.clock.pending == 0


# --- successors -----------------------------------------------------------------------


def test_a_successor_hears_first_what_no_final_has_covered(rig: SttRig) -> None:
    rig.start()
    rig.hear(1, 2)
    assert rig.finals == ["w1"]
    rig.crash()
    rig.post(2, 3)
    rig.start()
    assert len(rig.failures) == 1
    rig.hear(4)
    assert rig.finals == ["w1", "w2", "w3"]


def test_what_an_old_stream_says_late_is_ignored(rig: SttRig) -> None:
    rig.start()
    rig.hear(1)
    old = rig.stream
    rig.crash()
    old.cancelled = False
    old.say(ports.Final("ghost", end_ms=300.0))
    rig.start()
    old.say(ports.Final("ghost", end_ms=300.0))
    old.say(ports.StreamEnded("UNAVAILABLE"))
    rig.settle()
    assert rig.finals == []
    assert len(rig.failures) == 1
    rig.hear(2)
    assert rig.finals == ["w1"]


def test_an_event_of_another_stream_than_the_one_in_use_is_ignored(rig: SttRig) -> None:
    rig.start()
    for event in (ports.Final("ghost", 0.0), ports.StreamEnded("OK")):
        rig.mailbox.post(StreamHeard(99, event))
    rig.mailbox.post(AttemptTimedOut(99))
    rig.settle()
    assert rig.finals == []
    assert rig.failures == []


def test_a_dead_incarnation_puts_nothing_into_the_mailbox_any_more(rig: SttRig) -> None:
    rig.start()
    old = rig.stream
    rig.crash()
    held = rig.mailbox.held_control
    old.sink(ports.Final("ghost", 0.0))
    assert rig.mailbox.held_control == held


def test_a_final_that_waits_while_the_actor_crashes_is_said_once(rig: SttRig) -> None:
    rig.start()
    rig.hear(1)
    rig.mailbox.post(Poison())
    rig.stream.say(ports.Final("w1", end_ms=300.0))
    with logged():
        rig.settle()
    assert len(rig.failures) == 1
    assert rig.finals == []
    rig.start()
    rig.hear(2, 3)
    assert rig.finals == ["w1", "w2"]


def test_a_final_that_was_dealt_with_before_the_crash_is_not_said_again(rig: SttRig) -> None:
    rig.start()
    rig.post(1)
    rig.hear(2, frames=3)
    rig.mailbox.post(Poison())
    with logged():
        rig.settle()
    rig.start()
    rig.hear(2, 3)
    assert rig.finals == ["w1", "w2"]


@pytest.mark.parametrize("crash_after", range(1, 60, 7))
def test_wherever_the_actor_crashes_the_words_are_those_without_a_crash(
    rig: SttRig, crash_after: int
) -> None:
    rig.start()
    frames = [payload for number in (1, 2, 3, 4) for payload in word(number)]
    for index, payload in enumerate(frames):
        rig.mailbox.post(InboundFrame(payload, 0, voiced=True, arrived_at=0.0))
        if index == crash_after:
            rig.crash()
        if index == crash_after + 10:
            rig.start()
        rig.settle()
    assert len(rig.failures) == 1
    if crash_after + 10 >= len(frames):
        rig.start()
    rig.hear(5)
    assert rig.finals == ["w1", "w2", "w3", "w4"]
    assert [final.utterance for final in rig.agent.of(FinalTranscript)] == [1, 2, 3, 4]


def test_the_frame_in_hand_of_a_crash_is_the_only_one_the_ledger_charges(rig: SttRig) -> None:
    rig.start()

    def broken(audio: bytes) -> None:
        raise OSError("gone")

    rig.stream.write = broken  # type: ignore[method-assign]  # what no engine should do
    with logged():
        rig.hear(1)
    ledger = rig.mailbox.ledger
    assert ledger.crashed == 1
    assert ledger.missing(rig.mailbox.held_frames) == 0
    assert rig.state.ring.end == ledger.delivered + ledger.crashed


def test_an_unknown_session_result_before_opening_is_nothing(rig: SttRig) -> None:
    ref: Any = SttActor.start(
        rig.context, rig.mailbox, rig.supervisor, rig.state, rig.recognizer, rig.agent, rig.call
    )
    rig.started(ref)
    rig.hear(1)
    rig.settle()
    assert rig.failures == []
    assert rig.state.ring.end == 15
