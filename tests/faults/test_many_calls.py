"""Two hundred calls, each with faults of its own: nothing is left of them, nothing unaccounted."""

import random
from collections import Counter

import pytest

from actors.messages import (
    DigitPressed,
    Hangup,
    SayGoodbye,
    SocketClosed,
    StreamStopped,
    Transfer,
)
from tests.support.engines import word
from tests.support.faults import (
    Boom,
    Caller,
    Exchange,
    InBandPoison,
    Poison,
    assert_nothing_left,
    count,
    raise_once,
)

pytestmark = pytest.mark.faults

CALLS = 200
AT_ONCE = 12
MAILBOXES = ("rx", "stt", "agent", "tx", "call")
LONGEST_BEATS = 500


def _kill(caller: Caller, dice: random.Random) -> None:
    box = getattr(caller.parts, dice.choices(MAILBOXES, (5, 5, 5, 5, 1))[0])
    box.post(dice.choice((Poison, InBandPoison))())


def _raise(caller: Caller, dice: random.Random) -> None:
    box = getattr(caller.parts, dice.choice(MAILBOXES))
    if box._owner is not None:
        method = dice.choice(("on_receive", "on_tick"))
        error = dice.choice((Boom, KeyboardInterrupt, SystemExit))
        raise_once(box._owner, method, error())


def _say(caller: Caller, dice: random.Random) -> None:
    caller.says.extend(word(dice.randrange(1, 100)))


def _press(caller: Caller, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 3, 300))):
        caller.line.agent.post(DigitPressed("7"))


def _end(caller: Caller, dice: random.Random) -> None:
    ends = (StreamStopped(), SocketClosed(1006), SocketClosed(None), Hangup("x"), Transfer("+1"))
    caller.line.call.post(dice.choice(ends))


def _goodbye(caller: Caller, dice: random.Random) -> None:
    caller.line.agent.post(SayGoodbye("drained"))


EVENTS = (_kill, _raise, _say, _press, _end, _goodbye)
LIKELIHOODS = (6, 4, 14, 2, 2, 1)


def _one_beat(exchange: Exchange, dice: random.Random) -> None:
    for caller in exchange.callers:
        if dice.random() < 0.03:
            dice.choices(EVENTS, LIKELIHOODS)[0](caller, dice)
    exchange.beat()
    exchange.forget_ended()


def test_two_hundred_calls_with_random_faults_leave_nothing_behind() -> None:
    dice = random.Random(20)  # noqa: S311  # the same dice every time
    exchange = Exchange()
    for number in range(CALLS):
        exchange.call(f"CA{number}")
        while exchange.root.active >= AT_ONCE:
            _one_beat(exchange, dice)
    for _ in range(LONGEST_BEATS):
        if exchange.root.active:
            _one_beat(exchange, dice)
    exchange.root.abort_all()
    exchange.beat(10)
    assert_nothing_left(exchange)
    reasons = _ends(exchange)
    assert sum(reasons.values()) == CALLS
    assert set(reasons) >= {"agent_failed", "tx_failed", "call_failed", "control_overflow"}


def _ends(exchange: Exchange) -> Counter[str]:
    samples = (sample for family in exchange.metrics.calls.collect() for sample in family.samples)
    totals = (sample for sample in samples if sample.name == "calls_total")
    return Counter({sample.labels["reason"]: int(sample.value) for sample in totals})


def test_an_engine_that_refuses_everything_leaks_nothing_over_many_calls() -> None:
    exchange = Exchange()
    exchange.recognizer._opens.extend(["UNAVAILABLE"] * 1000)
    for number in range(50):
        exchange.call(f"CA{number}")
    exchange.beat(100)
    exchange.root.end_all("drained")
    exchange.beat(100)
    assert exchange.root.active == 0
    assert count(exchange, "calls_total", reason="drained") == 50
    assert_nothing_left(exchange)
