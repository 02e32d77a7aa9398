"""Keeps one worker process alive: starts it, replaces it when it dies, slows down when it must.

Owns: one task and the worker that is in the seat now. Never knows what the work is; what was
in flight when a worker died is the pool's business. `speech.worker_pool` talks to it.
"""

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from loguru import logger

from speech.packets import Packet
from speech.worker_process import WorkerFailed, WorkerProcess, WorkerSpec

BACKOFF_S: Final = 0.05
"""Wait before the first replacement; doubles with each early death."""

BACKOFF_MAX_S: Final = 5.0
"""Longest wait before a replacement."""

HEALTHY_S: Final = 30.0
"""A worker that lived so long has earned the shortest wait again."""

DOWN_AFTER_STARTS: Final = 3
"""Failed starts in a row after which the seat counts as down; it goes on trying."""


def backoff_s(troubles: int) -> float:
    """The wait after so many early deaths and failed starts in a row, in seconds."""
    return min(BACKOFF_S * 2.0 ** min(troubles, 16), BACKOFF_MAX_S)


class SeatListener(Protocol):
    """Who hears of a seat."""

    def seat_ready(self, seat: "WorkerSeat") -> None:
        """A worker has taken the seat and knows of no job."""
        ...

    def seat_heard(self, seat: "WorkerSeat", packet: Packet) -> None:
        """The worker said something."""
        ...

    def seat_died(self, seat: "WorkerSeat", reason: str) -> None:
        """The worker died with all its jobs; another will come."""
        ...

    def seat_down(self, seat: "WorkerSeat", reason: str) -> None:
        """A worker could not be started, see `down`; `seat_ready` follows when one can."""
        ...


@dataclass(slots=True)
class _Record:
    """How it went lately."""

    troubles: int = 0
    failed_starts: int = 0


class WorkerSeat:
    """One place for a worker.

    Args:
        spec: which worker.
        listener: hears of it, on the loop's thread.
    """

    def __init__(self, spec: WorkerSpec, listener: SeatListener) -> None:
        self._spec = spec
        self._listener = listener
        self._worker: WorkerProcess | None = None
        self._record = _Record()
        self._task: asyncio.Task[None] | None = None
        self._first_outcome = asyncio.Event()
        self._closing = False

    @property
    def pid(self) -> int | None:
        """Process id of the worker in the seat; None while there is none."""
        return self._worker.pid if self._worker is not None else None

    @property
    def ready(self) -> bool:
        """Whether a worker is in the seat."""
        return self._worker is not None

    @property
    def down(self) -> bool:
        """Whether workers could not be started several times in a row."""
        return self._record.failed_starts >= DOWN_AFTER_STARTS

    def open(self) -> None:
        """Begin to keep a worker."""
        self._task = asyncio.create_task(self._keep(), name=f"seat of {self._spec.module}")

    async def first_outcome(self) -> None:
        """Wait until the first worker is ready or could not be started."""
        await self._first_outcome.wait()

    def send(self, data: bytes) -> None:
        """Send encoded packets to the worker; nothing happens while there is none."""
        if self._worker is not None:
            self._worker.send(data)

    async def aclose(self) -> None:
        """End the worker and the seat. Calling twice is harmless."""
        self._closing = True
        task, self._task = self._task, None
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.end()
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _keep(self) -> None:
        while not self._closing:
            try:
                worker = await WorkerProcess.spawn(self._spec)
            except WorkerFailed as error:
                self._on_failed_start(str(error))
            else:
                await self._serve(worker)
            await asyncio.sleep(backoff_s(self._record.troubles))
            self._record.troubles += 1

    async def _serve(self, worker: WorkerProcess) -> None:
        clock = asyncio.get_running_loop().time
        ready_at = clock()
        self._worker = worker
        self._record.failed_starts = 0
        self._first_outcome.set()
        self._listener.seat_ready(self)
        reason = await worker.serve(lambda packet: self._listener.seat_heard(self, packet))
        if self._closing:
            return
        self._worker = None
        if clock() - ready_at >= HEALTHY_S:
            self._record.troubles = 0
        logger.warning("worker {} (pid {}) died: {}", self._spec.module, worker.pid, reason)
        self._listener.seat_died(self, reason)

    def _on_failed_start(self, reason: str) -> None:
        self._record.failed_starts += 1
        self._first_outcome.set()
        logger.warning("worker not started: {}", reason)
        self._listener.seat_down(self, reason)
