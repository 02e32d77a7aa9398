"""The control port: it breaks the call it is told to, and tells of the others."""

from typing import Any

import pytest

from bench.faults.server.control_port import HEARD_DROPS, NOTES_MAX, ControlPort, Notes
from tests.support.faults import Exchange

pytestmark = pytest.mark.unit


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange()
    for call_sid in ("CA1", "CA2"):
        exchange.call(call_sid)
    exchange.beat(20)
    return exchange


def restarts(port: ControlPort, call: str) -> dict[str, int]:
    view = port.do_view(call)
    assert view is not None
    found: dict[str, int] = view["restarts"]
    return found


@pytest.mark.parametrize("child", ["rx", "stt", "agent", "tx"])
@pytest.mark.parametrize("error", ["Boom", "KeyboardInterrupt", "CancelledError"])
def test_a_child_of_one_call_crashes_once(exchange: Exchange, child: str, error: str) -> None:
    port = ControlPort(exchange.root, Notes())
    port.do_crash(call="CA1", child=child, error=error)
    exchange.beat(30)
    assert restarts(port, "CA1")[child] == 1
    assert sum(restarts(port, "CA1").values()) == 1
    assert sum(restarts(port, "CA2").values()) == 0


def test_a_crash_waits_for_the_message_it_is_to_come_over(exchange: Exchange) -> None:
    port = ControlPort(exchange.root, Notes())
    port.do_crash(call="CA1", child="rx", over="InboundFrame")
    exchange.settle()
    assert restarts(port, "CA1")["rx"] == 0
    exchange.beat(5)
    assert restarts(port, "CA1")["rx"] == 1


@pytest.mark.parametrize("child", ["rx", "tx"])
def test_a_crash_on_a_beat_comes_with_the_next_one(exchange: Exchange, child: str) -> None:
    port = ControlPort(exchange.root, Notes())
    port.do_crash_tick(call="CA1", child=child)
    exchange.beat(3)
    assert restarts(port, "CA1")[child] == 1


def test_a_flood_of_control_ends_its_call(exchange: Exchange) -> None:
    port = ControlPort(exchange.root, Notes())
    port.do_flood(call="CA1", child="agent", messages=600)
    exchange.beat(10)
    exchange.forget_ended()
    assert (port.do_view("CA1") or {})["state"] == "ended:control_overflow"
    assert (port.do_view("CA2") or {})["state"] == "live"


def test_the_tally_is_of_the_others_alone(exchange: Exchange) -> None:
    notes = Notes()
    port = ControlPort(exchange.root, notes)
    port.do_crash(call="CA1", child="rx")
    exchange.beat(5)
    for box in exchange.callers[0].parts.mailboxes:
        box.ledger.drop("overflow")
    beside: Any = exchange.callers[1].parts
    for reason in (*HEARD_DROPS, "stale"):
        beside.tx.ledger.drop(reason, 3)
    notes.slow_turn("rx CA2", 0.007)
    tally = port.do_tally(but=["CA1"])
    assert tally == {"live": 1, "drops": 6, "restarts": 0, "slow": [("rx CA2", 7.0)]}
    assert port.do_tally(but=["CA1"])["slow"] == []


def test_notes_have_a_bound() -> None:
    notes = Notes()
    for number in range(NOTES_MAX + 5):
        notes.slow_turn(str(number), 1.0)
    taken = notes.take_slow()
    assert len(taken) == NOTES_MAX
    assert taken[-1][0] == str(NOTES_MAX + 4)


def test_metrics_can_be_read(exchange: Exchange) -> None:
    port = ControlPort(exchange.root, Notes())
    assert port.do_count("calls_active", {}) == 2
    assert port.do_count("no_such_metric", {}) == 0
