"""Letting a call go by the carrier's interface: whatever that does, nobody waits in silence."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from actors.messages import EndPolitely, Hangup, SocketClosed, StreamStopped, Transfer
from actors.outcome import HungUp, Outcome, Told, TransferTo
from dialogue.ports import CallFacts
from tests.support.brains import MANNERS
from tests.support.call import ManualCall
from tests.support.engines import EchoBrain, EchoDialogue
from tests.support.faults import assert_nothing_left, kill, log_lines
from tests.support.peers import FakeSocket

pytestmark = pytest.mark.faults

API_S, CLOSE_S = 3.0, 5.0
"""The defaults of the two deadlines."""

TO = "+15550100"


class Carrier:
    """A `CallControl` that answers when the test says so, or at once."""

    def __init__(self, at_once: Told | None = None) -> None:
        self.at_once = at_once
        self.asked: list[tuple[str, Outcome]] = []
        self.told: list[Callable[[Told, str], None]] = []

    def bring_about(
        self, call_sid: str, outcome: Outcome, told: Callable[[Told, str], None]
    ) -> None:
        self.asked.append((call_sid, outcome))
        self.told.append(told)
        if self.at_once is not None:
            told(self.at_once, "at once")

    def answer(self, what: Told) -> None:
        self.told[-1](what, "HTTP 500, code 500")


PATIENT = replace(MANNERS, silence_after_s=600.0)
"""The agent says nothing of its own accord while it waits for the call's end."""


def call_of(carrier: Carrier) -> ManualCall:
    call = ManualCall(control=carrier, dialogue=EchoDialogue(EchoBrain(manners=PATIENT)))
    call.quiet(1)
    return call


def test_a_transfer_is_asked_of_the_carrier_and_the_socket_is_left_to_it() -> None:
    carrier = Carrier()
    call = call_of(carrier)
    call.line.call.post(Transfer(TO))
    call.quiet(0.3)
    assert carrier.asked == [("CA1", TransferTo(TO))]
    carrier.answer(Told.TAKEN)
    call.quiet(0.3)
    assert call.socket.closed is None
    assert call.root.outcome("CA1") == TransferTo(TO)  # the webhook may ask all the same
    call.line.call.post(StreamStopped())
    call.wait(1)
    view = call.root.view("CA1")
    assert view is not None
    assert view["state"] == "ended:transfer"
    assert call.root.outcome("CA1") == TransferTo(TO)
    assert_nothing_left(call)


def test_a_hang_up_is_asked_of_the_carrier() -> None:
    carrier = Carrier()
    call = call_of(carrier)
    call.line.call.post(Hangup("goodbye"))
    call.quiet(0.1)
    assert carrier.asked == [("CA1", HungUp())]


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_failure_closes_the_socket_and_says_so_once(when: str) -> None:
    carrier = Carrier(Told.FAILED if when == "at once" else None)
    call = call_of(carrier)
    with log_lines("WARNING") as lines:
        call.line.call.post(Transfer(TO))
        call.quiet(0.2)
        if when == "later":
            assert call.socket.closed is None
            carrier.answer(Told.FAILED)
            call.quiet(0.2)
        call.wait(1)
    assert call.socket.closed == "transfer"
    assert call.ended
    assert call.root.outcome("CA1") == TransferTo(TO)
    assert len(lines) == 1
    assert TO not in lines[0]
    assert_nothing_left(call)


def test_a_call_that_the_carrier_does_not_know_is_closed_without_an_alarm() -> None:
    call = call_of(Carrier(Told.GONE))
    with log_lines("WARNING") as lines:
        call.line.call.post(Hangup("goodbye"))
        call.wait(1)
    assert call.socket.closed == "goodbye"
    assert call.ended
    assert lines == []


@pytest.mark.parametrize("answer", [None, Told.TAKEN])
def test_a_carrier_that_does_nothing_leaves_nobody_in_silence(answer: Told | None) -> None:
    call = call_of(Carrier(answer))
    call.line.call.post(Transfer(TO))
    call.quiet(API_S + CLOSE_S - 0.1)
    assert call.socket.closed is None
    call.quiet(0.2)
    assert call.socket.closed == "transfer"
    assert call.ended
    assert_nothing_left(call)


def test_a_socket_that_does_not_close_either_is_dropped() -> None:
    call = call_of(Carrier(Told.TAKEN))
    call.socket.on_close = None
    call.line.call.post(Transfer(TO))
    call.quiet(API_S + CLOSE_S + CLOSE_S - 0.1)
    assert not call.socket.aborted
    call.quiet(1)
    assert call.socket.aborted
    assert call.ended


def test_the_caller_who_hangs_up_meanwhile_ends_the_call_at_once() -> None:
    carrier = Carrier()
    call = call_of(carrier)
    call.line.call.post(Transfer(TO))
    call.quiet(0.1)
    call.line.call.post(StreamStopped())
    call.wait(0.5)
    assert call.ended
    carrier.answer(Told.FAILED)  # finds nobody, and harms nobody
    call.wait(1)
    assert_nothing_left(call)


def test_a_late_failure_closes_nothing_twice() -> None:
    carrier = Carrier()
    call = call_of(carrier)
    closes: list[str] = []
    call.socket.on_close = lambda: closes.append("closed")
    call.line.call.post(Transfer(TO))
    call.quiet(API_S + CLOSE_S + 0.1)
    carrier.answer(Told.FAILED)
    call.quiet(0.5)
    assert closes == ["closed"]
    call.line.call.post(SocketClosed(1000))
    call.wait(1)
    assert_nothing_left(call)


@pytest.mark.parametrize("first", [Hangup("goodbye"), Transfer(TO)])
def test_the_first_word_counts(first: Hangup | Transfer) -> None:
    carrier = Carrier()
    call = call_of(carrier)
    for message in (first, Transfer("+15550199"), Hangup("drained")):
        call.line.call.post(message)
    call.quiet(0.1)
    outcome = HungUp() if isinstance(first, Hangup) else TransferTo(TO)
    assert carrier.asked == [("CA1", outcome)]
    assert call.root.outcome("CA1") == outcome


def test_goodbye_at_shutdown_is_a_hang_up_by_the_carrier() -> None:
    carrier = Carrier(Told.TAKEN)
    call = call_of(carrier)
    call.root.stop_admitting()
    call.root.end_all("drained")
    call.quiet(2)
    assert carrier.asked == [("CA1", HungUp())]
    call.line.call.post(StreamStopped())
    call.wait(1)
    assert_nothing_left(call)


def test_calls_that_are_cut_off_at_shutdown_wait_for_no_carrier() -> None:
    carrier = Carrier()
    call = call_of(carrier)
    call.line.call.post(EndPolitely("drained"))
    call.quiet(2)
    assert len(carrier.asked) == 1
    call.root.abort_all()
    call.wait(0.2)
    assert_nothing_left(call)
    carrier.answer(Told.TAKEN)


def test_a_supervisor_that_crashes_while_the_carrier_is_asked_leaves_the_outcome() -> None:
    carrier = Carrier()
    call = call_of(carrier)
    call.line.call.post(Transfer(TO))
    call.quiet(0.1)
    kill(call, "call")
    call.wait(1)
    assert call.socket.closed == "call_failed"
    assert call.root.outcome("CA1") == TransferTo(TO)
    carrier.answer(Told.TAKEN)
    assert_nothing_left(call)


def test_a_tx_that_is_gone_for_good_closes_the_socket_whatever_the_carrier_does() -> None:
    carrier = Carrier(Told.TAKEN)
    call = call_of(carrier)
    call.line.call.post(Transfer(TO))
    call.quiet(0.1)
    for _ in range(2):
        kill(call, "tx")
        call.quiet(0.1)
    call.wait(1)
    assert call.socket.closed == "tx_failed"
    assert call.ended


class Curious(EchoDialogue):
    """Keeps what its brains may know of their calls."""

    facts: CallFacts

    def new_brain(self, call: CallFacts) -> EchoBrain:
        self.facts = call
        return super().new_brain(call)


def test_the_callers_number_is_known_to_the_brain_and_shown_nowhere() -> None:
    dialogue = Curious()
    with log_lines("TRACE") as lines:
        call = ManualCall(dialogue=dialogue, caller="+972501234567", log_transcripts=False)
        call.quiet(2)
        assert "+972501234567" not in repr(call.root.views())
        call.line.call.post(StreamStopped())
        call.wait(1)
    assert dialogue.facts.caller == "+972501234567"
    assert "+972501234567" not in repr(call.root.view("CA1"))
    assert not any("972501234567" in line for line in lines)


def test_a_call_without_a_number_is_from_nobody_known() -> None:
    dialogue = Curious()
    call = ManualCall(dialogue=dialogue)
    call.root.abort_all()
    call.wait(0.2)
    assert dialogue.facts.caller == ""
    assert isinstance(call.socket, FakeSocket)
