"""Floods: more of everything than anybody sends. What a call holds stays within its bounds."""

import gc
import tracemalloc
from collections.abc import Callable

import pytest

from actors.messages import DigitPressed, InboundFrame, PartialTranscript, SttOpened
from dialogue import ports as brains
from media.frame import FRAME_BYTES, FRAME_S
from speech.ports import Partial
from tests.support.call import ManualCall
from tests.support.context import logged
from tests.support.engines import EchoBrain, EchoDialogue, word
from tests.support.faults import count, drops, ignore, kill, missing, swap, words

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., ManualCall]

TIMES_REAL_TIME = 10
CALL_BYTES_MAX = 1_500_000
"""What a call may hold: a ring of 15 s, mailboxes, a reply of 60 s, and what carries them."""


def _flood(call: ManualCall, seconds: float, watch: Callable[[], None]) -> None:
    """Send voice at ten times real time, every frame an object of its own."""
    for _ in range(round(seconds / FRAME_S)):
        for _frame in range(TIMES_REAL_TIME):
            number = call.media_ms // 20
            payload = (number % 100).to_bytes(1, "big") * FRAME_BYTES
            call.line.rx.post(
                InboundFrame(payload, call.media_ms, True, call.clock.now())
            )  # in the order of the fields
            call.media_ms += 20
        watch()
        call._beat()


def _assert_bounds(call: ManualCall) -> None:
    parts, limits = call.parts, call.settings
    assert parts.rx.held_frames <= limits.rx_mailbox_frames
    assert parts.stt.held_frames <= limits.stt_mailbox_frames
    assert parts.tx.held_frames <= limits.tx_mailbox_frames
    assert parts.stt_state.ring.end - parts.stt_state.ring.start <= limits.stt_ring_ms // 20
    for box in parts.mailboxes:
        assert box.held_control <= limits.control_mailbox_messages


def test_ten_times_real_time_for_a_minute_stays_within_bounds(place_call: PlaceCall) -> None:
    call = place_call()
    _flood(call, 60, lambda: _assert_bounds(call))
    assert call.parts.rx.ledger.entered == 30_000
    assert missing(call) == {}
    call.quiet(2)
    call.hear(word(119))
    call.quiet(1)
    assert words(call)[-1] == "w119"


def test_a_flood_while_the_recogniser_is_mute_fills_the_ring_and_no_more(
    place_call: PlaceCall,
) -> None:
    call = place_call()
    swap(call.recognizer.streams[0], "write", ignore)
    _flood(call, 10, lambda: _assert_bounds(call))
    call.wait(0.3)
    ring = call.parts.stt_state.ring
    assert ring.end - ring.start == 750
    assert ring.end == 5000
    assert ring.overrun_frames == 4250
    view = call.root.view("CA1")
    assert view is not None
    assert view["trouble"]["ring_overrun_frames"] == 4250


def test_a_flood_with_nobody_behind_it_drops_the_oldest_and_counts(place_call: PlaceCall) -> None:
    call = place_call()
    call.parts.stt.detach()
    _flood(call, 10, lambda: _assert_bounds(call))
    assert call.parts.rx.held_frames == call.settings.rx_mailbox_frames
    assert drops(call, "rx") == 5000 - 200 - 60 - (call.parts.rx_state.pending is not None)
    assert drops(call, "stt") == 0
    assert missing(call) == {}


def test_a_flood_with_restarts_of_everything_balances(place_call: PlaceCall) -> None:
    call = place_call(child_restarts=10, stt_restarts=20)
    for child in ("rx", "stt", "tx", "agent") * 4:
        _flood(call, 0.5, lambda: _assert_bounds(call))
        kill(call, child)
    assert missing(call) == {}
    assert drops(call, "stt") == 0


def test_a_flooded_call_holds_less_than_its_ceiling(place_call: PlaceCall) -> None:
    class Talker(EchoBrain):
        """Never stops talking."""

        def _outputs(self, event: brains.CallerEvent) -> list[brains.BrainOutput]:
            return [brains.Say("x" * 3000)] * 200

    warm = place_call(dialogue=EchoDialogue(Talker()))
    _flood(warm, 1, lambda: None)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        call = place_call(dialogue=EchoDialogue(Talker()))
        swap(call.socket, "send_media", ignore)  # the memory of the fake
        swap(call.recognizer.streams[0], "write", ignore)
        _flood(call, 20, call.synthesizer.jobs.clear)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert held < CALL_BYTES_MAX


# --- control ---------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [300, 600])
def test_a_flood_of_keys_ends_the_call_with_one_line(place_call: PlaceCall, keys: int) -> None:
    call = place_call()
    call.quiet(0.5)
    with logged() as lines:
        for _ in range(keys):
            call.line.agent.post(DigitPressed("5"))
        call.wait(0.1)
    full = [line for line in lines if line.startswith("❌ [CALL]")]
    assert full == ["❌ [CALL] Control lane of agent is full, the call ends"]
    assert call.socket.closed == "control_overflow"
    assert call.ended
    assert count(call, "control_overflows_total") == 1
    assert count(call, "calls_total", reason="control_overflow") == 1


def test_a_flood_of_what_the_call_itself_is_told_ends_it_with_one_line(
    place_call: PlaceCall,
) -> None:
    call = place_call()
    call.quiet(0.5)
    with logged() as lines:
        for _ in range(600):
            call.line.call.post(SttOpened())
        call.wait(0.1)
    full = [line for line in lines if line.startswith("❌ [CALL]")]
    assert full == ["❌ [CALL] Control lane of call is full, the call ends"]
    assert call.socket.closed == "control_overflow"
    assert call.ended
    assert count(call, "control_overflows_total") == 1


def test_a_hundred_keys_at_once_do_not_end_the_call(place_call: PlaceCall) -> None:
    call = place_call()
    call.quiet(0.5)
    for _ in range(100):
        call.line.agent.post(DigitPressed("5"))
    call.quiet(1)
    assert not call.ended
    assert call.dialogue.brain.told.count(brains.CallerPressed("5")) == 100


def test_a_flood_of_partials_is_one_partial(place_call: PlaceCall) -> None:
    call = place_call()
    call.quiet(0.5)
    for number in range(5000):
        call.parts.agent.post(PartialTranscript(1, f"p{number}", call.clock.now()))
    assert call.parts.agent.held_control <= 2
    call.quiet(0.1)
    assert not call.ended
    assert call.parts.agent.ledger.control_coalesced == 4999
    assert missing(call) == {}


def test_partials_that_stream_in_for_a_minute_do_not_add_up(place_call: PlaceCall) -> None:
    call = place_call()
    stream = call.recognizer.streams[0]
    for number in range(3000):
        stream.say(Partial(f"p{number}"))
        call.quiet(0.02)
        _assert_bounds(call)
    assert not call.ended


def test_a_peer_that_takes_nothing_costs_frames_not_memory(place_call: PlaceCall) -> None:
    call = place_call(dialogue=EchoDialogue(EchoBrain(greeting="x" * 100)))
    call.quiet(0.2)
    sent = len(call.socket.media)
    call.socket.owed = 10_000
    call.quiet(12)
    assert len(call.socket.media) == sent
    assert drops(call, "tx") == 500 - sent
    _assert_bounds(call)
