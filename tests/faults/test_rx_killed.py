"""RX killed: one frame at most is lost with it, and the caller is heard and answered after it."""

import asyncio
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest

from actors.messages import InboundFrame
from actors.outcome import HungUp
from media.frame import SILENCE_FRAME
from media.timeline import MediaTimeline
from tests.support.call import ManualCall
from tests.support.engines import word
from tests.support.faults import (
    Boom,
    InBandPoison,
    actors,
    count,
    drops,
    kill,
    missing,
    raise_once,
    speak_through,
    words,
)

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., ManualCall]

PAUSE = [SILENCE_FRAME] * 10
SPEECH = [*PAUSE, *word(1), *PAUSE, *word(2), *word(3), *PAUSE * 4]
SAID = ["w1", "w2", "w3"]


class OnceBrokenTimeline(MediaTimeline):
    """Raises the first time it is asked: with a frame in RX's hand."""

    broken = True

    def missing_frames(self, timestamp_ms: int) -> int:
        if self.broken:
            self.broken = False
            raise Boom("frame in hand")
        return super().missing_frames(timestamp_ms)


def _break_timeline(call: ManualCall) -> None:
    broken = OnceBrokenTimeline()
    broken._next_ms = call.parts.rx_state.timeline._next_ms
    call.parts.rx_state.timeline = broken


def _poison_among_frames(call: ManualCall) -> None:
    call.parts.rx.post(InBandPoison())
    call.settle()


def _raise_in(method: str, error: BaseException) -> Callable[[ManualCall], None]:
    return lambda call: raise_once(call.actor("rx"), method, error)


FAULTS: dict[str, Callable[[ManualCall], None]] = {
    "poison": lambda call: kill(call, "rx"),
    "poison among the frames": _poison_among_frames,
    "handler": _raise_in("on_receive", Boom()),
    "beat": _raise_in("on_tick", Boom()),
    "timeline": _break_timeline,
    "cancelled": _raise_in("on_receive", asyncio.CancelledError()),
    "system exit in a beat": _raise_in("on_tick", SystemExit(3)),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("moment", range(22, 52, 2))
def test_words_are_the_same_wherever_rx_is_killed(
    place_call: PlaceCall, moment: int, fault: Callable[[ManualCall], None]
) -> None:
    call = place_call()
    others = actors(call, "rx")
    speak_through(call, SPEECH, moment, lambda: fault(call))
    # A frame that died with RX becomes 20 ms of silence, which this recogniser takes for a border.
    assert [said for said, _ in groupby(words(call))] == SAID
    assert len(words(call)) <= len(SAID) + call.parts.rx.ledger.crashed
    assert actors(call, "rx") == others
    assert call.parts.children["rx"].restarts == 1
    assert call.parts.rx.ledger.crashed <= 1
    assert drops(call) == 0
    assert missing(call) == {}
    assert call.parts.rx.ledger.created == call.parts.rx.ledger.crashed
    assert call.parts.stt_state.ring.end == len(SPEECH)


def _burst(call: ManualCall, frames: list[bytes]) -> None:
    """A stall of the network: everything arrives at once."""
    for payload in frames:
        voiced = payload != SILENCE_FRAME
        call.line.rx.post(InboundFrame(payload, call.media_ms, voiced, call.clock.now()))
        call.media_ms += 20


@pytest.mark.parametrize("beats", range(0, 24, 3))
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_backlog_outlives_rx_in_order(
    place_call: PlaceCall, beats: int, fault: Callable[[ManualCall], None]
) -> None:
    call = place_call()
    call.hear(PAUSE, voiced=False)
    _burst(call, SPEECH)
    call.wait(beats * 0.02)
    fault(call)
    call.wait(0.3)
    call.quiet(2)
    assert words(call) == SAID
    assert drops(call) == 0
    assert missing(call) == {}
    assert call.parts.rx.ledger.crashed <= 1


@pytest.mark.parametrize("beats", range(6))
def test_silence_that_was_still_owed_is_made_by_the_successor(
    place_call: PlaceCall, beats: int
) -> None:
    call = place_call()
    call.hear(word(1))
    call.media_ms += 60 * 20
    _burst(call, word(2)[:1])
    call.wait(beats * 0.02)
    kill(call, "rx")
    call.hear(word(2)[1:])
    call.quiet(1)
    assert words(call) == ["w1", "w2"]
    assert call.parts.rx.ledger.created == 60
    assert missing(call) == {}


def test_the_caller_is_answered_after_rx_was_killed_idle(place_call: PlaceCall) -> None:
    call = place_call()
    call.quiet(1)
    kill(call, "rx")
    call.quiet(1)
    call.hear(word(5))
    call.quiet(0.2)
    assert words(call) == ["w5"]
    assert call.synthesizer.jobs[-1].text == "you said w5"
    assert count(call, "child_restarts_total", child="rx") == 1


def test_silence_is_made_for_a_muted_caller_by_the_successor_too(place_call: PlaceCall) -> None:
    call = place_call()
    call.quiet(1)
    kill(call, "rx")
    before = call.parts.rx.ledger.created
    call.wait(1.4)
    assert call.parts.rx.ledger.created - before == pytest.approx(50, abs=2)


def test_a_second_crash_says_goodbye_and_ends_the_call(place_call: PlaceCall) -> None:
    call = place_call()
    call.quiet(1)
    kill(call, "rx")
    call.quiet(1)
    kill(call, "rx")
    call.quiet(2)
    assert [job.text for job in call.synthesizer.jobs] == ["hello", "bye"]
    assert call.socket.media[-15:] == _frames(call.synthesizer.audio("bye"))
    assert call.socket.closed == "rx_failed"
    assert call.ended
    assert call.root.outcome("CA1") == HungUp()
    assert count(call, "calls_total", reason="rx_failed") == 1


def _frames(audio: bytes) -> list[Any]:
    return [audio[start : start + 160] for start in range(0, len(audio), 160)]
