"""An event loop whose time goes on only when nothing else can: real sockets, no waiting.

A server and its phones on one such loop talk over real loopback sockets, and every timer
fires at its very time, however busy the machine is. While a thread of the loop's is at work
(a blocking request to the very same loop), time stands still. Whoever reads the time another
way than by the loop has to be told: see `reading_time_of`.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from contextlib import contextmanager
from types import ModuleType
from typing import TypeVar, TypeVarTuple, Unpack

import pytest

ArgumentsT = TypeVarTuple("ArgumentsT")
ResultT = TypeVar("ResultT")


class _Selector(selectors.DefaultSelector):
    """Looks at the sockets; where the loop would wait for a timer, its time jumps instead."""

    def __init__(self) -> None:
        super().__init__()
        self.skip: Callable[[float], bool] = lambda _seconds: False
        """Lets that many seconds pass; False where something may still come by itself."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, if anything is; else wait, in the one way or the other."""
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is not None and self.skip(timeout):
            return []
        return super().select(None)


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop. Its time begins at 0."""

    def __init__(self) -> None:
        selector = _Selector()
        self._now_s = 0.0
        self._threads = 0
        super().__init__(selector)
        selector.skip = self._skip

    def time(self) -> float:
        """Return seconds that nobody waited for."""
        return self._now_s

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[Unpack[ArgumentsT]], ResultT],
        *args: *ArgumentsT,
    ) -> "asyncio.Future[ResultT]":
        """Run on a thread; time stands still until it is done."""
        self._threads += 1
        done = super().run_in_executor(executor, func, *args)
        done.add_done_callback(self._thread_done)
        return done

    def _thread_done(self, _done: object) -> None:
        self._threads -= 1

    def _skip(self, seconds: float) -> bool:
        if self._threads:
            return False
        self._now_s += max(0.0, seconds)
        return True


@contextmanager
def reading_time_of(loop: VirtualLoop, *modules: ModuleType) -> Generator[None]:
    """Let these modules read `time.monotonic()` off the loop as well."""

    class Time:
        monotonic = staticmethod(loop.time)
        perf_counter = staticmethod(time.perf_counter)

    with pytest.MonkeyPatch.context() as patched:
        for module in modules:
            patched.setattr(module, "time", Time)
        yield
