"""The receiving actor: passes through, paces a backlog, fills gaps with silence, loses nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from actors.loop_actor import LoopActor
from actors.messages import InboundFrame
from actors.rx import RxActor, RxState
from media.frame import FRAME_MS, SILENCE_FRAME
from tests.support.context import Poison, Stage, logged, staged
from tests.support.peers import RecordingPeer

pytestmark = pytest.mark.unit

SILENCE = -1
"""How silence shows among the numbers of the frames STT got."""

STT_FRAMES = 60
"""What STT's mailbox holds."""


class RxRig(Stage):
    """A call of which only RX is real; frames are told apart by a number in them."""

    def __init__(self) -> None:
        super().__init__()
        self.stt = RecordingPeer()
        self.mailbox = self.new_mailbox("rx", 200)
        self.state = RxState()

    def start(self) -> None:
        """Start RX, or its successor."""
        peers = (self.mailbox, self.supervisor, self.state, self.stt)
        self.started(RxActor.start(self.context, *peers))

    @property
    def actor(self) -> Any:
        owner = self.mailbox._owner
        assert isinstance(owner, RxActor)
        return owner

    def send(self, *numbers: int, first_ms: int = 0) -> None:
        """Let frames arrive in one burst, each at the media time its number says."""
        for number in numbers:
            at_ms = first_ms + number * FRAME_MS
            payload = number.to_bytes(4) * 40
            self.mailbox.post(InboundFrame(payload, at_ms, voiced=True, arrived_at=self.now))
        self.settle()

    @property
    def now(self) -> float:
        return self.clock.now()

    @property
    def heard(self) -> list[int]:
        """The numbers of the frames STT got."""
        payloads = [frame.payload for frame in self.stt.of(InboundFrame)]
        return [SILENCE if p == SILENCE_FRAME else int.from_bytes(p[:4]) for p in payloads]

    def take_room(self) -> None:
        """Let every frame that STT gets take some of its room."""

        def fill(_frame: Any) -> None:
            self.stt.room -= 1

        self.stt.on_post = fill


@pytest.fixture
def rig() -> Iterator[RxRig]:
    with staged(RxRig) as stage:
        yield stage


def test_a_frame_goes_on_in_the_same_instant(rig: RxRig) -> None:
    rig.start()
    rig.send(0)
    assert rig.heard == [0]
    rig.beats()
    rig.send(1)
    assert rig.heard == [0, 1]
    assert rig.context.stats.frames_in == 2
    assert rig.context.stats.rx_write.take_mean() == 0.0


def test_two_frames_at_once_are_jitter_and_no_backlog(rig: RxRig) -> None:
    rig.start()
    rig.send(0, 1, 2)
    assert rig.heard == [0, 1, 2]
    assert not rig.mailbox.holding


def test_a_burst_goes_out_on_the_grid_at_most_three_a_beat(rig: RxRig) -> None:
    rig.start()
    rig.send(*range(30))
    assert rig.heard == [0]
    counts: list[int] = []
    for _ in range(10):
        before = len(rig.heard)
        rig.beats()
        counts.append(len(rig.heard) - before)
    assert counts == [3] * 9 + [2]
    assert rig.heard == list(range(30))
    assert rig.context.stats.rx_mode == "normal"


def test_after_a_burst_frames_pass_straight_through_again(rig: RxRig) -> None:
    rig.start()
    rig.send(*range(30))
    rig.beats(12)
    rig.send(30)
    assert rig.heard == list(range(31))


def test_a_long_backlog_drains_without_pacing_as_fast_as_stt_has_room(rig: RxRig) -> None:
    rig.take_room()
    rig.start()
    rig.send(*range(200))
    held: list[tuple[int, str]] = []
    for _ in range(5):
        rig.stt.room = STT_FRAMES
        rig.beats()
        held.append((rig.mailbox.held_frames, rig.context.stats.rx_mode))
    drained = [(138, "drain"), (78, "drain"), (18, "drain")]
    assert held == [*drained, (16, "normal"), (13, "normal")]


def test_draining_does_not_stop_between_the_marks(rig: RxRig) -> None:
    rig.take_room()
    rig.start()
    rig.send(*range(121))
    rig.stt.room = STT_FRAMES
    rig.beats()
    assert rig.mailbox.held_frames == 59
    rig.stt.room = 30
    rig.beats()
    assert rig.mailbox.held_frames == 29


def test_two_hundred_frames_are_gone_within_a_second_while_live_frames_arrive(rig: RxRig) -> None:
    rig.take_room()
    rig.start()
    rig.send(*range(200))
    gone_after = 0
    for number in range(200, 250):
        rig.stt.room = STT_FRAMES
        rig.beats()
        gone_after += bool(rig.mailbox.held_frames)
        rig.send(number)
    assert gone_after * FRAME_MS < 500
    assert rig.heard == list(range(250))
    assert rig.mailbox.ledger.drops == 0


def test_without_room_rx_holds_and_with_room_everything_goes_on_in_order(rig: RxRig) -> None:
    rig.stt.room = 0
    rig.start()
    for number in range(150):
        rig.send(number)
        rig.beats()
    assert rig.heard == []
    assert rig.mailbox.held_frames == 149
    rig.stt.room = STT_FRAMES
    rig.take_room()
    for _ in range(12):
        rig.beats()
        rig.stt.room = STT_FRAMES
    assert rig.heard == list(range(150))
    assert rig.mailbox.ledger.drops == 0


def test_beyond_its_bound_rx_drops_the_oldest_and_counts_them(rig: RxRig) -> None:
    rig.stt.room = 0
    rig.start()
    for number in range(250):
        rig.send(number)
        rig.beats()
    rig.stt.room = 1000
    rig.beats(50)
    kept = [number for number in rig.heard if number != SILENCE]
    assert kept == [0, *range(50, 250)]
    assert rig.mailbox.ledger.dropped == {"overflow": 49}
    assert rig.mailbox.ledger.missing(0) == 0


def test_what_was_dropped_is_silence_for_stt_so_that_its_clock_keeps_step(rig: RxRig) -> None:
    rig.stt.room = 0
    rig.start()
    rig.send(0)
    rig.send(*range(1, 250))
    rig.stt.room = 1000
    rig.beats(19)
    assert rig.heard == [0, *[SILENCE] * 49, *range(50, 250)]


@pytest.mark.parametrize("gap", [1, 4, 10, 11, 75])
def test_a_gap_becomes_as_much_silence_in_front_of_the_frame(rig: RxRig, gap: int) -> None:
    rig.start()
    rig.send(0)
    rig.send(gap + 1)
    rig.send(gap + 2)
    rig.beats(12)
    assert rig.heard == [0, *[SILENCE] * gap, gap + 1, gap + 2]
    assert rig.mailbox.ledger.created == gap
    assert {frame.voiced for frame in rig.stt.of(InboundFrame)[1 : gap + 1]} == {False}


def test_silence_takes_no_more_room_than_stt_has(rig: RxRig) -> None:
    rig.stt.room = 6
    rig.take_room()
    rig.start()
    rig.send(0)
    rig.send(21)
    assert rig.heard == [0, *[SILENCE] * 5]
    rig.stt.room = STT_FRAMES
    rig.beats(3)
    assert rig.heard == [0, *[SILENCE] * 20, 21]


def test_four_tenths_of_a_second_of_nothing_becomes_silence_at_fifty_a_second(
    rig: RxRig,
) -> None:
    rig.start()
    rig.send(0)
    rig.beats(20)
    assert rig.heard == [0]
    rig.beats(50)
    assert rig.heard == [0, *[SILENCE] * 50]
    assert rig.mailbox.ledger.created == 50


def test_a_caller_that_never_sends_anything_is_silence_too(rig: RxRig) -> None:
    rig.start()
    rig.beats(30)
    assert set(rig.heard) == {SILENCE}


def test_made_up_silence_stops_when_audio_is_back_and_the_gap_is_filled_once(rig: RxRig) -> None:
    rig.start()
    rig.send(0)
    rig.beats(100)
    rig.send(100)
    rig.beats(10)
    rig.send(*range(101, 111))
    rig.beats(10)
    assert rig.heard == [0, *[SILENCE] * 99, *range(100, 111)]


def test_no_silence_is_made_up_while_stt_has_no_room(rig: RxRig) -> None:
    rig.start()
    rig.send(0)
    rig.stt.room = 0
    rig.beats(100)
    assert rig.mailbox.ledger.created == 0
    rig.stt.room = 1000
    rig.send(100)
    rig.beats(12)
    assert rig.heard == [0, *[SILENCE] * 99, 100]


def test_a_late_burst_after_made_up_silence_loses_nothing(rig: RxRig) -> None:
    rig.start()
    rig.send(0)
    rig.beats(60)
    rig.send(*range(1, 61))
    rig.beats(20)
    assert [number for number in rig.heard if number != SILENCE] == list(range(61))
    assert rig.mailbox.ledger.created == 40
    assert rig.state.timeline.jumps == 0


@pytest.mark.parametrize("first_ms", [60_000, -5_000])
def test_a_jump_of_media_time_is_not_filled_and_loses_no_frame(rig: RxRig, first_ms: int) -> None:
    rig.start()
    rig.send(300)
    rig.send(301, 302, first_ms=first_ms)
    assert rig.heard == [300, 301, 302]
    assert rig.state.timeline.jumps == 1


def test_a_restart_with_a_frame_in_hand_and_silence_owed_loses_nothing(rig: RxRig) -> None:
    rig.stt.room = 10
    rig.take_room()
    rig.start()
    rig.send(0)
    rig.send(30)
    rig.send(31, 32)
    rig.mailbox.post(Poison())
    with logged():
        rig.settle()
    assert len(rig.failures) == 1
    assert rig.heard == [0, *[SILENCE] * 9]
    rig.stt.room = 1000
    rig.send(33)
    rig.beats(3)
    assert len(rig.heard) == 10
    rig.start()
    rig.beats(5)
    assert rig.heard == [0, *[SILENCE] * 29, 30, 31, 32, 33]
    assert rig.mailbox.ledger.missing(0) == 0
    assert rig.mailbox.ledger.control_missing(0) == 0


def test_a_frame_over_which_rx_crashed_is_handed_over_once_by_the_successor(rig: RxRig) -> None:
    def broken(message: Any) -> None:
        raise OSError("gone")

    rig.start()
    rig.send(0)
    post, rig.stt.post = rig.stt.post, broken  # type: ignore[method-assign]  # no peer does it
    with logged():
        rig.send(1)
    rig.stt.post = post  # type: ignore[method-assign]
    assert rig.mailbox.ledger.crashed == 0, "it is in hand, and handed over below"
    rig.start()
    rig.beats()
    rig.send(2)
    assert rig.heard == [0, 1, 2]
    assert rig.mailbox.ledger.missing(0) == 0


def test_the_clock_of_silence_goes_on_across_a_restart(rig: RxRig) -> None:
    rig.start()
    rig.send(0)
    rig.beats(15)
    rig.mailbox.post(Poison())
    rig.settle()
    rig.start()
    rig.beats(10)
    assert rig.heard == [0, *[SILENCE] * 5]


def test_the_grid_advances_only_when_a_frame_was_really_handed_over(rig: RxRig) -> None:
    rig.start()
    rig.send(*range(40))
    rig.beats(2)
    rig.stt.room = 0
    deadline_at = rig.actor._cadence._deadline_at
    rig.beats(1)
    assert rig.actor._cadence._deadline_at == deadline_at
    rig.stt.room = 1000
    rig.beats(1)
    assert rig.actor._cadence._deadline_at > deadline_at
    assert len(rig.heard) == 1 + 3 * 3


def test_the_grid_is_laid_anew_after_a_stall_and_nothing_is_rushed(rig: RxRig) -> None:
    rig.start()
    rig.send(*range(40))
    rig.beats(2)
    rig.stall(0.2)
    assert rig.context.stats.rx_resyncs == 1
    assert len(rig.heard) == 1 + 3 * 3
    rig.beats(4)
    assert len(rig.heard) == 1 + 6 * 3
    rig.beats(6)
    assert [number for number in rig.heard if number != SILENCE] == list(range(37))


def test_rx_says_that_it_has_started(rig: RxRig) -> None:
    with logged() as lines:
        rig.start()
    assert "🎧 RX_WORKER: Started" in lines
    assert isinstance(rig.actor, LoopActor)
