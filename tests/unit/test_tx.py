"""The transmitting actor: keeps a lead and the order, clears at once, drops only what it counts."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from actors.messages import (
    Clear,
    CloseSocket,
    FramesWanted,
    Mark,
    MarkEchoed,
    MarkFlushed,
    MarkPlayed,
    OutboundFrame,
    PlaybackStarted,
)
from actors.tx import MARKS_KEPT, TxActor, TxState
from media.frame import FRAME_S
from media.playout import PlayoutClock
from tests.support.context import OFF_BEAT_S, Poison, Stage, logged, staged
from tests.support.peers import FakeSocket, RecordingPeer

pytestmark = pytest.mark.unit


class TxRig(Stage):
    """A call of which only TX is real."""

    def __init__(self) -> None:
        super().__init__()
        self.agent = RecordingPeer()
        self.socket = FakeSocket(self.clock.now)
        self.mailbox = self.new_mailbox("tx", 144)
        self.state = TxState(PlayoutClock(3))

    def start(self) -> None:
        """Start TX, or its successor."""
        peers = (self.mailbox, self.supervisor, self.state, self.agent, self.socket)
        self.started(TxActor.start(self.context, *peers))

    def speak(self, *numbers: int, epoch: int = 1) -> None:
        """Hand over frames, told apart by a number."""
        for number in numbers:
            self.mailbox.post(OutboundFrame(number.to_bytes(4) * 40, epoch))

    def mark(self, name: str, epoch: int = 1) -> None:
        self.mailbox.post(Mark(name, epoch))

    def tell(self, message: Any) -> None:
        self.mailbox.post(message)
        self.settle()

    def crash(self) -> None:
        with logged():
            self.tell(Poison())
        assert len(self.failures) == 1

    @property
    def sent(self) -> list[Any]:
        """What went out: numbers of frames, names of marks, `clear`."""
        return [
            int.from_bytes(value[:4]) if kind == "media" else value or kind
            for kind, value in self.socket.sent
        ]


@pytest.fixture
def rig() -> Iterator[TxRig]:
    with staged(TxRig) as stage:
        yield stage


# --- pacing ---------------------------------------------------------------------------


def test_a_playback_begins_with_the_lead_and_goes_on_a_frame_a_beat(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(20))
    rig.settle()
    assert rig.sent == []
    rig.beats()
    assert rig.sent == [0, 1, 2]
    rig.beats(5)
    assert rig.sent == list(range(8))
    assert rig.context.stats.frames_out == 8


def test_a_short_stall_is_made_up_at_once_on_the_old_anchor(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(30))
    rig.beats(4)
    rig.stall(3 * FRAME_S - OFF_BEAT_S - 0.002)
    assert rig.sent == list(range(9))
    assert rig.state.playout.reanchors == 0
    rig.beats(3)
    assert rig.sent == list(range(11))


def test_a_stall_of_a_tenth_of_a_second_restores_the_lead_and_anchors_anew(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(30))
    rig.beats(4)
    assert rig.sent == list(range(6))
    rig.stall(0.100)
    assert rig.sent == list(range(9))
    assert rig.state.playout.reanchors == 1


def test_a_pause_between_playbacks_is_no_stall(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(4))
    rig.beats(50)
    rig.speak(*range(4, 8), epoch=2)
    rig.beats()
    assert rig.sent == list(range(7))
    assert rig.state.playout.reanchors == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_thousand_late_beats_never_let_the_player_run_dry(rig: TxRig, seed: int) -> None:
    rig.start()
    chance = random.Random(seed)  # noqa: S311  # a reproducible schedule, nothing secret
    actor: Any = rig.mailbox._owner
    played_until, waits, number = 0.0, 0.0, 0
    for _ in range(10_000):
        while rig.mailbox.held_frames < 16:
            rig.speak(number)
            number += 1
        before, now = len(rig.socket.sent), rig.clock._now
        actor.tick(now)
        if before:
            waits += max(0.0, now - played_until)
        played_until = max(played_until, now) + (len(rig.socket.sent) - before) * FRAME_S
        rig.clock._now += chance.choice([0.002, 0.018, 0.020, 0.022, 0.040, 0.049, 0.0499])
    assert waits == 0.0
    assert rig.sent == list(range(len(rig.sent)))
    assert rig.state.playout.reanchors == 0
    assert rig.mailbox.ledger.drops == 0


# --- order ----------------------------------------------------------------------------


def test_frames_and_marks_go_out_in_the_order_they_came(rig: TxRig) -> None:
    rig.start()
    rig.mark("begin#1")
    rig.speak(0, 1)
    rig.mark("middle#1")
    rig.speak(2, 3)
    rig.mark("end#1")
    rig.beats(6)
    assert rig.sent == ["begin#1", 0, 1, "middle#1", 2, 3, "end#1"]


def test_the_socket_is_closed_after_everything_in_front(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(10))
    rig.mark("end#1")
    rig.tell(CloseSocket("goodbye"))
    rig.beats(5)
    assert rig.socket.closed is None
    rig.beats(10)
    assert rig.sent == [*range(10), "end#1", "goodbye"]
    assert rig.socket.closed == "goodbye"


def test_the_agent_is_told_once_when_a_playback_is_on_the_wire(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(20))
    rig.beats(3)
    (started,) = rig.agent.of(PlaybackStarted)
    assert started == PlaybackStarted(1, rig.socket.sent_at[0])


# --- clear ----------------------------------------------------------------------------


def test_clear_overtakes_and_nothing_up_to_its_epoch_is_sent_after_it(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(20), epoch=1)
    rig.speak(*range(20, 30), epoch=2)
    rig.speak(*range(30, 40), epoch=3)
    rig.beats(2)
    rig.tell(Clear(2))
    assert rig.sent == [0, 1, 2, 3, "clear"]
    assert rig.mailbox.held_frames == 10
    rig.speak(100, epoch=1)
    rig.speak(101, epoch=2)
    rig.beats(20)
    assert rig.sent == [0, 1, 2, 3, "clear", *range(30, 40)]
    assert rig.mailbox.ledger.dropped == {"stale": 28}
    assert rig.mailbox.ledger.missing(0) == 0


def test_after_a_clear_the_new_playback_begins_with_the_whole_lead(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(20))
    rig.beats(2)
    rig.tell(Clear(1))
    rig.speak(50, 51, 52, 53, epoch=2)
    rig.beats()
    assert rig.sent[-3:] == [50, 51, 52]


def test_an_older_clear_does_not_bring_back_what_a_newer_one_stopped(rig: TxRig) -> None:
    rig.start()
    rig.tell(Clear(5))
    rig.tell(Clear(2))
    rig.speak(1, epoch=4)
    rig.beats()
    assert rig.socket.media == []


def test_a_queued_mark_comes_back_as_flushed_when_its_playback_is_cleared(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(20))
    rig.mark("end#1")
    rig.beats()
    rig.tell(Clear(1))
    assert rig.agent.of(MarkFlushed) == [MarkFlushed("end#1", 1)]
    rig.mark("late#1")
    rig.beats()
    assert rig.agent.of(MarkFlushed)[1:] == [MarkFlushed("late#1", 1)]
    assert "k" not in rig.socket.kinds


def test_the_close_is_not_flushed_by_a_clear(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(20))
    rig.tell(CloseSocket("goodbye"))
    rig.tell(Clear(1))
    rig.beats()
    assert rig.sent == ["clear", "goodbye"]


# --- marks ----------------------------------------------------------------------------


def test_an_echo_before_the_clear_was_played_and_one_after_it_was_not(rig: TxRig) -> None:
    rig.start()
    rig.mark("at25#1")
    rig.mark("at50#1")
    rig.beats()
    rig.tell(MarkEchoed("at25#1"))
    rig.tell(Clear(1))
    rig.tell(MarkEchoed("at50#1"))
    assert rig.agent.of(MarkPlayed, MarkFlushed) == [
        MarkPlayed("at25#1", 1),
        MarkFlushed("at50#1", 1),
    ]


def test_an_echo_of_no_mark_of_ours_or_a_second_one_is_nothing(rig: TxRig) -> None:
    rig.start()
    rig.mark("at25#1")
    rig.beats()
    rig.tell(MarkEchoed("forged#1"))
    rig.tell(MarkEchoed("at25#1"))
    rig.tell(MarkEchoed("at25#1"))
    assert rig.agent.of(MarkPlayed, MarkFlushed) == [MarkPlayed("at25#1", 1)]


def test_marks_that_never_come_back_are_forgotten_the_oldest_first(rig: TxRig) -> None:
    rig.start()
    for number in range(MARKS_KEPT + 10):
        rig.mark(f"m{number}#1")
        rig.beats()
    assert len(rig.state.marks) == MARKS_KEPT
    assert next(iter(rig.state.marks)) == "m10#1"


# --- credit and back-pressure ---------------------------------------------------------


def test_more_speech_is_wanted_once_for_every_time_it_runs_low(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(16))
    rig.beats(5)
    assert (rig.mailbox.held_frames, rig.agent.of(FramesWanted)) == (9, [])
    rig.beats(20)
    assert len(rig.agent.of(FramesWanted)) == 1
    rig.speak(*range(16))
    rig.beats(20)
    assert len(rig.agent.of(FramesWanted)) == 2


def test_a_new_playback_that_the_lead_takes_below_the_low_mark_is_asked_on_for(
    rig: TxRig,
) -> None:
    rig.set(tx_credit_low_frames=10, tx_credit_target_frames=12)
    rig.start()
    rig.speak(*range(4))
    rig.beats(20)
    rig.agent.messages.clear()
    rig.speak(*range(12), epoch=2)
    rig.beats()
    assert rig.mailbox.held_frames == 9
    assert len(rig.agent.of(FramesWanted)) == 1


def test_nothing_is_wanted_before_anything_was_said(rig: TxRig) -> None:
    rig.start()
    rig.beats(20)
    assert rig.agent.messages == []


def test_a_slow_peer_costs_frames_that_are_counted_and_a_mark_behind_them_says_so(
    rig: TxRig,
) -> None:
    rig.start()
    rig.socket.owed = 144
    rig.speak(*range(10))
    rig.mark("at10#1")
    rig.mark("end#1")
    rig.beats(20)
    assert rig.sent == []
    assert rig.agent.of(MarkFlushed) == [MarkFlushed("at10#1", 1), MarkFlushed("end#1", 1)]
    assert rig.state.marks == {}
    assert rig.mailbox.ledger.dropped == {"slow_peer": 10}
    assert rig.mailbox.ledger.missing(0) == 0


def test_only_the_mark_next_behind_dropped_frames_is_not_sent(rig: TxRig) -> None:
    rig.start()
    rig.speak(0, 1, 2)
    rig.mark("at3#1")
    rig.beats()
    rig.socket.owed = 144
    rig.speak(3)
    rig.beats()
    rig.socket.owed = 0
    rig.speak(4)
    rig.mark("at5#1")
    rig.speak(5)
    rig.mark("at6#1")
    rig.beats(5)
    assert rig.sent == [0, 1, 2, "at3#1", 4, 5, "at6#1"]
    assert rig.agent.of(MarkFlushed) == [MarkFlushed("at5#1", 1)]


def test_frames_dropped_before_a_clear_cost_the_next_playback_no_mark(rig: TxRig) -> None:
    rig.start()
    rig.socket.owed = 144
    rig.speak(0)
    rig.beats()
    rig.tell(Clear(1))
    rig.socket.owed = 0
    rig.mark("begin#2", epoch=2)
    rig.beats()
    assert rig.sent == ["clear", "begin#2"]


def test_drops_for_a_slow_peer_keep_the_pace_of_the_speech(rig: TxRig) -> None:
    rig.start()
    rig.socket.owed = 144
    rig.speak(*range(30))
    rig.beats(4)
    assert rig.mailbox.ledger.drops == 6
    rig.socket.owed = 143
    rig.beats(2)
    assert rig.sent == [6, 7]


# --- restart --------------------------------------------------------------------------


def test_a_restart_keeps_the_anchor_and_does_not_rush(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(20))
    rig.beats(4)
    rig.crash()
    rig.start()
    rig.beats()
    assert rig.sent == list(range(7))
    assert rig.state.playout.reanchors == 0
    assert len(rig.agent.of(PlaybackStarted)) == 1


def test_a_restart_keeps_the_cleared_epoch(rig: TxRig) -> None:
    rig.start()
    rig.tell(Clear(3))
    rig.crash()
    rig.speak(0, 1, epoch=3)
    rig.speak(2, epoch=4)
    rig.start()
    rig.beats()
    assert rig.sent == ["clear", 2]


def test_a_restart_keeps_the_marks_that_are_still_to_come_back(rig: TxRig) -> None:
    rig.start()
    rig.mark("at25#1")
    rig.beats()
    rig.crash()
    rig.tell(MarkEchoed("at25#1"))
    assert rig.agent.of(MarkPlayed) == []
    rig.start()
    assert rig.agent.of(MarkPlayed) == [MarkPlayed("at25#1", 1)]


def test_a_successor_that_finds_little_left_asks_for_more(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(12))
    rig.beats(3)
    assert len(rig.agent.of(FramesWanted)) == 1
    rig.crash()
    rig.start()
    rig.beats()
    assert len(rig.agent.of(FramesWanted)) == 2


def test_no_frame_is_sent_between_two_incarnations(rig: TxRig) -> None:
    rig.start()
    rig.speak(*range(20))
    rig.beats(2)
    rig.crash()
    rig.beats(5)
    assert rig.sent == [0, 1, 2, 3]
    assert rig.metronome.members == 0


def test_a_send_that_raises_is_a_crash_and_costs_one_frame(rig: TxRig) -> None:
    def broken(payload: bytes) -> None:
        raise OSError("gone")

    rig.start()
    rig.speak(*range(5))
    rig.socket.send_media = broken  # type: ignore[method-assign]  # what no socket should do
    with logged():
        rig.beats()
    (failure,) = rig.failures
    assert isinstance(failure, OSError)
    assert rig.mailbox.ledger.crashed == 1
    assert rig.mailbox.held_frames == 4
    assert rig.mailbox.ledger.missing(4) == 0


def test_what_tx_cannot_send_is_a_crash_and_not_silence(rig: TxRig) -> None:
    rig.start()
    rig.mailbox._ordered.append(Poison())
    with logged():
        rig.beats()
    (failure,) = rig.failures
    assert str(failure) == "TX cannot send a Poison"
