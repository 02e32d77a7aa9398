"""Lets a bounded number of jobs run at the same time, and a bounded number wait, in order.

Owns: who runs and who waits. Never times anything and never fails a job: jobs leave by
themselves. Google's synthesiser uses it.
"""

from typing import Generic, Protocol, TypeVar


class Job(Protocol):
    """What runs."""

    def start(self) -> None:
        """Begin: it is this job's turn."""
        ...

    def fail(self, status: str, detail: str) -> None:
        """End without having been done; leaves the line."""
        ...


J = TypeVar("J", bound=Job)


class WaitingLine(Generic[J]):
    """The line of one engine.

    Args:
        at_once: jobs that run at the same time, at least 1.
        waiting_max: jobs that wait; further ones are not taken.
    """

    def __init__(self, at_once: int, waiting_max: int) -> None:
        self._at_once = at_once
        self._waiting_max = waiting_max
        self._running: set[J] = set()
        self._waiting: dict[J, None] = {}
        self.turned_away = 0
        """Jobs not taken because the line was full."""

    @property
    def running(self) -> int:
        """Jobs that run now."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Jobs that wait now."""
        return len(self._waiting)

    def enter(self, job: J) -> bool:
        """Start a job, or let it wait; False: there is no room, and it is neither."""
        if len(self._running) < self._at_once:
            self._run(job)
            return True
        if len(self._waiting) >= self._waiting_max:
            self.turned_away += 1
            return False
        self._waiting[job] = None
        return True

    def leave(self, job: J) -> None:
        """Let go of a job that ran or waited; the next one's turn comes. Twice is harmless."""
        self._waiting.pop(job, None)
        self._running.discard(job)
        while self._waiting and len(self._running) < self._at_once:
            following = next(iter(self._waiting))
            del self._waiting[following]
            self._run(following)

    def close(self) -> list[J]:
        """Take nobody any more and fail everyone; returns those that ran."""
        self._at_once = self._waiting_max = 0
        ran = list(self._running)
        for job in [*ran, *self._waiting]:
            job.fail("CANCELLED", "closed")
        return ran

    def _run(self, job: J) -> None:
        self._running.add(job)
        job.start()
