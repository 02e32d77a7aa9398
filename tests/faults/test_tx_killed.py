"""TX killed: audible again at once, nothing twice, nothing stale, and barge-in still works."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest

from actors.messages import DigitPressed, Hangup, MarkFlushed, MarkPlayed
from media.frame import SILENCE_FRAME
from tests.support.call import ManualCall
from tests.support.engines import CountingSynthesizer, EchoBrain, EchoDialogue, word
from tests.support.faults import Boom, InBandPoison, actors, count, kill, missing, raise_once

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., ManualCall]

GREETING = "abcdefghijklmnop"
"""16 characters: 80 frames, every one of its own."""
GREETING_FRAMES = 80


def _greeting() -> list[bytes]:
    audio = CountingSynthesizer().audio(GREETING)
    return [audio[start : start + 160] for start in range(0, len(audio), 160)]


def _place(place_call: PlaceCall) -> ManualCall:
    return place_call(dialogue=EchoDialogue(EchoBrain(greeting=GREETING)))


def _poison_among_frames(call: ManualCall) -> None:
    call.parts.tx.post(InBandPoison())


def _socket_raises(call: ManualCall) -> None:
    raise_once(call.socket, "send_media", Boom("socket"))


WHOLE_FAULTS: dict[str, Callable[[ManualCall], None]] = {
    "poison": lambda call: kill(call, "tx"),
    "poison among the frames": _poison_among_frames,
    "beat": lambda call: raise_once(call.actor("tx"), "on_tick", Boom()),
    "cancelled in a beat": lambda call: raise_once(
        call.actor("tx"), "on_tick", asyncio.CancelledError()
    ),
    "keyboard interrupt": lambda call: kill(call, "tx", KeyboardInterrupt()),
}
"""Faults that strike with no frame in hand."""


@pytest.mark.parametrize("fault", WHOLE_FAULTS.values(), ids=WHOLE_FAULTS.keys())
@pytest.mark.parametrize("beats", range(0, 84, 4))
def test_a_reply_is_heard_whole_wherever_tx_is_killed(
    place_call: PlaceCall, beats: int, fault: Callable[[ManualCall], None]
) -> None:
    call = _place(place_call)
    others = actors(call, "tx")
    call.wait(beats * 0.02)
    fault(call)
    call.wait(2.5)
    assert call.socket.media == _greeting()
    assert call.socket.kinds.count("k") == 5
    assert call.socket.kinds.endswith("mk")
    assert actors(call, "tx") == others
    assert call.parts.children["tx"].restarts == 1
    assert not call.parts.agent._owner._speaker.speaking
    assert missing(call) == {}


@pytest.mark.parametrize("beats", range(0, 76, 5))
def test_a_frame_in_hand_is_all_that_is_lost(place_call: PlaceCall, beats: int) -> None:
    call = _place(place_call)
    call.wait(beats * 0.02)
    _socket_raises(call)
    call.wait(2.5)
    greeting = _greeting()
    lost = [frame for frame in greeting if frame not in call.socket.media]
    assert len(lost) == 1
    greeting.remove(lost[0])
    assert call.socket.media == greeting
    assert call.parts.tx.ledger.crashed == 1
    assert missing(call) == {}


@pytest.mark.parametrize("beats", range(10, 70, 6))
def test_the_player_does_not_run_dry_over_a_restart(place_call: PlaceCall, beats: int) -> None:
    call = _place(place_call)
    call.wait(beats * 0.02)
    kill(call, "tx")
    call.wait(2)
    assert call.parts.tx_state.playout.reanchors == 0
    sent_at = [
        at
        for at, (kind, _) in zip(call.socket.sent_at, call.socket.sent, strict=True)
        if kind == "media"
    ]
    gaps = [later - earlier for earlier, later in pairwise(sent_at)]
    assert max(gaps) <= 0.0201


def _marks_told(call: ManualCall) -> list[MarkPlayed | MarkFlushed]:
    """Collect what the agent is told of its marks from now on."""
    told: list[MarkPlayed | MarkFlushed] = []
    agent_heard = call.actor("agent").on_receive

    def listen(message: object) -> None:
        if isinstance(message, MarkPlayed | MarkFlushed):
            told.append(message)
        agent_heard(message)

    call.actor("agent").on_receive = listen
    return told


def test_marks_outstanding_still_reach_the_agent(place_call: PlaceCall) -> None:
    call = _place(place_call)
    told = _marks_told(call)
    while call.socket.kinds.count("k") < 2:
        call.wait(0.02)
    kill(call, "tx")
    assert told == [MarkPlayed("at1#1", 1)]
    call.wait(2.5)
    names = ["at1#1", "at25#1", "at50#1", "at75#1", "greeting_end#1"]
    assert told == [MarkPlayed(name, 1) for name in names]


def test_a_mark_cleared_before_the_crash_was_not_heard(place_call: PlaceCall) -> None:
    call = _place(place_call)
    told = _marks_told(call)
    while call.socket.kinds.count("k") < 2:
        call.wait(0.02)
    call.line.agent.post(DigitPressed("1"))
    call.settle()
    kill(call, "tx")
    call.wait(0.1)
    of_greeting = [mark for mark in told if mark.epoch == 1]
    assert of_greeting == [MarkPlayed("at1#1", 1), MarkFlushed("at25#1", 1)]


@pytest.mark.parametrize("delay", range(6))
def test_nothing_stale_is_heard_when_tx_dies_just_after_a_clear(
    place_call: PlaceCall, delay: int
) -> None:
    call = _place(place_call)
    call.hear(word(1)[:9])
    assert "c" in call.socket.kinds
    call.hear(word(1)[:delay])
    kill(call, "tx")
    call.hear(word(1)[9 + delay :])
    call.quiet(3)
    after_clear = call.socket.sent[call.socket.kinds.index("c") :]
    assert [value for kind, value in after_clear if kind == "media"] == _frames_of("you said w1")


@pytest.mark.parametrize("beats", [3, 20, 40])
def test_barge_in_works_after_a_restart(place_call: PlaceCall, beats: int) -> None:
    call = _place(place_call)
    call.wait(beats * 0.02)
    kill(call, "tx")
    call.wait(0.1)
    call.hear(word(1))
    call.quiet(3)
    assert call.socket.kinds.count("c") == 1
    answer = _frames_of("you said w1")
    assert call.socket.media[-len(answer) :] == answer


def test_killed_idle_the_next_answer_is_heard(place_call: PlaceCall) -> None:
    call = _place(place_call)
    call.quiet(3)
    kill(call, "tx")
    call.hear(word(1))
    call.quiet(3)
    answer = _frames_of("you said w1")
    assert call.socket.media[-len(answer) :] == answer
    assert SILENCE_FRAME not in call.socket.media


@pytest.mark.parametrize("beats", [0, 10, 60, 120])
def test_a_second_crash_closes_the_socket_and_clears_the_call_away(
    place_call: PlaceCall, beats: int
) -> None:
    call = _place(place_call)
    kill(call, "tx")
    call.wait(beats * 0.02)
    kill(call, "tx")
    assert call.socket.closed == "tx_failed"
    call.wait(0.2)
    assert call.ended
    assert count(call, "calls_total", reason="tx_failed") == 1


def test_a_close_that_waits_behind_speech_outlives_tx(place_call: PlaceCall) -> None:
    call = _place(place_call)
    call.wait(0.1)
    queued = call.parts.tx.held_frames
    sent = len(call.socket.media)
    call.line.call.post(Hangup("goodbye"))
    call.settle()
    kill(call, "tx")
    call.wait(1)
    assert call.socket.closed == "goodbye"
    before_close = call.socket.kinds[: call.socket.kinds.index("x")]
    assert before_close.count("m") == sent + queued
    assert call.ended


def _frames_of(text: str) -> list[bytes]:
    audio = CountingSynthesizer().audio(text)
    return [audio[start : start + 160] for start in range(0, len(audio), 160)]
