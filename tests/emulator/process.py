"""The emulator as a child process, for tests and benches: start, script, ask, kill, restart.

Owns the child and the pipe to it; one order at a time. The port stays the same over
restarts. Speaks JSON lines with `tests.emulator.__main__`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.emulator.journal import Report
from tests.support.stamped_faults import Fault

ROOT: Final = Path(__file__).resolve().parents[2]

ANSWER_TIMEOUT_S: Final = 20.0
"""For a start or an answer; imports take most of it on a busy machine."""

MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
"""A report of many streams is one line."""


class EmulatorError(Exception):
    """The emulator did not do as told. One line."""


class EmulatorProcess:
    """Use it as an asynchronous context manager.

    Args:
        stream_limit_s: length of a stream, after which it ends with OUT_OF_RANGE.
        audio_timeout_s: without audio, with the same end.
        quiet_ms: that ends an utterance.
        thinking_s: from the audio to the answer about it.
    """

    def __init__(
        self,
        *,
        stream_limit_s: float = 305.0,
        audio_timeout_s: float = 10.0,
        quiet_ms: int = 300,
        thinking_s: float = 0.0,
    ) -> None:
        self.port = 0
        self._options = (
            *("--stream-limit-s", str(stream_limit_s)),
            *("--audio-timeout-s", str(audio_timeout_s)),
            *("--quiet-ms", str(quiet_ms)),
            *("--thinking-s", str(thinking_s)),
        )
        self._process: asyncio.subprocess.Process | None = None
        self._before = Report()
        """What its predecessors on this port saw."""
        self._orders = asyncio.Lock()

    @property
    def host(self) -> str:
        """`127.0.0.1:port`: what `SPEECH_EMULATOR_HOST` takes."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The child's process id.

        Raises:
            EmulatorError: it does not run.
        """
        return self._child().pid

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
        """Start it, on the port it had before if it ran already.

        Raises:
            EmulatorError: it did not come up.
        """
        self._process = await self._spawn()
        try:
            self.port = int((await self._answer("start"))["port"])
        except BaseException:
            await self.kill()
            raise

    async def _spawn(self, *options: str) -> asyncio.subprocess.Process:
        port = ("--port", str(self.port))
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.emulator", *port, *self._options, *options),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=MAX_ANSWER_BYTES,
        )

    async def stop(self) -> None:
        """Let it end. Calling twice is harmless."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL to this one child)."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            await process.wait()

    async def restart(self, down_s: float = 0.0) -> float:
        """Kill it and start it again on the same port after exactly that time.

        The successor waits beside it, imports done; the script is gone with the predecessor.

        Returns:
            when it was killed, by `time.monotonic()`.
        """
        successor = await self._spawn("--hold")
        try:
            await _line_of(successor, "hold")
            self._before = await self.report()
            killed_at = time.monotonic()
            await self.kill()
            await asyncio.sleep(killed_at + down_s - time.monotonic())
        except BaseException:
            successor.kill()
            await successor.wait()
            raise
        self._process = successor
        await self.order(do="start")
        # Without it a successor would take the first replay that it hears for live speech.
        await self.order(do="script", began_at=self._before.began_at)
        return killed_at

    async def script(
        self,
        faults: Iterable[Fault] = (),
        *,
        limits: dict[str, float] | None = None,
        refused_models: Sequence[str] = (),
    ) -> None:
        """Put these rules in force in place of the old ones; limits not named stay."""
        await self.order(
            do="script",
            faults=[fault.as_json() for fault in faults],
            limits=limits or {},
            refused_models=list(refused_models),
        )

    async def report(self) -> Report:
        """What it and those before it saw since the start or the last `clear()`."""
        return self._before.joined(Report.from_json(await self.order(do="report")))

    async def clear(self) -> None:
        """Forget rules, stream numbers and the report."""
        self._before = Report()
        await self.order(do="clear")

    async def break_connections(self) -> int:
        """Reset every connection; returns how many."""
        return int((await self.order(do="break"))["cut"])

    async def network(self, **settings: float | bool) -> None:
        """Set how connections fare: `delay_s`, `black_hole`, `swallow`, `refuse`."""
        await self.order(do="network", **settings)

    async def order(self, **order: Any) -> dict[str, Any]:
        """Say one line to it and hear its answer.

        Raises:
            EmulatorError: it is not there, or says what is wrong.
        """
        stdin = self._child().stdin
        assert stdin is not None
        async with self._orders:
            stdin.write(json.dumps(order).encode() + b"\n")
            await stdin.drain()
            answer = await self._answer(str(order["do"]))
        if "error" in answer:
            raise EmulatorError(f"emulator: {order['do']}: {answer['error']}")
        return answer

    async def _answer(self, what: str) -> dict[str, Any]:
        return await _line_of(self._child(), what)

    def _child(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise EmulatorError("emulator: does not run; expected start() before")
        return self._process


async def _line_of(process: asyncio.subprocess.Process, what: str) -> dict[str, Any]:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            line = await process.stdout.readline()
    except TimeoutError:
        raise EmulatorError(f"emulator: no answer to {what}") from None
    if not line:
        raise EmulatorError(f"emulator: ended before it answered {what}")
    answer: dict[str, Any] = json.loads(line)
    return answer
