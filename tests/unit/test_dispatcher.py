"""Turns: first come first served, one wake-up for a burst, nobody starves."""

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from actors import dispatcher as dispatcher_module
from actors.dispatcher import (
    SLOW_TURN_S,
    TURNS_PER_WAKE,
    Dispatcher,
    LoopDispatcher,
    ManualDispatcher,
)

pytestmark = pytest.mark.unit

TIMEOUT_S = 5.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Actor:
    """Something that writes its name down when it has a turn."""

    def __init__(self, label: str, turns: list[str], then: Callable[[], Any] | None = None) -> None:
        self.label = label
        self._turns = turns
        self._then = then

    def turn(self) -> None:
        self._turns.append(self.label)
        if self._then is not None:
            self._then()


class CountingLoop:
    """The running loop, counting how often it is asked for a wake-up."""

    def __init__(self) -> None:
        self.soon = 0
        self.threadsafe = 0
        self._loop = asyncio.get_running_loop()

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.soon += 1
        self._loop.call_soon(callback)

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        self.threadsafe += 1
        self._loop.call_soon_threadsafe(callback)


def on_counting_loop(**options: Any) -> tuple[LoopDispatcher, CountingLoop]:
    """Make a dispatcher whose wake-ups are counted."""
    loop: Any = CountingLoop()
    return LoopDispatcher(loop, **options), loop


async def loop_turns(count: int = 1) -> None:
    """Let the loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


def keep_asking(dispatcher: Dispatcher, label: str, turns: list[str], times: int) -> Actor:
    """Make an actor that asks for another turn during each of its turns, so many times."""

    def again() -> None:
        if turns.count(label) < times:
            dispatcher.ready(actor)

    actor = Actor(label, turns, again)
    return actor


# --- by hand --------------------------------------------------------------------------


def test_by_hand_turns_are_given_first_come_first_served() -> None:
    dispatcher, turns = ManualDispatcher(), list[str]()
    for label in "abc":
        dispatcher.ready(Actor(label, turns))
    assert turns == []
    dispatcher.run_until_idle()
    assert turns == ["a", "b", "c"]


def test_by_hand_an_actor_that_asks_again_goes_to_the_end_of_the_line() -> None:
    dispatcher, turns = ManualDispatcher(), list[str]()
    dispatcher.ready(keep_asking(dispatcher, "greedy", turns, 3))
    dispatcher.ready(Actor("modest", turns))
    dispatcher.run_until_idle()
    assert turns == ["greedy", "modest", "greedy", "greedy"]


def test_by_hand_a_livelock_is_an_error_instead_of_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ManualDispatcher, "TURNS_MAX", 10)
    dispatcher, turns = ManualDispatcher(), list[str]()
    dispatcher.ready(keep_asking(dispatcher, "ping", turns, 1000))
    with pytest.raises(RuntimeError, match="not idle after 10 turns"):
        dispatcher.run_until_idle()


# --- on the loop ----------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_burst_costs_one_wake_up_and_is_served_in_order() -> None:
    dispatcher, loop = on_counting_loop()
    turns: list[str] = []
    labels = [str(number) for number in range(50)]
    for label in labels:
        dispatcher.ready(Actor(label, turns))
    assert turns == []
    await loop_turns()
    assert turns == labels
    assert (loop.soon, loop.threadsafe) == (1, 0)


@pytest.mark.anyio
async def test_who_becomes_ready_during_a_wake_up_is_served_by_the_same_one() -> None:
    dispatcher, loop = on_counting_loop()
    turns: list[str] = []
    last = Actor("last", turns)
    dispatcher.ready(Actor("first", turns, lambda: dispatcher.ready(last)))
    await loop_turns()
    assert turns == ["first", "last"]
    assert loop.soon == 1


@pytest.mark.anyio
async def test_the_next_burst_gets_its_own_wake_up() -> None:
    dispatcher, loop = on_counting_loop()
    turns: list[str] = []
    for burst in range(3):
        dispatcher.ready(Actor(str(burst), turns))
        await loop_turns(2)
    assert turns == ["0", "1", "2"]
    assert loop.soon == 3


@pytest.mark.anyio
async def test_an_actor_that_always_asks_again_shares_turns_with_the_others() -> None:
    dispatcher, _ = on_counting_loop()
    turns: list[str] = []
    for label in ("greedy", "other"):
        dispatcher.ready(keep_asking(dispatcher, label, turns, 20))
    await loop_turns(5)
    assert turns == ["greedy", "other"] * 20


@pytest.mark.anyio
async def test_sockets_and_timers_get_their_turn_between_wake_ups() -> None:
    dispatcher, _ = on_counting_loop()
    turns: list[str] = []
    dispatcher.ready(keep_asking(dispatcher, "greedy", turns, 10 * TURNS_PER_WAKE))
    seen: list[int] = []
    asyncio.get_running_loop().call_soon(lambda: seen.append(len(turns)))
    await loop_turns()
    assert seen == [1 + TURNS_PER_WAKE]
    await loop_turns(20)
    assert len(turns) == 10 * TURNS_PER_WAKE


@pytest.mark.anyio
async def test_a_report_that_raises_does_not_cost_anybody_a_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = SteppedTime(monkeypatch)

    def refuse(_label: str, _seconds: float) -> None:
        raise ValueError

    dispatcher, _ = on_counting_loop(on_slow_turn=refuse)
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    turns: list[str] = []
    dispatcher.ready(Actor("slow", turns, time.takes(1.0)))
    dispatcher.ready(Actor("waiting", turns))
    await loop_turns(2)
    dispatcher.ready(Actor("later", turns))
    await loop_turns(2)
    assert turns == ["slow", "waiting", "later"]


@pytest.mark.anyio
async def test_another_thread_can_ask_for_a_turn_which_is_given_on_the_loop() -> None:
    dispatcher, loop = on_counting_loop()
    served = asyncio.Event()
    threads: list[int] = []

    def note() -> None:
        threads.append(threading.get_ident())
        served.set()

    await asyncio.to_thread(dispatcher.ready, Actor("far", [], note))
    async with asyncio.timeout(TIMEOUT_S):
        await served.wait()
    assert threads == [threading.get_ident()]
    assert loop.threadsafe == 1


# --- slow turns -----------------------------------------------------------------------


class SteppedTime:
    """`perf_counter` for turns that take as long as they say."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        stepped = SimpleNamespace(perf_counter=lambda: self.now)
        monkeypatch.setattr(dispatcher_module, "time", stepped)

    def takes(self, seconds: float) -> Callable[[], None]:
        def turn() -> None:
            self.now += seconds

        return turn


@pytest.mark.anyio
async def test_a_slow_turn_is_reported_with_its_label_and_its_neighbours_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    time = SteppedTime(monkeypatch)
    reports: list[tuple[str, float]] = []

    def note(label: str, seconds: float) -> None:
        reports.append((label, round(seconds, 6)))

    dispatcher, _ = on_counting_loop(on_slow_turn=note)
    for label, seconds in (("quick", 0.001), ("slow", 0.05), ("on the line", SLOW_TURN_S / 2)):
        dispatcher.ready(Actor(label, [], time.takes(seconds)))
    await loop_turns()
    assert reports == [("slow", 0.05)]


@pytest.mark.anyio
async def test_time_between_wake_ups_is_nobodys_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    time = SteppedTime(monkeypatch)
    reports: list[str] = []

    def note(label: str, _seconds: float) -> None:
        reports.append(label)

    dispatcher, _ = on_counting_loop(on_slow_turn=note)
    for _ in range(2):
        dispatcher.ready(Actor("quick", [], time.takes(0.001)))
        await loop_turns()
        time.now += 10.0
    assert reports == []
