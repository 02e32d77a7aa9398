"""Spreads jobs over worker processes, and carries them over the death of a worker.

Owns: the jobs in flight and in line, and the counters. A job that was in flight when a worker
died is a suspect: it is given to the next worker from its start, one suspect at a time, and
is cleared once that worker has survived all of it. A job that was in flight in two deaths
is set aside, so that one poisonous job cannot end the others. Never knows what jobs are about.
The engines talk to it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Protocol

from loguru import logger

from speech.packets import Packet, encode
from speech.ports import EngineError
from speech.worker_kinds import FromWorker, ToWorker
from speech.worker_process import WorkerSpec
from speech.worker_seat import WorkerSeat

MAX_WAITING: Final = 512
"""Jobs in line for a worker; one more fails with RESOURCE_EXHAUSTED."""

MAX_DEATHS: Final = 2
"""Deaths in flight after which a job is set aside."""


class Job(Protocol):
    """A piece of work for one worker."""

    @property
    def replayable(self) -> bool:
        """Whether it may be done again from its start."""
        ...

    def packets(self, number: int) -> Iterator[bytes]:
        """All of it so far, encoded, under this job number."""
        ...

    def hear(self, packet: Packet) -> bool:
        """Take an answer; says whether it was the last one."""
        ...

    def set_aside(self, reason: str) -> None:
        """It will not be done, because workers die of it."""
        ...

    def fail(self, status: str, reason: str) -> None:
        """It cannot be done now; status is a gRPC status name."""
        ...


@dataclass(eq=False, slots=True)
class Ticket:
    """A job in the pool's hands."""

    number: int
    job: Job
    deaths: int = 0
    place: "_Place | None" = None


@dataclass(eq=False, slots=True)
class _Place:
    """A seat and what its worker has in hand."""

    seat: WorkerSeat
    tickets: dict[int, Ticket] = field(default_factory=dict[int, Ticket])
    suspect: Ticket | None = None


@dataclass(slots=True)
class PoolCounters:
    """What has happened since the start; plain numbers for metrics."""

    deaths: int = 0
    """Workers that died after they were ready."""
    replays: int = 0
    """Jobs given again to another worker."""
    set_aside: int = 0
    """Jobs given up because workers die of them."""
    refused: int = 0
    """Jobs refused because the line was full."""


class WorkerPool:
    """Workers of one kind.

    Args:
        spec: which worker.
        workers: how many.
        capacity: most jobs in one worker's hands.
        on_change: called when `available` may have changed.
    """

    def __init__(
        self, spec: WorkerSpec, workers: int, capacity: int, on_change: Callable[[], None]
    ) -> None:
        self._capacity = capacity
        self._on_change = on_change
        self._places = [_Place(WorkerSeat(spec, self)) for _ in range(workers)]
        self._waiting: deque[Ticket] = deque()
        self._numbers = count(1)
        self._closed = False
        self.counters = PoolCounters()
        self.trouble = "the workers have not been started"
        """Why there is no worker, for the log."""

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers alive."""
        return [place.seat.pid for place in self._places if place.seat.pid is not None]

    @property
    def ready(self) -> bool:
        """Whether at least one worker is."""
        return any(place.seat.ready for place in self._places)

    @property
    def down(self) -> bool:
        """Whether no worker can be had for now."""
        return self._closed or all(place.seat.down for place in self._places)

    @property
    def in_flight(self) -> int:
        """Jobs in the workers' hands."""
        return sum(len(place.tickets) for place in self._places)

    @property
    def waiting(self) -> int:
        """Jobs in line."""
        return len(self._waiting)

    async def start(self) -> None:
        """Start the workers; returns when all are ready, or those that can be.

        Raises:
            EngineError: none can be started.
        """
        for place in self._places:
            place.seat.open()
        for place in self._places:
            await place.seat.first_outcome()
        if not self.ready:
            await self.aclose()
            raise EngineError(self.trouble)

    async def aclose(self) -> None:
        """End all workers. Calling twice is harmless."""
        if not self._closed and self.ready:
            self.trouble = "the engine was closed"
        self._closed = True
        for place in self._places:
            await place.seat.aclose()
        for ticket in self._take_all():
            ticket.job.fail("CANCELLED", "the engine was closed")

    def submit(self, job: Job) -> Ticket:
        """Give a job to a worker, now or as soon as one can take it."""
        ticket = Ticket(next(self._numbers) & 0xFFFF_FFFF, job)
        if len(self._waiting) >= MAX_WAITING:
            self.counters.refused += 1
            job.fail("RESOURCE_EXHAUSTED", f"{MAX_WAITING} jobs are in line for a worker")
        elif self.down:
            job.fail("UNAVAILABLE", self.trouble)
        else:
            self._waiting.append(ticket)
            self._assign()
        return ticket

    def extend(self, ticket: Ticket, data: bytes) -> None:
        """Send more of a job; nothing happens while no worker has it (it is replayed)."""
        if ticket.place is not None:
            ticket.place.seat.send(data)

    def drop(self, ticket: Ticket) -> None:
        """Forget a job. Calling twice is harmless."""
        if ticket.place is not None:
            ticket.place.seat.send(encode(Packet(ToWorker.DROP, ticket.number)))
            self._release(ticket)
        elif ticket in self._waiting:
            self._waiting.remove(ticket)

    def seat_ready(self, seat: WorkerSeat) -> None:  # noqa: ARG002  any seat will do
        """A worker has come."""
        self._on_change()
        self._assign()

    def seat_heard(self, seat: WorkerSeat, packet: Packet) -> None:
        """A worker has answered."""
        ticket = self._place_of(seat).tickets.get(packet.job)
        if ticket is None:
            return
        if packet.kind == FromWorker.PONG:
            self._clear(ticket)
        elif ticket.job.hear(packet):
            self._release(ticket)

    def seat_died(self, seat: WorkerSeat, reason: str) -> None:
        """A worker has died: its jobs go back to the head of the line, or are set aside."""
        self.counters.deaths += 1
        place = self._place_of(seat)
        tickets = list(place.tickets.values())
        place.tickets.clear()
        place.suspect = None
        for ticket in reversed(tickets):
            ticket.place = None
            ticket.deaths += 1
            self._take_back(ticket, reason)
        self._assign()

    def seat_down(self, seat: WorkerSeat, reason: str) -> None:  # noqa: ARG002  `down` sees all
        """Workers cannot be started there."""
        self.trouble = reason
        if self.down:
            for ticket in self._take_all():
                ticket.job.fail("UNAVAILABLE", reason)
        self._on_change()

    def _take_back(self, ticket: Ticket, reason: str) -> None:
        if ticket.deaths < MAX_DEATHS and ticket.job.replayable:
            self._waiting.appendleft(ticket)
            return
        self.counters.set_aside += 1
        logger.warning("a job was set aside, the worker died in it {} times", ticket.deaths)
        ticket.job.set_aside(reason)

    def _assign(self) -> None:
        for ticket in list(self._waiting):
            place = self._place_for(ticket)
            if place is not None:
                self._waiting.remove(ticket)
                self._give(ticket, place)

    def _place_for(self, ticket: Ticket) -> _Place | None:
        places = [
            place
            for place in self._places
            if place.seat.ready
            and len(place.tickets) < self._capacity
            and not (ticket.deaths and place.suspect)
        ]
        return min(places, key=lambda place: len(place.tickets), default=None)

    def _give(self, ticket: Ticket, place: _Place) -> None:
        ticket.place = place
        place.tickets[ticket.number] = ticket
        for data in ticket.job.packets(ticket.number):
            place.seat.send(data)
        if ticket.deaths:
            self.counters.replays += 1
            place.suspect = ticket
            place.seat.send(encode(Packet(ToWorker.PING, ticket.number)))

    def _clear(self, ticket: Ticket) -> None:
        ticket.deaths = 0
        if ticket.place is not None and ticket.place.suspect is ticket:
            ticket.place.suspect = None
            self._assign()

    def _release(self, ticket: Ticket) -> None:
        place, ticket.place = ticket.place, None
        if place is None:
            return
        del place.tickets[ticket.number]
        if place.suspect is ticket:
            place.suspect = None
        self._assign()

    def _take_all(self) -> list[Ticket]:
        tickets = list(self._waiting)
        self._waiting.clear()
        for place in self._places:
            tickets += place.tickets.values()
            place.tickets.clear()
            place.suspect = None
        for ticket in tickets:
            ticket.place = None
        return tickets

    def _place_of(self, seat: WorkerSeat) -> _Place:
        return next(place for place in self._places if place.seat is seat)
