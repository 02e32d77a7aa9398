"""A sink for syntheses that a test can wait on."""

import asyncio

from speech.ports import AudioChunk, SynthesisEvent


class Listener:
    """Hears one synthesis."""

    def __init__(self) -> None:
        self.events: list[SynthesisEvent] = []
        self._heard = asyncio.Event()

    def __call__(self, event: SynthesisEvent) -> None:
        self.events.append(event)
        self._heard.set()

    async def last(self, timeout_s: float = 5.0) -> SynthesisEvent:
        """Wait for the event that is not audio."""
        async with asyncio.timeout(timeout_s):
            while not self.events or isinstance(self.events[-1], AudioChunk):
                self._heard.clear()
                await self._heard.wait()
        return self.events[-1]

    async def some(self, timeout_s: float = 5.0) -> None:
        """Wait for the first event."""
        async with asyncio.timeout(timeout_s):
            await self._heard.wait()

    @property
    def chunks(self) -> list[bytes]:
        """The audio so far, chunk by chunk."""
        return [event.audio for event in self.events if isinstance(event, AudioChunk)]

    @property
    def audio(self) -> bytes:
        """All audio so far."""
        return b"".join(self.chunks)
