"""An engine of the conversation bench in a process of its own: its start, its report, its end.

Both sides of the pipe: `serve_orders` in the child, `EngineProcess` in the bench. One JSON line
with the port at first, then a line in, a line out; the child ends with its stdin, so that no run
leaves one behind.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from bench.server_process import ROOT

ANSWER_TIMEOUT_S: Final = 30.0
"""For a start or an answer; imports take most of it on a busy machine."""

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
"""The report of a long run is one line."""


class EngineError(Exception):
    """The engine did not do as told. One line."""


class EngineProcess:
    """The bench's side. Use it as an asynchronous context manager.

    Args:
        module: what is run with `python -m`.
        options: its arguments.
    """

    def __init__(self, module: str, *options: str) -> None:
        self.port = 0
        self._command = ("-m", module, *options)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def host(self) -> str:
        """`127.0.0.1:port`."""
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._command,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=MAX_ANSWER_BYTES,
        )
        try:
            self.port = int((await self._line())["port"])
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def report(self) -> dict[str, Any]:
        """Ask for what it remembers.

        Raises:
            EngineError: it does not answer.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(b"report\n")
        await self._process.stdin.drain()
        return await self._line()

    async def _line(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise EngineError(f"{self._command[1]}: no answer") from None
        if not line:
            raise EngineError(f"{self._command[1]}: ended before it answered")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def serve_orders(port: int, answer: Callable[[str], dict[str, Any]]) -> None:
    """Do the child's side: tell the port, answer each line of stdin; return with its end."""
    _tell({"port": port})
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        _tell(answer(line.decode().strip()))


def _tell(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
