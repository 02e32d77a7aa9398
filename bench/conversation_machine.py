"""Whether the machine had a core for the server: what a busy machine does is not the server's.

Owns the samples of how long the server's loop was ready to run and had to wait. Linux only.
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

SAMPLE_S: Final = 0.05
"""Shorter than any turn."""


class CoreWatch:
    """Samples a server's wait for a core. Use it as an asynchronous context manager.

    Args:
        waited_s: reads how long it has waited so far.
    """

    def __init__(self, waited_s: Callable[[], float]) -> None:
        self._read = waited_s
        self._at: list[float] = []
        self._waited: list[float] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._sample()
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait({self._task})
        self._sample()

    def share(self, since: float, until: float) -> float:
        """Return what part of a time, by `time.monotonic()`, the server waited: 0 to 1.

        Whole samples around it count, so a wait at its edge is never missed.
        """
        first = max(0, bisect_right(self._at, since) - 1)
        last = min(len(self._at) - 1, bisect_right(self._at, until))
        elapsed_s = self._at[last] - self._at[first]
        return (self._waited[last] - self._waited[first]) / elapsed_s if elapsed_s > 0.0 else 0.0

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_S)
            self._sample()

    def _sample(self) -> None:
        self._at.append(time.monotonic())
        self._waited.append(self._read())
