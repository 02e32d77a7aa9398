"""A child process that is asked through its stdin: its start, its answers, its end.

Both sides of the pipe: `serve_orders` in the child, `ChildProcess` in the test or bench. One
JSON line comes at first, then a line goes in and a line comes out; the child ends with its
stdin, so that no run leaves one behind. What a line says is none of its business.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]

ANSWER_TIMEOUT_S: Final = 30.0
"""For a start or an answer; imports take most of it on a busy machine."""

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
"""The report of a long run is one line."""


class ChildError(Exception):
    """The child did not do as told. One line."""


class ChildProcess:
    """The asking side. Use it as an asynchronous context manager, or `start()` and `stop()`.

    Args:
        name: what messages of errors call it.
        module: what is run with `python -m`.
        options: its arguments.
    """

    def __init__(self, name: str, module: str, *options: str) -> None:
        self.port = 0
        """What its first line said; 0 before."""
        self._name = name
        self._command = ("-m", module, *options)
        self._process: asyncio.subprocess.Process | None = None
        self._orders = asyncio.Lock()

    @property
    def host(self) -> str:
        """`127.0.0.1:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id.

        Raises:
            ChildError: it does not run.
        """
        return self._running().pid

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait for its first line.

        Raises:
            ChildError: it did not come up.
        """
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, *self._command),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=MAX_ANSWER_BYTES,
        )
        try:
            self.port = int((await self._answer("start")).get("port", 0))
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Let it end. Calling twice is harmless."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            await _kill(process)

    async def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL to it alone); harmless when it has ended."""
        process, self._process = self._process, None
        if process is not None:
            await _kill(process)

    async def report(self) -> dict[str, Any]:
        """Ask for what it remembers, in the one word that `serve_orders` children know.

        Raises:
            ChildError: it does not answer.
        """
        return await self.ask("report", "report")

    async def ask(self, line: str, what: str) -> dict[str, Any]:
        """Say one line to it and hear its answer; one at a time.

        Args:
            line: without the newline.
            what: names it in errors, with nothing private.

        Raises:
            ChildError: it is not there, or does not answer.
        """
        stdin = self._running().stdin
        assert stdin is not None
        async with self._orders:
            try:
                stdin.write(line.encode() + b"\n")
                await stdin.drain()
            except OSError:
                raise self._ended(what) from None
            return await self._answer(what)

    async def _answer(self, what: str) -> dict[str, Any]:
        stdout = self._running().stdout
        assert stdout is not None
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                line = await stdout.readline()
        except TimeoutError:
            raise ChildError(f"{self._name}: no answer to {what}") from None
        if not line:
            raise self._ended(what)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _ended(self, what: str) -> ChildError:
        return ChildError(f"{self._name}: ended before it answered {what}")

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise ChildError(f"{self._name}: does not run; expected start() before")
        return self._process


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself meanwhile
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
