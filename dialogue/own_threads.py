"""Threads in which agents' plain code may block without stopping the calls.

Owns a bounded number of threads, started when they are first needed. Never knows what it
runs and never interrupts it: a thread that hangs is one less, until it comes back. Threads
are daemons, so that one that hangs cannot keep the process from ending. `dialogue.own_brain`
runs the code of all calls here.
"""

import asyncio
import contextlib
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final

CODE_FAILED: Final = (Exception, SystemExit, GeneratorExit, asyncio.CancelledError)
"""How foreign code may fail. An agent that calls `sys.exit()` ends its answer, not the server."""

_Work = Callable[[], object]
_Job = Callable[[], None]


class AgentThreads:
    """Used on the loop's thread only.

    Args:
        limit: threads at the most, at least 1.
    """

    def __init__(self, limit: int) -> None:
        self._seats = asyncio.Semaphore(limit)
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        """Never longer than there are seats."""
        self._threads = 0
        self.busy = 0
        """Threads at work, or hanging."""

    async def take_seat(self) -> None:
        """Wait until a thread is free; it is kept for the `run()` that must follow at once."""
        await self._seats.acquire()

    def run(self, work: _Work) -> asyncio.Future[Any]:
        """Run something in the thread that was waited for.

        Args:
            work: what to run.

        Returns:
            what it gives or raises. Nobody waiting for it any more does not stop the work.
        """
        loop = asyncio.get_running_loop()
        over: asyncio.Future[Any] = loop.create_future()

        def job() -> None:
            given, error = _outcome(work)
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody wants it.
                loop.call_soon_threadsafe(self._leave, over, given, error)

        self.busy += 1
        if self.busy > self._threads:
            self._threads += 1
            Thread(target=_work_off, args=(self._jobs,), name="agent code", daemon=True).start()
        self._jobs.put(job)
        return over

    def close(self) -> None:
        """Let every thread end once it is free; those that hang are left behind."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = 0

    def _leave(self, over: asyncio.Future[Any], given: object, error: BaseException | None) -> None:
        self.busy -= 1
        self._seats.release()
        if over.done():
            return
        if error is None:
            over.set_result(given)
        else:
            over.set_exception(error)


def _work_off(jobs: "SimpleQueue[_Job | None]") -> None:
    while (job := jobs.get()) is not None:
        job()
        del job  # A call's things must not live until the next one comes.


def _outcome(work: _Work) -> tuple[object, BaseException | None]:
    try:
        return work(), None
    except StopIteration as error:  # A future takes every exception but this one.
        return None, RuntimeError("StopIteration").with_traceback(error.__traceback__)
    except CODE_FAILED as error:
        return None, error
