"""The emulator as a child process, for tests and benches: start, script, ask, kill, restart.

Owns what is said to it, and its port, which stays the same over restarts; the process and the
pipe are `tests.support.child_process`. Its other side is `tests.emulator.__main__`.
"""

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from tests.emulator.journal import Report
from tests.support.child_process import ChildError, ChildProcess
from tests.support.stamped_faults import Fault


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
        self._child = self._made()
        self._before = Report()
        """What its predecessors on this port saw."""

    @property
    def host(self) -> str:
        """`127.0.0.1:port`: what `SPEECH_EMULATOR_HOST` takes."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The child's process id.

        Raises:
            ChildError: it does not run.
        """
        return self._child.pid

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
            ChildError: it did not come up.
        """
        self._child = self._made()
        await self._child.start()
        self.port = self._child.port

    async def stop(self) -> None:
        """Let it end. Calling twice is harmless."""
        await self._child.stop()

    async def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL to this one child)."""
        await self._child.kill()

    async def restart(self, down_s: float = 0.0) -> float:
        """Kill it and start it again on the same port after exactly that time.

        The successor waits beside it, imports done; the script is gone with the predecessor.

        Returns:
            when it was killed, by `time.monotonic()`.
        """
        successor = self._made("--hold")
        await successor.start()
        try:
            self._before = await self.report()
            killed_at = time.monotonic()
            await self.kill()
            await asyncio.sleep(killed_at + down_s - time.monotonic())
        except BaseException:
            await successor.kill()
            raise
        self._child = successor
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
            ChildError: it is not there, or says what is wrong.
        """
        what = str(order["do"])
        answer = await self._child.ask(json.dumps(order), what)
        if "error" in answer:
            raise ChildError(f"emulator: {what}: {answer['error']}")
        return answer

    def _made(self, *options: str) -> ChildProcess:
        port = ("--port", str(self.port))
        return ChildProcess("emulator", "tests.emulator", *port, *self._options, *options)
