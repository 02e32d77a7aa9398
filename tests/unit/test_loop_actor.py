"""The life of a loop-hosted actor: its turns, its timers, its stop, and questions to it."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pykka
import pytest

from actors.loop_actor import TURN_MESSAGES, Asked
from actors.mailbox import Mailbox
from actors.runtime import loop_runtime
from media.frame import FRAME_S
from tests.support.peers import RecordingPeer
from tests.support.probes import (
    Frame,
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

TIMEOUT_S = 5.0

ERRORS: list[type[BaseException]] = [
    ValueError,
    asyncio.CancelledError,
    SystemExit,
    KeyboardInterrupt,
    GeneratorExit,
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def nobody_stays_registered() -> Iterator[None]:
    """Every test ends with Pykka's registry as it found it."""
    with registry_unchanged():
        yield


# --- turns ----------------------------------------------------------------------------


def test_an_actor_starts_in_its_first_turn_and_then_deals_with_messages_in_order() -> None:
    rig, script = ProbeRig(), Script()
    ref = rig.start(script)
    assert script.starts == 0
    rig.mailbox.post(Frame(1))
    rig.mailbox.post(Order(2))
    rig.settle()
    assert script.starts == 1
    assert script.heard == [Order(2), Frame(1)]
    rig.stop(ref)


def test_what_was_posted_before_the_start_is_dealt_with_after_it() -> None:
    rig, script = ProbeRig(), Script()
    rig.mailbox.post(Order(1))
    ref = rig.run(script)
    assert script.heard == [Order(1)]
    rig.stop(ref)


def test_tell_reaches_the_actor_like_a_post() -> None:
    rig, script = ProbeRig(), Script()
    ref = rig.run(script)
    ref.tell(Order(1))
    rig.settle()
    assert script.heard == [Order(1)]
    assert rig.mailbox.ledger.control_delivered == 1
    rig.stop(ref)


def test_the_turn_budget_gives_the_others_their_turn() -> None:
    rig, order = ProbeRig(), list[str]()
    busy = Script(on_message=lambda _actor, _message: order.append("busy"))
    modest = Script(on_message=lambda _actor, _message: order.append("modest"))
    modest_box = rig.new_mailbox("modest")
    refs = [rig.run(busy), rig.start(modest, modest_box)]
    rig.settle()
    for number in range(3 * TURN_MESSAGES):
        rig.mailbox.post(Order(number))
    modest_box.post(Order(0))
    rig.settle()
    assert order.index("modest") == TURN_MESSAGES
    assert order.count("busy") == 3 * TURN_MESSAGES
    rig.stop(*refs)


def test_an_actor_that_tells_itself_for_ever_does_not_starve_the_others() -> None:
    rig = ProbeRig()

    def again(actor: ProbeActor, _message: Any) -> None:
        if len(actor.script.heard) < 20 * TURN_MESSAGES:
            actor.mailbox.post(Order(0))

    greedy, modest = Script(on_message=again), Script()
    heard_by_then: list[int] = []
    modest.on_message = lambda _actor, _message: heard_by_then.append(len(greedy.heard))
    modest_box = rig.new_mailbox("modest")
    refs = [rig.run(greedy), rig.start(modest, modest_box)]
    rig.settle()
    rig.mailbox.post(Order(0))
    modest_box.post(Order(0))
    rig.settle()
    assert heard_by_then == [TURN_MESSAGES]
    rig.stop(*refs)


def test_while_holding_the_ordered_lane_waits_for_the_beat() -> None:
    rig = ProbeRig()
    script = Script(
        beats=True,
        on_start=lambda actor: actor.mailbox.hold(holding=True),
        on_beat=lambda actor, _now: actor.script.heard.append(actor.mailbox.take_in_order()),
    )
    ref = rig.run(script)
    for message in (Frame(1), Frame(2), Order(3)):
        rig.mailbox.post(message)
    rig.settle()
    assert script.heard == [Order(3)]
    rig.advance(1.5 * FRAME_S)
    assert script.heard == [Order(3), Frame(1)]
    rig.stop(ref)
    assert rig.mailbox.ledger.delivered == 1
    assert missing(rig.mailbox) == (0, 0)


# --- stop -----------------------------------------------------------------------------


def test_stop_overtakes_queued_media_and_leaves_it_in_the_mailbox() -> None:
    rig, script = ProbeRig(), Script()
    ref = rig.run(script)
    for number in range(100):
        rig.mailbox.post(Frame(number))
    rig.mailbox.post(Order(1))
    stopped = ref.stop(block=False)
    rig.settle()
    assert script.heard == []
    assert script.releases == 1
    assert stopped.get(timeout=0) is True
    assert rig.mailbox.held_frames == 100
    assert missing(rig.mailbox) == (0, 0)


def test_a_stop_during_a_message_takes_effect_before_the_next() -> None:
    rig, script = ProbeRig(), Script(on_message=lambda actor, _message: actor.stop())
    rig.run(script)
    rig.mailbox.post(Order(1))
    rig.mailbox.post(Order(2))
    rig.settle()
    assert script.heard == [Order(1)]
    assert rig.mailbox.held_control == 1


def test_a_stop_is_no_failure() -> None:
    rig, script = ProbeRig(), Script(beats=True)
    rig.stop(rig.run(script))
    assert rig.failures == []
    assert script.failures == []
    assert rig.metronome.members == 0
    assert rig.clock.pending == 0


def test_every_stop_that_waits_is_answered() -> None:
    rig = ProbeRig()
    ref = rig.run(Script())
    answers = [ref.stop(block=False) for _ in range(3)]
    rig.settle()
    assert [answer.get(timeout=0) for answer in answers] == [True] * 3


@pytest.mark.parametrize("kind", ERRORS)
def test_trouble_while_stopping_stops_all_the_same_and_answers(
    kind: type[BaseException],
) -> None:
    rig, script = ProbeRig(), Script(beats=True, on_release=fail(kind("stop")))
    ref = rig.run(script)
    stopped = ref.stop(block=False)
    rig.settle()
    assert stopped.get(timeout=0) is True
    assert not ref.is_alive()
    assert script.releases == 1
    assert rig.metronome.members == 0


def test_a_stop_that_meets_a_crash_is_answered() -> None:
    rig = ProbeRig()
    answers: list[Any] = []

    def stop_and_crash(actor: ProbeActor, _message: Any) -> None:
        answers.append(actor.actor_ref.stop(block=False))
        raise ValueError

    rig.run(Script(on_message=stop_and_crash))
    rig.mailbox.post(Order(1))
    rig.settle()
    assert answers[0].get(timeout=0) is True
    assert len(rig.failures) == 1


def test_after_a_stop_a_successor_can_take_over() -> None:
    rig, successor = ProbeRig(), Script()
    rig.stop(rig.run(Script()))
    rig.mailbox.post(Frame(1))
    ref = rig.run(successor)
    assert successor.heard == [Frame(1)]
    rig.stop(ref)


# --- ask ------------------------------------------------------------------------------


def test_an_error_over_an_ask_is_the_askers_and_not_the_actors() -> None:
    rig = ProbeRig()
    ref = rig.run(Script(on_message=fail_on(Order(1), ValueError("poison"))))
    answer = ref.ask(Order(1), block=False)
    rig.settle()
    with pytest.raises(ValueError, match="poison"):
        answer.get(timeout=0)
    assert ref.is_alive()
    assert rig.failures == []
    rig.stop(ref)


def test_an_ask_that_ends_the_actor_is_answered_as_well() -> None:
    """A `BaseException` is no answer to a question: the actor crashes, the asker hears of it."""
    rig = ProbeRig()
    ref = rig.run(Script(on_message=fail(SystemExit("out"))))
    answer = ref.ask(Order(1), block=False)
    rig.settle()
    with pytest.raises(SystemExit, match="out"):
        answer.get(timeout=0)
    assert not ref.is_alive()
    assert len(rig.failures) == 1


def test_an_ask_left_in_the_mailbox_is_answered_by_the_successor() -> None:
    rig = ProbeRig()
    first = rig.run(Script(on_message=fail_on(Order(1), ValueError())))
    rig.mailbox.post(Order(1))
    answer = first.ask(Order(2), block=False)
    rig.settle()
    ref = rig.run(Script(on_message=lambda _actor, message: message.number))
    assert answer.get(timeout=0) == 2
    rig.stop(ref)


def test_an_ask_left_in_a_closed_mailbox_can_be_refused_by_who_closes_it() -> None:
    rig = ProbeRig()
    ref = rig.run(Script())
    answer = ref.ask(Order(1), block=False)
    ref.stop(block=False)
    rig.settle()
    (left,) = rig.mailbox.close()
    assert isinstance(left, Asked)
    left.refuse(rig.mailbox.name)
    with pytest.raises(pykka.ActorDeadError, match="probe stopped before"):
        answer.get(timeout=0)


def test_an_ask_that_a_closed_mailbox_does_not_take_is_refused_at_once() -> None:
    rig = ProbeRig()
    ref = rig.run(Script())
    rig.mailbox.close()
    answer = ref.ask(Order(1), block=False)
    with pytest.raises(pykka.ActorDeadError):
        answer.get(timeout=0)
    rig.stop(ref)


# --- on a real loop -------------------------------------------------------------------


class LoopRig:
    """One probe on the running loop."""

    def __init__(self, script: Script) -> None:
        self.runtime = loop_runtime(lambda _label, _seconds: None)
        self.mailbox: Mailbox[Any] = Mailbox(
            "probe", media_frames=9, control_messages=9, on_overflow=lambda _name: None
        )
        self.supervisor = RecordingPeer()
        self.ref = ProbeActor.start(self.runtime, self.mailbox, self.supervisor, script)

    async def stop(self) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await asyncio.to_thread(self.ref.stop, timeout=TIMEOUT_S)


@pytest.mark.anyio
async def test_ask_from_another_thread_is_answered_on_the_loops_thread() -> None:
    rig = LoopRig(Script(on_message=lambda _actor, _message: threading.get_ident()))
    answer = await asyncio.to_thread(rig.ref.ask, Order(1), timeout=TIMEOUT_S)
    assert answer == threading.get_ident()
    await rig.stop()
    assert not rig.ref.is_alive()


@pytest.mark.anyio
async def test_an_error_over_an_ask_from_another_thread_reaches_that_thread_only() -> None:
    rig = LoopRig(Script(on_message=fail(ValueError("poison"))))
    with pytest.raises(ValueError, match="poison"):
        await asyncio.to_thread(rig.ref.ask, Order(1), timeout=TIMEOUT_S)
    assert rig.ref.is_alive()
    assert rig.supervisor.messages == []
    await rig.stop()


@pytest.mark.anyio
async def test_questions_from_many_threads_are_all_answered_and_counted() -> None:
    rig = LoopRig(Script(on_message=lambda _actor, message: message.number))

    def ask_often() -> list[int]:
        return [rig.ref.ask(Order(number), block=True, timeout=TIMEOUT_S) for number in range(100)]

    answers = await asyncio.gather(*(asyncio.to_thread(ask_often) for _ in range(4)))
    assert answers == [list(range(100))] * 4
    assert rig.mailbox.ledger.control_delivered == 400
    assert missing(rig.mailbox) == (0, 0)
    await rig.stop()


@pytest.mark.anyio
async def test_the_metronome_beats_on_a_real_loop_until_the_actor_stops() -> None:
    beaten = asyncio.Event()
    rig = LoopRig(Script(beats=True, on_beat=lambda _actor, _now: beaten.set()))
    async with asyncio.timeout(TIMEOUT_S):
        await beaten.wait()
    await rig.stop()
    assert rig.runtime.metronome.members == 0


@pytest.mark.anyio
async def test_waiting_for_an_answer_on_the_loops_thread_raises_instead_of_blocking() -> None:
    rig = LoopRig(Script())
    with pytest.raises(RuntimeError, match="would block every call"):
        rig.ref.ask(Order(1), timeout=TIMEOUT_S)
    with pytest.raises(RuntimeError, match="would block every call"):
        rig.ref.stop(timeout=TIMEOUT_S)
    with pytest.raises(RuntimeError, match="would block every call"):
        await rig.ref.ask(Order(1), block=False)
    rig.mailbox.close()
