"""The server under test as the bench sees it: its process, its log, its control port.

Owns the process (Linux: limits are set from outside by `prlimit`) and the one connection to
its control port. What an order means is that one's business.
"""

import asyncio
import json
import os
import resource
import signal
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bench.server_process import ROOT, ServerProcess, _free_port

ANSWER_TIMEOUT_S: Final = 20.0
"""For the control port to answer: an agent may keep its loop for 5 s."""

STOP_TIMEOUT_S: Final = 30.0
READ_BYTES: Final = 65_536


class ServerUnderTest(ServerProcess):
    """Runs `bench.faults.server.controlled_server`, or the plain server.

    Args:
        log: a file for its log, overwritten.
        options: more arguments of `bench.faults.server.controlled_server`.
        settings: other settings than the environment's.
    """

    def __init__(self, log: Path, *options: str, **settings: str) -> None:
        super().__init__(**settings)
        self._options = options
        self.log: Final = log
        self.log_taken = asyncio.Event()
        """Cleared: nobody reads what the server logs; its pipe fills up."""
        self.log_taken.set()
        self.faulty_sids: Final[list[str]] = []
        """CallSids of calls that something was or will be done to."""
        self._control_port = _free_port()
        self._control: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._order = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        environment = os.environ | self._settings | {"PORT": str(self.port), "LOG_LEVEL": "INFO"}
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.faults.server.controlled_server"),
            *("--control-port", str(self._control_port)),
            *self._options,
            cwd=ROOT,
            env=environment,
            stderr=asyncio.subprocess.PIPE,
        )
        reading = asyncio.create_task(self._read_log(self._process))
        self._stack.callback(reading.cancel)
        await self._until_ready()
        self._control = await asyncio.open_connection("127.0.0.1", self._control_port)
        self._stack.callback(self._control[1].close)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.log_taken.set()
        with suppress(TimeoutError):
            await self.stopped(STOP_TIMEOUT_S)
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
        await self._stack.aclose()

    async def stopped(self, timeout_s: float) -> int:
        """Tell it to stop, and wait for its exit code.

        Raises:
            TimeoutError: it is still there.
        """
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        return await self.ended(timeout_s)

    async def ended(self, timeout_s: float) -> int:
        """Wait for its exit code.

        Raises:
            TimeoutError: it is still there.
        """
        assert self._process is not None
        async with asyncio.timeout(timeout_s):
            return await self._process.wait()

    async def order(self, do: str, **fields: Any) -> Any:
        """Give the control port an order and return its answer.

        Raises:
            TimeoutError: no answer; the server's loop stands still.
        """
        assert self._control is not None
        reader, writer = self._control
        async with self._order, asyncio.timeout(ANSWER_TIMEOUT_S):
            writer.write(json.dumps({"do": do, **fields}).encode() + b"\n")
            line = await reader.readline()
        if not line:
            msg = "the control port of the server under test closed"
            raise RuntimeError(msg)
        return json.loads(line)

    # --- from outside ------------------------------------------------------------------

    def setting(self, name: str) -> str | None:
        """What it was told beyond the environment."""
        return self._settings.get(name)

    @property
    def pid(self) -> int:
        """Of the server's main process."""
        assert self._process is not None
        return self._process.pid

    def limit(self, what: int, soft: int) -> int:
        """Set a limit of the process, one of `resource.RLIMIT_…`; returns the one before."""
        before, hard = resource.prlimit(self.pid, what)
        resource.prlimit(self.pid, what, (soft, hard))
        return before

    def first_free_file(self) -> int:
        """The first number that no open file descriptor of it has reached."""
        return max(int(one.name) for one in Path(f"/proc/{self.pid}/fd").iterdir()) + 1

    def workers(self, named: str) -> list[int]:
        """Worker processes whose command line holds a word."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
        return [pid for pid, line in lines.items() if named.encode() in line]

    async def stand_still(self, seconds: float) -> None:
        """Stop the whole process for a while, as a paused virtual machine would."""
        os.kill(self.pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        os.kill(self.pid, signal.SIGCONT)

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        with self.log.open("wb") as log:
            while data := await process.stderr.read(READ_BYTES):
                log.write(data)
                log.flush()
                await self.log_taken.wait()
