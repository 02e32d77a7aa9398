"""`python -m bench.leaks_server`: the server as it is, with a window for the bench that runs it.

Takes orders from stdin, one JSON object a line, and answers each with one line: what the
process holds, who holds what, how the ledgers stand; and it strikes actors of live calls. Nobody
but the parent process can speak to it, and the server stops with its stdin.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from typing import Any, Final
from unittest.mock import patch

import server
from actors.family import OutOfBand
from actors.mailbox import Mailbox
from actors.root import CallRoot
from bench import leaks_counts

MAX_ORDER_BYTES: Final = 64 * 1024

ENDED_KEPT: Final = 100
"""Ended calls that are remembered here: a tenth of the real number, so that memory must stop
growing a tenth as late."""

TOLD: Final = {
    "calls_total",
    "refused_total",
    "child_failures_total",
    "ledger_errors_total",
    "control_overflows_total",
    "log_lines_lost_total",
}
"""The metrics that a bench is told."""


@dataclass(frozen=True, slots=True)
class Poison(OutOfBand):
    """A message that no actor knows: whoever takes it crashes."""


class WatchedRoot(CallRoot):
    """The root of the real server, which does what the bench asks of it."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._frames: Counter[str] = Counter()
        self._orders: dict[str, Callable[..., Any]] = {
            "count": lambda: asdict(leaks_counts.count(self.active)),
            "weigh": lambda: asdict(leaks_counts.weigh()),
            "types": leaks_counts.types,
            "chain": leaks_counts.chain,
            "books": self._books,
            "strike": self._strike,
        }
        self._serving = asyncio.ensure_future(self._serve())

    async def _serve(self) -> None:
        async for line in _lines():
            try:
                answer = self._obey(json.loads(line))
            except Exception as error:  # noqa: BLE001  # whatever it is, the bench waits for a line
                answer = {"error": f"{type(error).__name__}: {error}"}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGTERM)

    def _obey(self, order: dict[str, Any]) -> dict[str, Any]:
        return {"answer": self._orders[order.pop("do")](**order)}

    def _strike(self, call_sid: str, actor: str) -> bool:
        """Crash one actor of a call; False when the call is over."""
        live = self._live.get(call_sid)
        if live is not None:
            getattr(live.parts, actor).post(Poison())
        return live is not None

    def _books(self) -> dict[str, float]:
        """The frames of all ended calls, and what was counted of the server's fates."""
        books = dict[str, float](self._frames)
        for metric in self._metrics.registry.collect():
            for sample in metric.samples:
                if sample.name in TOLD:
                    books[" ".join((sample.name, *sample.labels.values()))] = sample.value
        return books

    def _reap(self, call_sid: str, reason: str) -> None:
        mailboxes = self._live[call_sid].parts.mailboxes
        super()._reap(call_sid, reason)
        for mailbox in mailboxes:
            self._add(mailbox)

    def _remember(self, call_sid: str, ended: Any) -> None:
        super()._remember(call_sid, ended)
        if len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)

    def _add(self, mailbox: Mailbox[Any]) -> None:
        ledger = mailbox.ledger
        self._frames["control_refused"] += ledger.control_refused
        self._frames[f"{mailbox.name}:entered"] += ledger.entered
        self._frames[f"{mailbox.name}:dropped"] += ledger.drops


async def _lines() -> AsyncIterator[bytes]:
    reader = asyncio.StreamReader(MAX_ORDER_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line


if __name__ == "__main__":
    with patch.object(server, "CallRoot", WatchedRoot):
        sys.exit(server.main([]))
