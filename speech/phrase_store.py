"""Keeps phrases on disk for the next start, without making the event loop wait.

Owns: one thread, on which all of the reading and writing is done in order. Never raises for
trouble with the disk: a phrase that cannot be read is absent, one that cannot be written is
counted, and the first such trouble is logged. The phrase cache and Google's synthesiser
talk to it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Final, TypeVar

from loguru import logger

from speech.phrase_files import PhraseFileCounters, PhraseFiles
from speech.ports import EngineError

MAX_UNWRITTEN: Final = 1024
"""Phrases that wait for the disk; more are not written. A dialogue has at most hundreds."""

T = TypeVar("T")


class PhraseStore:
    """The phrases under one folder.

    Args:
        folder: where they lie; made if it is not there.
        max_bytes: bound of the room they take.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self._files = PhraseFiles(folder, max_bytes)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="phrases")
        self._unwritten = 0
        self.failures = 0
        """Readings and writings that the disk refused."""
        self.dropped = 0
        """Phrases not written because too many waited, or the store was closed."""

    @property
    def counters(self) -> PhraseFileCounters:
        """What has happened to the files."""
        return self._files.counters

    def counts(self) -> dict[str, int]:
        """Say how often what has happened, for metrics."""
        own = {"disk_failures": self.failures, "dropped": self.dropped}
        return asdict(self._files.counters) | own

    async def start(self) -> None:
        """Open the folder.

        Raises:
            EngineError: nothing can be written there.
        """
        try:
            await self._on_thread(self._files.open)
        except OSError as error:
            where = f"PHRASE_CACHE_DIR={self.folder}"
            raise EngineError(f"{where}: {error.strerror}; expected a folder to write to") from None

    async def aclose(self) -> None:
        """Write what waits and end the thread. Calling twice is harmless."""
        await asyncio.to_thread(self._thread.shutdown)

    async def load(self, key: str) -> bytes | None:
        """Return what was kept under a key; None where there is nothing whole."""
        try:
            return await self._on_thread(lambda: self._files.load(key))
        except OSError as error:
            self._note_failure(error)
            return None

    def save(self, key: str, audio: bytes) -> None:
        """Keep audio under a key; returns at once, the thread does it."""
        if self._unwritten >= MAX_UNWRITTEN:
            self.dropped += 1
            return
        try:
            writing = self._on_thread(lambda: self._files.save(key, audio))
        except RuntimeError:  # closed: a synthesis ended after the engine did
            self.dropped += 1
            return
        self._unwritten += 1
        writing.add_done_callback(self._note_written)

    def _on_thread(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _note_written(self, writing: asyncio.Future[None]) -> None:
        self._unwritten -= 1
        if writing.cancelled():
            return
        error = writing.exception()
        if error is not None:
            self._note_failure(error)

    def _note_failure(self, error: BaseException) -> None:
        self.failures += 1
        if self.failures > 1:
            return
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        logger.warning("💾 [TTS] {}: {}; expected a disk to keep phrases on", self.folder, reason)
