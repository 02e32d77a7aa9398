"""Calls that end: from every state, by every way of ending, and nothing goes on behind them."""

from collections.abc import Callable
from typing import Any

import pytest

from actors.messages import (
    DigitPressed,
    Hangup,
    MarkEchoed,
    SayGoodbye,
    SocketClosed,
    StreamStopped,
    Transfer,
)
from actors.outcome import HungUp, TransferTo
from actors.root import CallRefused
from dialogue import ports as brains
from dialogue.ports import CallFacts
from media.frame import SILENCE_FRAME
from speech.ports import AudioChunk, Final, StreamEnded
from tests.support.call import ManualCall
from tests.support.engines import CountingSynthesizer, EchoBrain, EchoDialogue, ScriptedReply, word
from tests.support.faults import Exchange, assert_nothing_left, count, kill, swap, words
from tests.support.peers import FakeSocket

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., ManualCall]


class OneThing(EchoBrain):
    """Does one thing, whatever the caller says."""

    def __init__(self, said: str) -> None:
        super().__init__()
        self._said = said

    def _outputs(self, event: brains.CallerEvent) -> list[brains.BrainOutput]:
        if isinstance(event, brains.CallerSaid):
            return super()._outputs(brains.CallerSaid(self._said))
        return super()._outputs(event)


def _speaking(call: ManualCall) -> None:
    call.quiet(2)
    call.hear(word(1))
    call.quiet(0.3)


def _in_backoff(call: ManualCall) -> None:
    call.hear(word(1)[:8])
    kill(call, "stt")
    call.wait(0.1)


def _in_single_mode(call: ManualCall) -> None:
    for _ in range(4):
        kill(call, "stt")
        call.wait(0.3)
    call.recognizer.answer_requests = False
    call.hear(word(1, 40))
    call.quiet(0.6)
    assert len(call.recognizer.requests) == 1


def _draining(call: ManualCall) -> None:
    call.wait(0.1)
    call.root.stop_admitting()
    call.root.end_all("drained")
    call.wait(0.1)


def _with_a_backlog(call: ManualCall) -> None:
    call.parts.stt.detach()
    call.hear(word(1, 100))
    assert call.parts.rx.held_frames > 30


def _closing(call: ManualCall) -> None:
    call.socket.on_close = None
    call.line.call.post(Hangup("goodbye"))
    call.wait(1)
    assert call.socket.closed == "goodbye"


def _restarted(call: ManualCall) -> None:
    kill(call, "agent")
    kill(call, "rx")


STATES: dict[str, Callable[[ManualCall], None]] = {
    "before the first beat": lambda call: None,
    "while it greets": lambda call: call.wait(0.2),
    "while it answers": _speaking,
    "in the backoff of stt": _in_backoff,
    "with a request under way": _in_single_mode,
    "while it drains": _draining,
    "with a backlog": _with_a_backlog,
    "while the socket is closing": _closing,
    "after agent and rx were restarted": _restarted,
}

ENDS: dict[str, list[Any]] = {
    "stop": [StreamStopped()],
    "socket closed": [SocketClosed(1000)],
    "socket lost": [SocketClosed(None)],
    "stop, then closed": [StreamStopped(), SocketClosed(1000)],
    "everything twice": [SocketClosed(1001), StreamStopped()] * 2,
    "stop among goodbyes": [Hangup("x"), StreamStopped(), Transfer("+1"), Hangup("y")],
}


@pytest.mark.parametrize("ending", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())
def test_a_call_ends_from_every_state(
    place_call: PlaceCall, state: Callable[[ManualCall], None], ending: list[Any]
) -> None:
    call = place_call()
    state(call)
    parts = call.parts
    for message in ending:
        call.line.call.post(message)
    call.wait(0.06)
    assert call.ended
    assert_nothing_left(call)
    assert all(stream.cancelled for stream in call.recognizer.streams)
    assert all(box.closed for box in parts.mailboxes)
    assert sum(box.held_frames + box.held_control for box in parts.mailboxes) == 0
    assert call.root.outcome("CA1") is not None
    assert call.socket.closed is not None


def test_nothing_comes_of_what_arrives_after_the_end(place_call: PlaceCall) -> None:
    call = place_call(synthesizer=CountingSynthesizer(at_once=False))
    call.hear(word(1))
    stream, job = call.recognizer.streams[0], call.synthesizer.jobs[0]
    call.line.call.post(StreamStopped())
    call.wait(0.2)
    sent = list(call.socket.sent)
    for event in (Final("late", 100.0), StreamEnded("UNAVAILABLE")):
        stream.sink(event)
    job.sink(AudioChunk(SILENCE_FRAME))
    call.line.tx.post(MarkEchoed("greeting_end#1"))
    call.line.agent.post(DigitPressed("1"))
    call.line.call.post(SocketClosed(1000))
    call.hear(word(2))
    assert job.cancelled
    assert call.socket.sent == sent
    assert words(call) == []


def test_a_request_under_way_is_called_off(place_call: PlaceCall) -> None:
    cancelled: list[bool] = []

    class Request:
        def cancel(self) -> None:
            cancelled.append(True)

    def ask(_audio: bytes, _sink: object) -> Request:
        return Request()

    call = place_call(use_streaming_stt=False)
    swap(call.recognizer, "recognize", ask)
    call.hear(word(1, 40))
    call.quiet(0.6)
    call.line.call.post(StreamStopped())
    call.wait(0.2)
    assert cancelled == [True]


# --- closing the socket ----------------------------------------------------------------


def test_a_close_that_never_comes_back_is_aborted_after_5_s(place_call: PlaceCall) -> None:
    call = place_call()
    call.wait(1.5)
    call.socket.on_close = None
    call.line.call.post(Hangup("goodbye"))
    call.advance(4.999)
    assert not call.socket.aborted
    call.advance(0.002)
    assert call.socket.aborted
    call.advance(0.05)
    assert call.ended


def test_an_aborted_close_keeps_the_reason_and_the_outcome(place_call: PlaceCall) -> None:
    call = place_call()
    call.wait(1.5)
    call.socket.on_close = None
    call.line.call.post(Transfer("+15550100"))
    call.wait(6)
    assert call.root.outcome("CA1") == TransferTo("+15550100")
    assert count(call, "calls_total", reason="transfer") == 1


def test_a_transfer_is_remembered_after_the_call(place_call: PlaceCall) -> None:
    call = place_call(dialogue=EchoDialogue(OneThing("transfer")))
    assert call.root.outcome("CA1") == HungUp()
    _speaking(call)
    call.quiet(1)
    assert call.ended
    assert call.socket.closed == "transfer"
    assert call.root.outcome("CA1") == TransferTo("+15550100")
    view = call.root.view("CA1")
    assert view is not None
    assert view["state"] == "ended:transfer"


def test_a_caller_who_hangs_up_is_not_transferred(place_call: PlaceCall) -> None:
    call = place_call(dialogue=EchoDialogue(OneThing("transfer")))
    call.quiet(2)
    call.hear(word(1))
    call.line.call.post(StreamStopped())
    call.wait(0.2)
    assert call.root.outcome("CA1") == HungUp()


def test_nobody_remembers_a_call_that_never_was(place_call: PlaceCall) -> None:
    assert place_call().root.outcome("CA2") is None


# --- ends of our own -------------------------------------------------------------------


def test_the_longest_call_ends_with_a_goodbye(place_call: PlaceCall) -> None:
    call = place_call(max_call_s=30)
    call.quiet(29.9)
    assert "bye" not in [job.text for job in call.synthesizer.jobs]
    call.quiet(1)
    assert call.synthesizer.jobs[-1].text == "bye"
    assert call.socket.closed == "max_duration"
    assert call.ended
    assert count(call, "calls_total", reason="max_duration") == 1


def test_the_longest_call_ends_even_if_the_brain_never_answers(place_call: PlaceCall) -> None:
    class Mute(EchoBrain):
        def respond(self, event: brains.CallerEvent, sink: brains.BrainSink) -> ScriptedReply:
            return super().respond(event, lambda _output: None)

    call = place_call(dialogue=EchoDialogue(Mute()), max_call_s=30)
    call.quiet(31)
    assert call.socket.closed == "max_duration"
    assert call.ended


def test_a_call_without_media_ends(place_call: PlaceCall) -> None:
    call = place_call(no_media_timeout_s=15)
    call.wait(14.9)
    assert not call.ended
    call.wait(0.5)
    assert call.socket.closed == "no_media"
    assert call.ended


def test_a_call_with_media_does_not_end_for_want_of_it(place_call: PlaceCall) -> None:
    call = place_call(no_media_timeout_s=15)
    call.quiet(1)
    call.wait(20)
    assert not call.ended


@pytest.mark.parametrize("beats", [5, 20, 40, 200])
def test_goodbye_asked_for_twice_is_said_once(place_call: PlaceCall, beats: int) -> None:
    call = place_call()
    call.quiet(beats * 0.02)
    for _ in range(2):
        call.line.agent.post(SayGoodbye("drained"))
    call.quiet(2)
    assert [job.text for job in call.synthesizer.jobs].count("bye") == 1
    assert call.socket.closed == "drained"
    assert call.ended


# --- admission -------------------------------------------------------------------------


def _refusal(exchange: Exchange, call_sid: str) -> str:
    with pytest.raises(CallRefused) as refused:
        exchange.root.begin(call_sid, "MZ", FakeSocket())
    return refused.value.reason


def test_duplicate_busy_and_draining_calls_are_refused_and_leave_nothing() -> None:
    exchange = Exchange(max_calls=2)
    exchange.call("CA1")
    assert _refusal(exchange, "CA1") == "duplicate"
    exchange.call("CA2")
    assert _refusal(exchange, "CA3") == "busy"
    exchange.root.stop_admitting()
    assert _refusal(exchange, "CA3") == "draining"
    assert exchange.root.active == 2
    assert len(exchange.dialogue.brains) == 2
    exchange.root.abort_all()
    exchange.beat(5)
    assert_nothing_left(exchange)


def test_a_brain_that_cannot_be_made_takes_no_place() -> None:
    exchange = Exchange(max_calls=1)

    def broken(call: CallFacts) -> EchoBrain:
        raise OSError("no such dialogue")

    exchange.dialogue.new_brain = broken  # type: ignore[method-assign]  # a fault for one call
    with pytest.raises(OSError, match="no such dialogue"):
        exchange.root.begin("CA1", "MZ", FakeSocket())
    assert exchange.root.admission.refusal() is None
    assert_nothing_left(exchange)


def test_a_transfer_is_known_before_the_socket_has_closed(place_call: PlaceCall) -> None:
    call = place_call()
    call.socket.on_close = None
    call.line.call.post(Transfer("+15550100"))
    call.quiet(2)
    assert call.socket.closed == "transfer"
    assert not call.ended
    assert call.root.outcome(call.call_sid) == TransferTo("+15550100")
    call.line.call.post(SocketClosed(1000))
