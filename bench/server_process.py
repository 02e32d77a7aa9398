"""A server in a process of its own, to be measured from outside (Linux: reads `/proc`)."""

import asyncio
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.error import URLError
from urllib.request import urlopen

ROOT: Final = Path(__file__).resolve().parents[1]
READY_TIMEOUT_S: Final = 60.0
"""For the server to say that it takes calls: engines started, stock replies synthesised."""

POLL_S: Final = 0.1
STOP_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its children have used so far."""

    cpu_s: float
    rss_mb: float
    threads: int
    waited_s: float
    """What its main thread was ready to run and had no core: the machine's doing."""


NO_LIMIT: Final = {"LOAD_LATE_PERCENT": "0", "LOAD_GAPS_PER_MINUTE": "0"}
"""Whoever looks for a machine's limit, or shares it with the phones, wants no call refused."""


class ServerProcess:
    """Runs `server.py` with other settings than the environment's."""

    def __init__(self, **settings: str) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        own = {"PORT": str(self.port), "LOG_LEVEL": "ERROR"}
        environment = {**os.environ, **NO_LIMIT, **self._settings, **own}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "server.py", cwd=ROOT, env=environment
        )
        await self._until_ready()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()

    def usage(self) -> Usage:
        """Read what the server itself (not its workers) has used."""
        assert self._process is not None
        return _usage(self._process.pid)

    def worker_cpu_s(self) -> float:
        """Read the processor time of its worker processes."""
        assert self._process is not None
        return sum(_usage(pid).cpu_s for pid in _children(self._process.pid))

    async def _until_ready(self) -> None:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while not await asyncio.to_thread(_answers, f"{self.url}/readyz"):
                assert self._process is not None
                if self._process.returncode is not None:
                    msg = f"the server ended with code {self._process.returncode}"
                    raise RuntimeError(msg)
                await asyncio.sleep(POLL_S)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=1.0) as answer:  # noqa: S310  # our own server on loopback
            status: Any = answer.status
    except (URLError, OSError):
        return False
    return bool(status == 200)  # noqa: PLR2004


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _usage(pid: int) -> Usage:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Usage(
        cpu_s=ticks / os.sysconf("SC_CLK_TCK"),
        rss_mb=pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        threads=int(fields[17]),
        waited_s=_waited_s(pid),
    )


def _waited_s(pid: int) -> float:
    """Read the run queue's wait, in ns the second field (Documentation/scheduler/sched-stats)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]
