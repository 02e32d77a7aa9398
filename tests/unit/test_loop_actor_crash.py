"""The death of a loop-hosted actor: every crash is contained, reported, counted and survived."""

import asyncio
import gc
import logging
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pykka
import pytest

from actors.messages import ChildFailed
from media.frame import FRAME_S
from tests.support.probes import (
    Frame,
    InStep,
    Order,
    ProbeActor,
    ProbeRig,
    Script,
    fail,
    fail_on,
    missing,
    registry_unchanged,
)

pytestmark = pytest.mark.unit

ERRORS: list[type[BaseException]] = [
    ValueError,
    asyncio.CancelledError,
    SystemExit,
    KeyboardInterrupt,
    GeneratorExit,
]


@pytest.fixture(autouse=True)
def nobody_stays_registered() -> Iterator[None]:
    """Every test ends with Pykka's registry as it found it."""
    with registry_unchanged():
        yield


@pytest.fixture
def unlogged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep pytest's record of the log from holding a dead actor by its traceback."""
    monkeypatch.setattr(logging.getLogger("pykka"), "disabled", True)


# --- crashes --------------------------------------------------------------------------

OCCASIONS: dict[str, Callable[[BaseException], Script]] = {
    "on_start": lambda error: Script(beats=True, on_start=fail(error)),
    "on_receive": lambda error: Script(beats=True, on_message=fail(error)),
    "on_tick": lambda error: Script(beats=True, on_beat=fail(error)),
    "on_failure": lambda error: Script(
        beats=True, on_message=fail(error), on_release=fail(RuntimeError("cleaning up"))
    ),
    "on_failure, out of hand": lambda error: Script(
        beats=True, on_message=fail(error), on_release=fail(SystemExit("cleaning up"))
    ),
}


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("occasion", OCCASIONS)
def test_every_crash_is_contained_and_reported_exactly_once(
    occasion: str, kind: type[BaseException]
) -> None:
    error = kind("crash")
    rig, script, bystander = ProbeRig(), OCCASIONS[occasion](error), Script(beats=True)
    bystander_box = rig.new_mailbox("bystander")
    others = rig.start(bystander, bystander_box)
    ref = rig.start(script)
    rig.mailbox.post(Order(1))
    rig.advance(3 * FRAME_S)
    assert rig.failures == [ChildFailed("probe", error)]
    assert script.failures == [error]
    assert script.releases == 1
    assert not ref.is_alive()
    assert others.is_alive()
    bystander_box.post(Order(2))
    rig.settle()
    assert bystander.heard == [Order(2)]
    assert rig.metronome.members == 1
    assert missing(rig.mailbox) == (0, 0)
    rig.stop(others)


def test_a_crashed_actor_deals_with_nothing_more() -> None:
    rig, script = ProbeRig(), Script(beats=True, on_message=fail(ValueError()))
    rig.start(script)
    for number in range(3):
        rig.mailbox.post(Order(number))
    rig.advance(10 * FRAME_S)
    assert script.heard == [Order(0)]
    assert script.beats_at == []


def test_the_mailbox_outlives_the_crash_and_the_successor_gets_the_rest_in_order() -> None:
    rig = ProbeRig()
    rig.run(Script(on_message=fail_on(Frame(2), ValueError())))
    left = [Frame(1), Frame(2), InStep(3), Frame(4), Frame(5)]
    for message in left:
        rig.mailbox.post(message)
    rig.settle()
    rig.mailbox.post(Frame(6))
    rig.mailbox.post(Order(7))
    rig.settle()
    successor = Script()
    ref = rig.run(successor)
    assert successor.heard == [Order(7), InStep(3), Frame(4), Frame(5), Frame(6)]
    ledger = rig.mailbox.ledger
    assert (ledger.delivered, ledger.crashed) == (4, 1)
    assert missing(rig.mailbox) == (0, 0)
    rig.stop(ref)


@pytest.mark.parametrize("trouble", [Order(1), InStep(1)])
def test_the_control_message_that_a_crash_consumed_is_counted(trouble: Any) -> None:
    rig = ProbeRig()
    rig.run(Script(on_message=fail(ValueError())))
    rig.mailbox.post(trouble)
    rig.settle()
    ledger = rig.mailbox.ledger
    assert (ledger.control_delivered, ledger.control_crashed) == (0, 1)
    assert missing(rig.mailbox) == (0, 0)


def test_the_frame_that_a_crash_on_the_beat_consumed_is_counted() -> None:
    rig = ProbeRig()

    def take_and_crash(actor: ProbeActor, _now: float) -> None:
        actor.mailbox.take_in_order()
        raise ValueError

    rig.run(
        Script(
            beats=True,
            on_start=lambda actor: actor.mailbox.hold(holding=True),
            on_beat=take_and_crash,
        )
    )
    rig.mailbox.post(Frame(1))
    rig.mailbox.post(Frame(2))
    rig.advance(2 * FRAME_S)
    assert (rig.mailbox.ledger.delivered, rig.mailbox.ledger.crashed) == (0, 1)
    assert rig.mailbox.held_frames == 1
    assert missing(rig.mailbox) == (0, 0)


def test_what_was_dealt_with_before_a_crash_on_the_beat_is_not_charged() -> None:
    rig = ProbeRig()
    rig.run(Script(beats=True, on_beat=fail(ValueError())))
    rig.mailbox.post(Frame(1))
    rig.advance(2 * FRAME_S)
    assert (rig.mailbox.ledger.delivered, rig.mailbox.ledger.crashed) == (1, 0)


def test_a_frame_dealt_with_on_an_earlier_beat_is_not_charged_to_a_later_crash() -> None:
    rig = ProbeRig()

    def take_or_crash(actor: ProbeActor, _now: float) -> None:
        if actor.mailbox.take_in_order() is None:
            raise ValueError

    rig.mailbox.post(Frame(1))
    rig.run(
        Script(
            beats=True,
            on_start=lambda actor: actor.mailbox.hold(holding=True),
            on_beat=take_or_crash,
        )
    )
    rig.advance(3 * FRAME_S)
    assert len(rig.failures) == 1
    assert (rig.mailbox.ledger.delivered, rig.mailbox.ledger.crashed) == (1, 0)


def test_the_supervisor_hears_of_the_crash_when_the_actor_is_already_apart() -> None:
    """It may start the successor at once, from within the report."""
    rig, successor = ProbeRig(), Script()
    refs: list[pykka.ActorRef[Any]] = []
    rig.supervisor.on_post = lambda _failure: refs.append(rig.start(successor))
    rig.run(Script(on_message=fail(ValueError())))
    rig.mailbox.post(Order(1))
    rig.mailbox.post(Order(2))
    rig.settle()
    assert successor.heard == [Order(2)]
    rig.stop(*refs)


def test_a_crash_in_on_start_leaves_every_message_for_the_successor() -> None:
    rig, successor = ProbeRig(), Script()
    rig.mailbox.post(Frame(1))
    rig.run(Script(on_start=fail(ValueError())))
    ref = rig.run(successor)
    assert successor.heard == [Frame(1)]
    rig.stop(ref)


# --- a dead incarnation ---------------------------------------------------------------


def test_a_stale_stop_does_not_touch_the_successor() -> None:
    rig, successor = ProbeRig(), Script()
    stale = rig.run(Script(on_message=fail(ValueError())))
    rig.mailbox.post(Order(1))
    rig.settle()
    ref = rig.run(successor)
    assert stale.stop(block=False).get(timeout=0) is False
    rig.settle()
    assert ref.is_alive()
    assert successor.releases == 0
    rig.stop(ref)


def test_an_envelope_that_reaches_a_dead_inbox_goes_no_further() -> None:
    """As when the actor died between Pykka's look at it and the put."""
    rig, successor = ProbeRig(), Script()
    stale = rig.run(Script(on_message=fail(ValueError())))
    rig.mailbox.post(Order(1))
    rig.settle()
    ref = rig.run(successor)
    stale.actor_stopped.clear()
    stale.tell(Order(2))
    stopped = stale.stop(block=False)
    asked = stale.ask(Order(3), block=False)
    rig.settle()
    assert successor.heard == []
    assert ref.is_alive()
    assert stopped.get(timeout=0) is False
    with pytest.raises(pykka.ActorDeadError):
        asked.get(timeout=0)
    stale.actor_stopped.set()
    rig.stop(ref)


def test_a_tell_to_a_dead_incarnation_is_the_tellers_error() -> None:
    rig = ProbeRig()
    stale = rig.run(Script(on_start=fail(ValueError())))
    with pytest.raises(pykka.ActorDeadError):
        stale.tell(Order(1))
    assert rig.mailbox.held_control == 0


def test_a_beat_under_way_does_not_reach_a_dead_incarnation() -> None:
    """As when it dies by the beat of a neighbour in its slot."""
    rig, script = ProbeRig(), Script(on_beat=fail(ValueError()))
    ref = rig.run(script)
    actor: Any = rig.mailbox._owner
    rig.stop(ref)
    actor.tick(rig.clock.now())
    assert script.beats_at == []
    assert rig.failures == []


def test_timers_of_a_dead_incarnation_never_fire() -> None:
    rig, successor = ProbeRig(), Script()

    def set_timer(actor: ProbeActor) -> None:
        actor.after(1.0, Order(99))

    rig.run(Script(on_start=set_timer, on_message=fail(ValueError())))
    assert rig.clock.pending == 1
    rig.mailbox.post(Order(1))
    rig.settle()
    assert rig.clock.pending == 0
    ref = rig.run(successor)
    rig.advance(10.0)
    assert successor.heard == []
    rig.stop(ref)


@pytest.mark.parametrize("crashes", [True, False], ids=["crash", "stop"])
def test_a_timer_set_while_cleaning_up_never_fires(*, crashes: bool) -> None:
    rig, successor = ProbeRig(), Script()
    first = Script(on_release=lambda actor: actor.after(1.0, Order(99)))
    if crashes:
        first.on_start = fail(ValueError())
    rig.stop(rig.run(first))
    ref = rig.run(successor)
    rig.advance(10.0)
    assert successor.heard == []
    rig.stop(ref)


def test_a_stop_calls_the_timers_off() -> None:
    rig = ProbeRig()
    ref = rig.run(Script(on_start=lambda actor: actor.after(1.0, Order(99))))
    rig.stop(ref)
    assert rig.clock.pending == 0


def test_a_timer_comes_as_a_message_and_a_cancelled_one_does_not() -> None:
    rig = ProbeRig()

    def set_timers(actor: ProbeActor) -> None:
        actor.after(1.0, Order(1))
        actor.after(2.0, Order(2)).cancel()
        actor.after(3.0, Order(3))

    script = Script(on_start=set_timers)
    ref = rig.run(script)
    rig.advance(1.0)
    assert script.heard == [Order(1)]
    rig.advance(5.0)
    assert script.heard == [Order(1), Order(3)]
    rig.stop(ref)


# --- memory ---------------------------------------------------------------------------


def living(rig: ProbeRig) -> weakref.ref[Any]:
    """Look at the actor behind the rig's mailbox without holding it."""
    return weakref.ref(rig.mailbox._owner)


def test_an_actor_is_not_collected_while_attached() -> None:
    rig = ProbeRig()
    ref = rig.run(Script())
    actor = living(rig)
    gc.collect()
    assert actor() is not None
    rig.stop(ref)


@pytest.mark.usefixtures("unlogged")
def test_an_actor_is_freed_after_its_stop_without_the_collector() -> None:
    """Cycles would wait for the garbage collector, whose pauses every call would hear."""
    rig = ProbeRig()
    ref = rig.run(Script(beats=True, on_start=lambda actor: actor.after(9.0, Order(1))))
    actor = living(rig)
    gc.disable()
    try:
        rig.mailbox.post(Order(2))
        rig.advance(5 * FRAME_S)
        rig.stop(ref)
        assert actor() is None
    finally:
        gc.enable()


@pytest.mark.usefixtures("unlogged")
def test_a_timer_that_has_fired_does_not_hold_its_actor() -> None:
    rig = ProbeRig()
    ref = rig.run(Script(on_start=lambda actor: actor.after(1.0, Order(1))))
    actor = living(rig)
    gc.disable()
    try:
        rig.advance(2.0)
        rig.stop(ref)
        assert actor() is None
    finally:
        gc.enable()


@pytest.mark.usefixtures("unlogged")
@pytest.mark.parametrize("occasion", OCCASIONS)
def test_an_actor_is_collected_after_its_crash_though_the_failure_is_kept(occasion: str) -> None:
    rig = ProbeRig()
    rig.start(OCCASIONS[occasion](ValueError("crash")))
    actor = living(rig)
    rig.mailbox.post(Order(1))
    rig.advance(5 * FRAME_S)
    assert len(rig.failures) == 1
    gc.collect()
    assert actor() is None
