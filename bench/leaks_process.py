"""The watched server as a child process: start, ask, strike, stop. The bench's side of the pipe.

Owns the child and its log, which goes to a file: most of it is about faults that were meant.
Speaks JSON lines with `bench.leaks_server`, one order at a time.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bench.leaks_counts import Counts, Memory
from bench.server_process import ROOT, STOP_TIMEOUT_S, ServerProcess

ANSWER_TIMEOUT_S: Final = 20.0
"""For an answer; a server that is busy with all its calls answers within a second."""

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024


class WatchedServer(ServerProcess):
    """As `ServerProcess`, with a look inside.

    Args:
        log: the file for its log, overwritten.
        settings: other settings than the environment's.
    """

    def __init__(self, log: Path, **settings: str) -> None:
        super().__init__(**settings)
        self._log = log
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        environment = os.environ | self._settings | {"PORT": str(self.port)}
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.leaks_server"),
                cwd=ROOT,
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=MAX_ANSWER_BYTES,
            )
        await self._until_ready()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        except TimeoutError:
            assert self._process is not None
            self._process.kill()
            await self._process.wait()
            raise RuntimeError(
                f"the server was still there {STOP_TIMEOUT_S} s after SIGTERM"
            ) from None

    async def count(self) -> Counts:
        """Ask what it holds."""
        return Counts(**await self.ask("count"))

    async def weigh(self) -> Memory:
        """Ask for its memory; it collects its garbage first."""
        return Memory(**await self.ask("weigh"))

    async def strike(self, call_sid: str, actor: str) -> bool:
        """Crash an actor (`rx`, `stt`, `agent`, `tx`, `call`); False when its call is over."""
        struck: bool = await self.ask("strike", call_sid=call_sid, actor=actor)
        return struck

    async def ask(self, what: str, **details: str) -> Any:
        """Say one line to it and hear its answer.

        Raises:
            RuntimeError: it is not there any more, or could not do it.
            TimeoutError: it does not answer.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._turn, asyncio.timeout(ANSWER_TIMEOUT_S):
            self._process.stdin.write(json.dumps({"do": what, **details}).encode() + b"\n")
            await self._process.stdin.drain()
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended before it answered {what}; see {self._log}")
        told = json.loads(line)
        if "error" in told:
            raise RuntimeError(f"the server could not {what}: {told['error']}")
        return told["answer"]
