"""Answers that come some time after the audio they are about, in order.

Owns the answers of one stream that wait for their time. Without a time to wait an answer goes
out at once, as if this were not here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any


class Thoughts:
    """The answers of one stream.

    Args:
        write: sends an answer.
    """

    def __init__(self, write: Callable[[Any], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: asyncio.Queue[tuple[float, Any]] = asyncio.Queue()
        self._sender: asyncio.Task[None] | None = None

    async def say(self, answer: Any, after_s: float) -> None:
        """Send an answer after so many seconds, never before one that was said earlier."""
        if self._sender is None and after_s <= 0.0:
            await self._write(answer)
            return
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        self._waiting.put_nowait((time.monotonic() + after_s, answer))

    async def said(self) -> None:
        """Wait until everything is sent."""
        if self._sender is not None:
            await self._waiting.join()

    def cancel(self) -> None:
        """Send nothing more."""
        if self._sender is not None:
            self._sender.cancel()

    async def _send(self) -> None:
        while True:
            due_at, answer = await self._waiting.get()
            await asyncio.sleep(max(0.0, due_at - time.monotonic()))
            await self._write(answer)
            self._waiting.task_done()
