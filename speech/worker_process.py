"""One child process that speaks packets: started, listened to, watched and ended.

Owns: the process, its pipes and its end; one object is one run, replacing it is the seat's
business. Never knows what the packets mean, except `READY`, `REFUSED` and the pings it
watches for hangs with. `speech.worker_seat` talks to it.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from speech.packets import Packet, PacketError, PacketReader, encode
from speech.worker_kinds import FromWorker, ToWorker

START_TIMEOUT_S: Final = 20.0
"""Longest wait for `READY`: imports and models on a busy machine."""

PING_S: Final = 0.5
"""Time between two pings."""

HANG_S: Final = 5.0
"""Silence after a ping for so long is a hang: the worker is killed. A busy worker is not
silent, see `speech.worker_main.SIGN_OF_LIFE_S`."""

EXIT_TIMEOUT_S: Final = 1.0
"""Time a worker has to exit after its stdin has closed."""

READ_BYTES: Final = 65_536
"""Most that is read at once."""

_ROOT: Final = Path(__file__).resolve().parent.parent

_PASSED_ON: Final = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "LD_LIBRARY_PATH",
    "SYSTEMROOT",
)  # fmt: skip
"""Environment a worker needs; the server's secrets are not in it."""


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """Which worker to run."""

    module: str
    """Module with the child's `main`, such as `speech.espeak_worker`."""

    configuration: Mapping[str, Any]
    """Sent as its first packet, as JSON of at most 64 KiB."""

    hang_s: float = HANG_S
    """Seconds without an answer that count as a hang."""


class WorkerFailed(Exception):
    """A worker did not become ready. The message is one line."""


class WorkerProcess:
    """A worker that is ready; made by `spawn()`."""

    def __init__(self, process: Process, hang_s: float) -> None:
        self._process = process
        self._hang_s = hang_s
        self._reader = PacketReader()
        self._asked_at: float | None = None
        self._killed = False
        self._verdict = ""
        assert process.stdin is not None  # noqa: S101  both were asked for as PIPE
        assert process.stdout is not None  # noqa: S101
        self._stdin = process.stdin
        self._stdout = process.stdout

    @classmethod
    async def spawn(cls, spec: WorkerSpec) -> "WorkerProcess":
        """Start a worker and wait until it is ready.

        Raises:
            WorkerFailed: it could not be started, refused, or was not ready in time.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", spec.module,
                stdin=PIPE, stdout=PIPE, cwd=_ROOT, env=_environment(),
            )  # fmt: skip
        except OSError as error:
            raise WorkerFailed(f"{spec.module} cannot be started: {error}") from error
        worker = cls(process, spec.hang_s)
        ready = False
        try:
            await worker._get_ready(spec)
            ready = True
        finally:
            if not ready:
                await worker.end()
        return worker

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def send(self, data: bytes) -> None:
        """Send encoded packets; dropped when it is dying, its death is reported anyway."""
        if not self._stdin.is_closing():
            self._stdin.write(data)

    def kill(self, verdict: str) -> None:
        """Kill it; `serve()` reports the verdict."""
        if self._process.returncode is None and not self._killed:
            self._verdict = verdict
            self._killed = True
            self._process.kill()

    async def serve(self, on_packet: Callable[[Packet], None]) -> str:
        """Hand over its packets until it dies; returns why, in one line."""
        watch = asyncio.create_task(self._watch())
        try:
            await self._listen(on_packet)
        except PacketError as error:
            self.kill(f"sent no packets: {error}")
        finally:
            watch.cancel()
            await self.end()
        return self._verdict or f"exited with code {self._process.returncode}"

    async def end(self) -> None:
        """Close its stdin, let it exit, kill it when it does not. Calling twice is harmless."""
        self._stdin.close()
        try:
            async with asyncio.timeout(EXIT_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self.kill("did not exit")
            await self._process.wait()
        finally:
            self.kill("did not exit")

    async def _get_ready(self, spec: WorkerSpec) -> None:
        body = json.dumps(spec.configuration).encode()
        try:
            self.send(encode(Packet(ToWorker.CONFIGURE, 0, body)))
            async with asyncio.timeout(START_TIMEOUT_S):
                answer = await self._first_packet()
        except PacketError as error:
            raise WorkerFailed(f"{spec.module}: {error}") from error
        except TimeoutError:
            raise WorkerFailed(f"{spec.module}: not ready after {START_TIMEOUT_S} s") from None
        if answer is None:
            raise WorkerFailed(f"{spec.module}: exited before it was ready, see its stderr")
        if answer.kind != FromWorker.READY:
            raise WorkerFailed(answer.body.decode(errors="replace"))

    async def _first_packet(self) -> Packet | None:
        while data := await self._stdout.read(READ_BYTES):
            for packet in self._reader.feed(data):
                return packet
        return None

    async def _listen(self, on_packet: Callable[[Packet], None]) -> None:
        while data := await self._stdout.read(READ_BYTES):
            self._asked_at = None
            for packet in self._reader.feed(data):
                if packet.kind != FromWorker.PONG or packet.job:
                    on_packet(packet)

    async def _watch(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            if self._asked_at is None:
                self._asked_at = clock()
                self.send(encode(Packet(ToWorker.PING)))
            elif clock() - self._asked_at > self._hang_s:
                self.kill(f"gave no answer for {self._hang_s} s")
            await asyncio.sleep(PING_S)


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
