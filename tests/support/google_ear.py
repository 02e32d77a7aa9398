"""A stream's owner in tests: keeps what the engine says, and lets a test wait for it."""

import asyncio
from collections.abc import Callable
from typing import Any

from speech import ports

WAIT_S = 10.0


class Ear:
    """A sink that can be waited on."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._changed = asyncio.Event()

    def __call__(self, event: Any) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        """Return the first event that is wanted, now or later."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for event in self.events:
                    if wanted(event):
                        return event
                self._changed.clear()
                await self._changed.wait()

    async def opened(self) -> None:
        await self.until(lambda event: isinstance(event, ports.StreamOpened))

    async def ended(self) -> ports.StreamEnded:
        event = await self.until(lambda event: isinstance(event, ports.StreamEnded))
        assert isinstance(event, ports.StreamEnded)
        return event

    async def answer(self) -> Any:
        return await self.until(lambda _event: True)
