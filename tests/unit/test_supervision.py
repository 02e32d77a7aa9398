"""The restart budget as a pure function of the time it is told, and the child that spends it."""

from dataclasses import replace
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


def spend(budget: RestartBudget, failures: int) -> list[bool]:
    """Fail so often; say which failures were worth a restart."""
    granted: list[bool] = []
    for _ in range(failures):
        left = budget.failed()
        granted.append(left is not None)
        budget = left or budget
    return granted


def test_the_budget_allows_its_limit_and_not_one_more() -> None:
    assert spend(RestartBudget(3), 4) == [True, True, True, False]


def test_a_budget_of_nothing_allows_nothing() -> None:
    assert RestartBudget(0).failed() is None


@pytest.mark.parametrize(("span_s", "refilled"), [(REFILL_S - 0.001, False), (REFILL_S, True)])
def test_results_refill_it_only_when_they_have_come_over_the_stated_time(
    *, span_s: float, refilled: bool
) -> None:
    spent = RestartBudget(1, refill_after_s=REFILL_S, used=1).progressed(100.0)
    left = spent.progressed(100.0 + span_s).failed()
    assert (left is not None) is refilled
    assert left is None or left.used == 1


def test_one_result_refills_nothing_however_long_ago_it_was() -> None:
    spent = RestartBudget(1, refill_after_s=REFILL_S, used=1)
    assert spent.progressed(0.0).failed() is None
    assert spent.progressed(1e6).failed() is None


def test_a_failure_starts_the_time_of_results_anew() -> None:
    spent_once = RestartBudget(2, refill_after_s=REFILL_S).progressed(0.0).failed()
    assert spent_once is not None
    assert spent_once.well_since is None
    spent_twice = spent_once.progressed(20.0).progressed(40.0).failed()
    assert spent_twice is not None
    assert spent_twice.used == 2


def test_further_results_do_not_put_the_refill_off() -> None:
    budget = RestartBudget(1, refill_after_s=REFILL_S, used=1)
    for now in range(0, 31, 5):
        budget = budget.progressed(float(now))
    assert budget.failed() is not None


def test_a_budget_without_refill_never_recovers() -> None:
    budget = RestartBudget(1, used=1).progressed(0.0).progressed(1e9)
    assert budget.failed() is None


def test_a_spent_budget_has_nothing_left_until_results_refill_it() -> None:
    spent = RestartBudget(3, refill_after_s=REFILL_S).progressed(0.0).progressed(60.0).spent()
    assert spent.failed() is None
    assert spent.progressed(100.0).progressed(129.9).failed() is None
    refilled = spent.progressed(100.0).progressed(130.0).failed()
    assert refilled is not None
    assert refilled.used == 1


@settings(derandomize=True, database=None)
@given(limit=st.integers(0, 4), refill_after_s=st.sampled_from([None, REFILL_S]), events=EVENTS)
def test_restarts_are_granted_by_the_written_rule(
    limit: int, refill_after_s: float | None, events: list[tuple[str, float]]
) -> None:
    """Against the rule told over the whole history, instead of carried along."""
    budget = RestartBudget(limit, refill_after_s)
    now, granted_in_a_row, results_at = 0.0, 0, list[float]()
    for event, wait_s in events:
        now += wait_s
        if event == "progressed":
            budget = budget.progressed(now)
            results_at.append(now)
            continue
        well_s = results_at[-1] - results_at[0] if results_at else 0.0
        if refill_after_s is not None and well_s >= refill_after_s:
            granted_in_a_row = 0
        left = budget.failed()
        assert (left is not None) == (granted_in_a_row < limit)
        if left is not None:
            budget = left
            results_at.clear()
            granted_in_a_row += 1
        assert 0 <= budget.used <= limit


@settings(derandomize=True, database=None)
@given(shift_s=st.integers(-1000, 1000), events=EVENTS)
def test_only_the_time_between_events_counts(shift_s: int, events: list[tuple[str, float]]) -> None:
    def granted(start: float) -> list[bool]:
        budget, now, answers = RestartBudget(2, refill_after_s=REFILL_S), start, list[bool]()
        for event, wait_s in events:
            now += round(wait_s)
            left = budget.progressed(now) if event == "progressed" else budget.failed()
            answers.append(left is not None)
            budget = left or budget
        return answers

    assert granted(0.0) == granted(float(shift_s))


def test_a_budget_is_never_changed_in_place() -> None:
    budget = RestartBudget(2, refill_after_s=REFILL_S)
    budget.failed()
    budget.progressed(2.0)
    budget.spent()
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
    assert [child.may_restart() for _ in range(3)] == [True, True, False]
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
    assert nursery.child.may_restart()
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


def test_a_lost_child_is_not_stopped_either_and_has_spent_nothing() -> None:
    nursery = Nursery()
    nursery.child.start()
    nursery.settle()
    nursery.child.lost()
    assert nursery.child.ref is None
    assert nursery.child.budget == RestartBudget(2)
    nursery.refs[0].stop(block=False)
    nursery.settle()


def test_a_refilled_child_may_be_restarted_as_often_as_a_new_one() -> None:
    child = Nursery(limit=2).child
    child.may_restart()
    child.progressed(7.0)
    child.refill()
    assert child.budget == child.spec.budget


def test_a_spent_child_is_restarted_again_only_after_real_results() -> None:
    spec = Nursery().child.spec
    child = Child(replace(spec, budget=RestartBudget(1, refill_after_s=30)))
    child.spend()
    assert not child.may_restart()
    for now in (10.0, 40.0):
        child.progressed(now)
    assert child.may_restart()
