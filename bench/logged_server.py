"""A server whose log goes to a file: its faults are many here, and expected."""

import asyncio
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench.server_process import ROOT, ServerProcess

LOG_LEVEL: Final = "INFO"

STOP_TIMEOUT_S: Final = 12.0
"""The calls of a row are over by then: nothing is left to be drained."""


class LoggedServer(ServerProcess):
    """As `ServerProcess`, with the whole log in a file.

    Args:
        log: the file, overwritten.
        settings: other settings than the environment's.
    """

    def __init__(self, log: Path, **settings: str) -> None:
        super().__init__(**settings)
        self.trouble: str | None = None
        """What was wrong with its end."""
        self._log = log

    async def __aenter__(self) -> Self:
        environment = os.environ | self._settings
        environment |= {"PORT": str(self.port), "LOG_LEVEL": LOG_LEVEL}
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "server.py"), cwd=ROOT, env=environment, stderr=log
            )
        await self._until_ready()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is None or self._process.returncode is not None:
            self.trouble = "the server ended before it was told to"
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self.trouble = f"the server was still there {STOP_TIMEOUT_S:.0f} s after SIGTERM"
            self._process.kill()
            await self._process.wait()
