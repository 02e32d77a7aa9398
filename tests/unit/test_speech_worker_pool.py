"""The pool's way with jobs, on seats without processes."""

from collections.abc import Iterator
from typing import cast

import pytest

from speech.packets import Packet, PacketReader, encode
from speech.worker_kinds import FromWorker, ToWorker
from speech.worker_pool import MAX_WAITING, Job, WorkerPool, _Place
from speech.worker_process import WorkerSpec
from speech.worker_seat import BACKOFF_MAX_S, BACKOFF_S, WorkerSeat, backoff_s

pytestmark = pytest.mark.unit


class FakeSeat:
    """A seat whose worker does what the test says."""

    def __init__(self) -> None:
        self.pid: int | None = 1
        self.ready = True
        self.down = False
        self.sent: list[Packet] = []

    def send(self, data: bytes) -> None:
        self.sent += PacketReader().feed(data)

    @property
    def jobs(self) -> list[int]:
        return [packet.job for packet in self.sent if packet.kind == ToWorker.AUDIO]


class FakeJob:
    replayable = True

    def __init__(self) -> None:
        self.heard: list[Packet] = []
        self.outcome = ""

    def packets(self, number: int) -> Iterator[bytes]:
        yield encode(Packet(ToWorker.AUDIO, number, b"x"))

    def hear(self, packet: Packet) -> bool:
        self.heard.append(packet)
        return packet.kind == FromWorker.FINAL

    def set_aside(self, reason: str) -> None:
        self.outcome = f"set aside: {reason}"

    def fail(self, status: str, reason: str) -> None:
        self.outcome = status


def make(seats: int = 1, capacity: int = 4) -> tuple[WorkerPool, list[FakeSeat]]:
    pool = WorkerPool(WorkerSpec("none", {}), 0, capacity, lambda: None)
    fakes = [FakeSeat() for _ in range(seats)]
    pool._places.extend(_Place(cast("WorkerSeat", seat)) for seat in fakes)
    return pool, fakes


def submit(pool: WorkerPool, count: int) -> list[FakeJob]:
    jobs = [FakeJob() for _ in range(count)]
    for job in jobs:
        pool.submit(cast("Job", job))
    return jobs


def die(pool: WorkerPool, seat: FakeSeat) -> None:
    seat.sent.clear()
    seat.ready = False
    pool.seat_died(cast("WorkerSeat", seat), "killed")
    seat.ready = True
    pool.seat_ready(cast("WorkerSeat", seat))


def answer(pool: WorkerPool, seat: FakeSeat, kind: FromWorker, job: int) -> None:
    pool.seat_heard(cast("WorkerSeat", seat), Packet(kind, job, b""))


def test_jobs_spread_evenly_and_wait_when_all_hands_are_full() -> None:
    pool, seats = make(seats=2, capacity=2)
    submit(pool, 5)
    assert [len(seat.jobs) for seat in seats] == [2, 2]
    assert pool.waiting == 1
    answer(pool, seats[0], FromWorker.FINAL, seats[0].jobs[0])
    assert (pool.waiting, pool.in_flight) == (0, 4)


def test_after_a_death_suspects_are_replayed_one_at_a_time() -> None:
    pool, [seat] = make()
    submit(pool, 3)
    die(pool, seat)
    assert seat.jobs == [1]
    answer(pool, seat, FromWorker.PONG, 1)
    assert seat.jobs == [1, 2]
    answer(pool, seat, FromWorker.FINAL, 2)
    assert seat.jobs == [1, 2, 3]
    assert pool.counters.replays == 3


def test_job_in_flight_in_two_deaths_is_set_aside_and_the_cleared_ones_are_not() -> None:
    pool, [seat] = make()
    good, bad, other = submit(pool, 3)
    die(pool, seat)
    answer(pool, seat, FromWorker.PONG, 1)
    die(pool, seat)
    assert bad.outcome == "set aside: killed"
    assert (good.outcome, other.outcome) == ("", "")
    assert seat.jobs == [1]
    assert (pool.counters.deaths, pool.counters.set_aside) == (2, 1)


def test_job_that_cannot_be_replayed_is_set_aside_at_the_first_death() -> None:
    pool, [seat] = make()
    [job] = submit(pool, 1)
    job.replayable = False
    die(pool, seat)
    assert job.outcome == "set aside: killed"


def test_death_of_one_worker_moves_its_jobs_to_the_other() -> None:
    pool, seats = make(seats=2)
    submit(pool, 2)
    lost = seats[0].jobs[0]
    seats[0].ready = False
    pool.seat_died(cast("WorkerSeat", seats[0]), "killed")
    assert lost in seats[1].jobs


def test_dropped_job_is_forgotten_wherever_it_is() -> None:
    pool, [seat] = make(capacity=1)
    tickets = [pool.submit(cast("Job", FakeJob())) for _ in range(2)]
    for ticket in (tickets[1], tickets[0], tickets[0]):
        pool.drop(ticket)
    assert (pool.waiting, pool.in_flight) == (0, 0)
    assert [p.job for p in seat.sent if p.kind == ToWorker.DROP] == [1]


def test_answers_to_forgotten_jobs_are_ignored() -> None:
    pool, [seat] = make()
    job = FakeJob()
    pool.drop(pool.submit(cast("Job", job)))
    answer(pool, seat, FromWorker.FINAL, 1)
    assert job.heard == []


def test_line_is_bounded_and_its_overflow_counted() -> None:
    pool, [seat] = make()
    seat.ready = False
    jobs = submit(pool, MAX_WAITING + 1)
    assert jobs[-1].outcome == "RESOURCE_EXHAUSTED"
    assert (pool.waiting, pool.counters.refused) == (MAX_WAITING, 1)


def test_when_no_worker_can_be_started_all_jobs_fail_at_once() -> None:
    pool, [seat] = make()
    seat.ready = False
    [waiting] = submit(pool, 1)
    seat.down = True
    pool.seat_down(cast("WorkerSeat", seat), "no memory")
    [late] = submit(pool, 1)
    assert (waiting.outcome, late.outcome, pool.trouble) == (
        "UNAVAILABLE", "UNAVAILABLE", "no memory",
    )  # fmt: skip


def test_backoff_doubles_up_to_its_bound() -> None:
    assert [backoff_s(n) for n in range(3)] == [BACKOFF_S, 2 * BACKOFF_S, 4 * BACKOFF_S]
    assert backoff_s(10_000) == BACKOFF_MAX_S
