"""CallActor killed, and anything else in one call: the call beside it never hears of it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.messages import DigitPressed, InboundFrame, SocketClosed, StreamStopped
from actors.outcome import HungUp
from dialogue.ports import CallFacts
from media.frame import SILENCE_FRAME
from tests.support.call import ManualCall
from tests.support.engines import EchoDialogue, word
from tests.support.faults import (
    Boom,
    Caller,
    Exchange,
    Poison,
    assert_nothing_left,
    count,
    kill,
    raise_once,
)

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., ManualCall]

BASE_ERRORS = [None, asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(1), GeneratorExit()]


@pytest.mark.parametrize("error", BASE_ERRORS, ids=repr)
@pytest.mark.parametrize("beats", [0, 1, 10, 60])
def test_a_call_whose_supervisor_dies_is_cleared_away(
    place_call: PlaceCall, beats: int, error: BaseException | None
) -> None:
    call = place_call()
    call.quiet(beats * 0.02)
    kill(call, "call", error)
    assert call.socket.closed == "call_failed"
    call.wait(0.06)
    assert call.ended
    assert all(stream.cancelled for stream in call.recognizer.streams)
    assert call.root.outcome("CA1") == HungUp()
    assert count(call, "calls_total", reason="call_failed") == 1
    assert count(call, "child_failures_total", child="call") == 1
    assert count(call, "calls_active") == 0


@pytest.mark.parametrize("last", [Poison(), StreamStopped()], ids=["crash", "end"])
def test_the_drops_of_the_last_second_are_counted_and_once(
    place_call: PlaceCall, last: Poison | StreamStopped
) -> None:
    call = place_call()
    call.wait(1.5)
    call.parts.rx.detach()
    for number in range(call.settings.rx_mailbox_frames + 7):
        call.line.rx.post(InboundFrame(SILENCE_FRAME, 20 * number, False, call.clock.now()))
    assert count(call, "frames_dropped_total", mailbox="rx", reason="overflow") == 0
    call.parts.call.post(last)
    call.wait(0.1)
    assert call.ended
    assert count(call, "frames_dropped_total", mailbox="rx", reason="overflow") == 7


def test_the_supervisor_dies_during_the_backoff_of_stt(place_call: PlaceCall) -> None:
    call = place_call()
    kill(call, "stt")
    kill(call, "call")
    call.wait(1)
    assert call.ended
    assert len(call.recognizer.streams) == 1


def test_the_supervisor_dies_while_the_socket_is_closing(place_call: PlaceCall) -> None:
    call = place_call()
    call.socket.on_close = None
    for _ in range(2):
        kill(call, "tx")
    assert call.socket.closed == "tx_failed"
    kill(call, "call")
    call.wait(0.06)
    assert call.ended


def test_a_child_that_cannot_be_made_ends_the_call(place_call: PlaceCall) -> None:
    class NoPatience:
        @property
        def manners(self) -> Any:
            raise Boom

    class Broken(EchoDialogue):
        def new_brain(self, call: CallFacts) -> Any:
            return NoPatience()

    call = place_call(dialogue=Broken())
    assert call.socket.closed == "call_failed"
    call.wait(0.06)
    assert call.ended


def test_its_place_is_free_again_at_once_after_it_was_cleared_away() -> None:
    exchange = Exchange(max_calls=1)
    first = exchange.call("CA1")
    first.parts.call.post(Poison())
    exchange.beat(4)
    exchange.forget_ended()
    second = exchange.call("CA1")
    exchange.beat(5)
    assert second.socket.media != []
    _end_all(exchange)


# --- the call beside it ----------------------------------------------------------------


def _kill(child: str, error: BaseException | None = None) -> Callable[[Caller], None]:
    def fault(caller: Caller) -> None:
        box = getattr(caller.parts, child)
        if error is not None and box._owner is not None:
            raise_once(box._owner, "on_receive", error)
        box.post(Poison())

    return fault


def _digits(caller: Caller) -> None:
    for _ in range(300):
        caller.line.agent.post(DigitPressed("1"))


FAULTS: dict[str, Callable[[Caller], None]] = {
    **{f"{child} killed": _kill(child) for child in ("rx", "stt", "agent", "tx", "call")},
    **{
        f"{child} cancelled": _kill(child, asyncio.CancelledError())
        for child in ("rx", "stt", "agent", "tx", "call")
    },
    **{f"{child} exits": _kill(child, SystemExit(1)) for child in ("rx", "tx", "call")},
    "flooded with keys": _digits,
    "socket lost": lambda caller: caller.line.call.post(SocketClosed(None)),
    "everything killed": lambda caller: [  # type: ignore[dict-item]  # the list is for the loop
        _kill(child)(caller) for child in ("rx", "stt", "agent", "tx", "call")
    ],
}


def _run_two(fault: Callable[[Caller], None], beats: int, times: int) -> tuple[Exchange, Caller]:
    exchange = Exchange()
    exchange.call("CA1").says.extend([*word(1), *word(2), *word(3)])
    beside = exchange.call("CA2")
    beside.says.extend([*word(4), *word(5), *word(6)])
    exchange.beat(beats)
    for _ in range(times):
        if "CA1" in exchange.root._live:
            fault(exchange.callers[0])
        exchange.beat(3)
    exchange.beat(200 - 3 * times - beats)
    return exchange, beside


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("beats", [0, 7, 40])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_the_call_beside_it_is_the_same_frame_by_frame(
    fault: Callable[[Caller], None], beats: int, times: int
) -> None:
    calm, undisturbed = _run_two(lambda _caller: None, beats, times)
    exchange, beside = _run_two(fault, beats, times)
    assert len(beside.socket.media) >= 80
    assert beside.socket.sent == undisturbed.socket.sent
    assert beside.socket.sent_at == undisturbed.socket.sent_at
    assert beside.brain.told == undisturbed.brain.told
    _end_all(calm, exchange)


def _end_all(*exchanges: Exchange) -> None:
    for exchange in exchanges:
        exchange.root.abort_all()
        exchange.beat(5)
    for exchange in exchanges:
        assert_nothing_left(exchange)
