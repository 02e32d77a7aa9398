"""Who is waiting for something to become true on a line.

Owns the futures; the line looks after them on every tick, so that waiting costs no task and
no timer of its own, and follows the phone's clock.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from phone.errors import LineEndedError, WaitTimeoutError


@dataclass(frozen=True, slots=True)
class _Waiter:
    done: Callable[[], bool]
    give_up_at: float
    what: str
    future: asyncio.Future[None]


class Waiters:
    """The waits under way on one line."""

    def __init__(self) -> None:
        self._waiting: list[_Waiter] = []

    async def wait(self, done: Callable[[], bool], what: str, give_up_at: float) -> None:
        """Wait until `done()`.

        Raises:
            WaitTimeoutError: it was not by `give_up_at`.
            LineEndedError: the line ended first.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiter(done, give_up_at, what, future))
        await future

    def check(self, now: float) -> None:
        """Wake those whose time has come."""
        if self._waiting:
            self._waiting = [waiter for waiter in self._waiting if not _settle(waiter, now)]

    def end(self) -> None:
        """Wake all others: the line has ended."""
        for waiter in self._waiting:
            if not waiter.future.done():
                error = LineEndedError(f"the stream ended before {waiter.what}")
                waiter.future.set_exception(error)
        self._waiting.clear()


def _settle(waiter: _Waiter, now: float) -> bool:
    if waiter.future.done():
        return True
    if waiter.done():
        waiter.future.set_result(None)
    elif now >= waiter.give_up_at:
        waiter.future.set_exception(WaitTimeoutError(f"waited in vain for {waiter.what}"))
    return waiter.future.done()
