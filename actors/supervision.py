"""Supervision: child specifications and the restart budget. Words as in OTP's supervisor.

Pure data and decisions: times are arguments. CallActor holds one `Child` for each of its
children and decides by it; starting, stopping and waiting are CallActor's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pykka import ActorRef

from actors.mailbox import Mailbox


def kind(error: BaseException) -> str:
    """Name what crashed an actor: its status if it has one, or its class. No personal data."""
    return str(getattr(error, "status", "") or type(error).__name__)


def described(error: BaseException) -> str:
    """Name an error for the log; its text only where the error says that it is no speech.

    A brain's exception may quote what a caller said.
    """
    return str(error) if getattr(error, "loggable", False) else type(error).__name__


@dataclass(frozen=True, slots=True)
class RestartBudget:
    """How many restarts a child is still worth (OTP: restart intensity)."""

    limit: int
    """Restarts allowed in all, until it is refilled."""

    refill_after_s: float | None = None
    """Seconds over which real results must have come for the count to start anew; None: it
    never does."""

    used: int = 0
    well_since: float | None = None
    """The first real result since the last failure."""

    well_until: float = 0.0
    """The newest one."""

    def failed(self) -> "RestartBudget | None":
        """Spend one restart on a failure.

        Returns:
            the budget that is left, or None when there was nothing left to spend.
        """
        used = 0 if self._recovered else self.used
        if used >= self.limit:
            return None
        return replace(self, used=used + 1, well_since=None)

    def progressed(self, now: float) -> "RestartBudget":
        """Note a real result at `now`."""
        since = now if self.well_since is None else self.well_since
        return replace(self, well_since=since, well_until=now)

    def spent(self) -> "RestartBudget":
        """The same budget with nothing left, until real results refill it."""
        return replace(self, used=self.limit, well_since=None)

    @property
    def _recovered(self) -> bool:
        if self.refill_after_s is None or self.well_since is None:
            return False
        return self.well_until - self.well_since >= self.refill_after_s


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to start a child and what it is worth (OTP: child specification)."""

    name: str
    mailbox: Mailbox[Any]
    """Outlives every incarnation."""

    start: Callable[[], ActorRef[Any]]
    """Starts an incarnation, handing over what the last one left."""

    budget: RestartBudget
    backoff_s: float = 0.0
    """Wait before a restart."""


@dataclass(slots=True)
class Child:
    """One child as its supervisor sees it."""

    spec: ChildSpec
    budget: RestartBudget = field(init=False)
    ref: ActorRef[Any] | None = None
    restarts: int = 0

    def __post_init__(self) -> None:
        """Start with the full budget."""
        self.budget = self.spec.budget

    def start(self) -> None:
        """Start the next incarnation."""
        self.ref = self.spec.start()

    def stop(self) -> None:
        """Stop it, if it lives. Does not wait."""
        if self.ref is not None:
            self.ref.stop(block=False)
            self.ref = None

    def lost(self) -> None:
        """Note that the incarnation has ended by itself: there is nothing left to stop."""
        self.ref = None

    def may_restart(self) -> bool:
        """Spend a restart on a failure; False when the budget is gone."""
        self.lost()
        left = self.budget.failed()
        if left is None:
            return False
        self.budget = left
        self.restarts += 1
        return True

    def progressed(self, now: float) -> None:
        """Note a real result at `now`, which in time refills the budget."""
        self.budget = self.budget.progressed(now)

    def refill(self) -> None:
        """Give it the full budget: it goes on in another way, and is trusted anew."""
        self.budget = self.spec.budget

    def spend(self) -> None:
        """Leave it nothing of the budget, until real results refill it."""
        self.budget = self.spec.budget.spent()
