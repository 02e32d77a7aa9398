"""The restart budget as a pure function of the time it is told, and the child that spends it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pykka import ActorRef

from actors.mailbox import Mailbox
from actors.supervision import Child, ChildSpec, RestartBudget
from tests.support.probes import Order, ProbeRig, Script

pytestmark = pytest.mark.unit

REFILL_S = 30.0

EVENTS = st.lists(st.tuples(st.sampled_from(["failed", "progressed"]), st.floats(0.0, 40.0)))
"""What happens to a child, each with the seconds since the event before."""


def spend(budget: RestartBudget, *failures_at: float) -> list[bool]:
    """Fail at each of these times; say which failures were worth a restart."""
    granted: list[bool] = []
    for now in failures_at:
        left = budget.failed(now)
        granted.append(left is not None)
        budget = left or budget
    return granted


def test_the_budget_allows_its_limit_and_not_one_more() -> None:
    assert spend(RestartBudget(3), 1.0, 2.0, 3.0, 4.0) == [True, True, True, False]


def test_a_budget_of_nothing_allows_nothing() -> None:
    assert RestartBudget(0).failed(1.0) is None


def test_time_alone_refills_nothing() -> None:
    budget = RestartBudget(1, refill_after_s=REFILL_S)
    assert spend(budget, 0.0, 10_000.0) == [True, False]


def test_results_refill_it_only_after_the_stated_time() -> None:
    spent = RestartBudget(1, refill_after_s=REFILL_S, used=1).progressed(100.0)
    assert spent.failed(100.0 + REFILL_S - 0.001) is None
    refilled = spent.failed(100.0 + REFILL_S)
    assert refilled is not None
    assert refilled.used == 1


def test_a_failure_starts_the_time_of_results_anew() -> None:
    budget = RestartBudget(2, refill_after_s=REFILL_S).progressed(0.0)
    spent_once = budget.failed(10.0)
    assert spent_once is not None
    assert spent_once.well_since is None
    spent_twice = spent_once.progressed(20.0).failed(40.0)
    assert spent_twice is not None
    assert spent_twice.used == 2


def test_further_results_do_not_put_the_refill_off() -> None:
    budget = RestartBudget(1, refill_after_s=REFILL_S, used=1)
    for now in range(0, 31, 5):
        budget = budget.progressed(float(now))
    assert budget.failed(REFILL_S) is not None


def test_a_budget_without_refill_never_recovers() -> None:
    budget = RestartBudget(1, used=1).progressed(0.0)
    assert budget.failed(1e9) is None


@settings(derandomize=True, database=None)
@given(limit=st.integers(0, 4), refill_after_s=st.sampled_from([None, REFILL_S]), events=EVENTS)
def test_restarts_are_granted_by_the_written_rule(
    limit: int, refill_after_s: float | None, events: list[tuple[str, float]]
) -> None:
    """Against the rule told over the whole history, instead of carried along."""
    budget = RestartBudget(limit, refill_after_s)
    now, granted_in_a_row, first_result_at = 0.0, 0, None
    for event, wait_s in events:
        now += wait_s
        if event == "progressed":
            budget = budget.progressed(now)
            first_result_at = now if first_result_at is None else first_result_at
            continue
        well_s = None if first_result_at is None else now - first_result_at
        well = bool(refill_after_s) and well_s is not None and well_s >= REFILL_S
        granted_in_a_row = 0 if well else granted_in_a_row
        left = budget.failed(now)
        assert (left is not None) == (granted_in_a_row < limit)
        if left is not None:
            budget, first_result_at = left, None
            granted_in_a_row += 1
        assert 0 <= budget.used <= limit


@settings(derandomize=True, database=None)
@given(shift_s=st.integers(-1000, 1000), events=EVENTS)
def test_only_the_time_between_events_counts(shift_s: int, events: list[tuple[str, float]]) -> None:
    def granted(start: float) -> list[bool]:
        budget, now, answers = RestartBudget(2, refill_after_s=REFILL_S), start, list[bool]()
        for event, wait_s in events:
            now += round(wait_s)
            left = budget.progressed(now) if event == "progressed" else budget.failed(now)
            answers.append(left is not None)
            budget = left or budget
        return answers

    assert granted(0.0) == granted(float(shift_s))


def test_a_budget_is_never_changed_in_place() -> None:
    budget = RestartBudget(2, refill_after_s=REFILL_S)
    budget.failed(1.0)
    budget.progressed(2.0)
    assert budget == RestartBudget(2, refill_after_s=REFILL_S)


# --- a child --------------------------------------------------------------------------


class Nursery(ProbeRig):
    """Starts probes as children."""

    def __init__(self, limit: int = 2) -> None:
        super().__init__()
        self.script = Script()
        self.refs: list[ActorRef[Any]] = []
        box: Mailbox[Any] = self.mailbox
        self.child = Child(ChildSpec("probe", box, self._start, RestartBudget(limit)))

    def _start(self) -> ActorRef[Any]:
        self.refs.append(self.start(self.script))
        return self.refs[-1]


def test_a_child_begins_with_its_specifications_budget_and_not_started() -> None:
    child = Nursery(limit=2).child
    assert child.budget == RestartBudget(2)
    assert child.ref is None
    assert child.restarts == 0


def test_a_child_counts_its_restarts_until_the_budget_is_gone() -> None:
    child = Nursery(limit=2).child
    assert [child.may_restart(float(now)) for now in range(3)] == [True, True, False]
    assert child.restarts == 2
    assert child.spec.budget == RestartBudget(2)


def test_every_start_is_a_new_incarnation_on_the_same_mailbox() -> None:
    nursery = Nursery()
    nursery.child.start()
    nursery.settle()
    nursery.child.stop()
    nursery.settle()
    nursery.child.start()
    nursery.settle()
    assert [ref.is_alive() for ref in nursery.refs] == [False, True]
    nursery.mailbox.post(Order(1))
    nursery.settle()
    assert nursery.script.heard == [Order(1)]
    nursery.child.stop()
    nursery.settle()


def test_a_failed_child_is_not_stopped_again() -> None:
    nursery = Nursery()
    nursery.child.start()
    nursery.settle()
    assert nursery.child.may_restart(1.0)
    assert nursery.child.ref is None
    nursery.child.stop()
    nursery.settle()
    assert nursery.refs[0].is_alive()
    nursery.refs[0].stop(block=False)
    nursery.settle()


def test_stopping_a_child_twice_is_harmless() -> None:
    nursery = Nursery()
    nursery.child.start()
    nursery.child.stop()
    nursery.child.stop()
    nursery.settle()
    assert nursery.script.releases == 1
