"""The whole server's part of the fault table: all its rows, in the order in which they run.

Owns the list of the rows and that order: faults with healthy calls beside them, the end of
that server, servers of their own, and every handler on the manual clock.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from loguru import logger

from bench.faults.parts import Parts
from bench.faults.replays import Replays
from bench.faults.server import (
    rows_actors,
    rows_agent,
    rows_line,
    rows_machine,
    rows_media,
)
from bench.faults.server.alone_row import AloneRow
from bench.faults.server.alone_run import run_alone_rows
from bench.faults.server.end import end_rows
from bench.faults.server.handlers import handler_rows
from bench.faults.server.measure import (
    ServerResult,
    is_doubtful,
    is_open,
    is_over_times_alone,
    server_calls_let_down,
    server_misses,
)
from bench.faults.server.row import ServerRow
from bench.faults.server.run import CALLERS, ServerAndCallers, open_server_and_callers, run_rows
from bench.faults.server.table import row_line, worded_line
from bench.faults.server.worded_row import WordedRow

SERVER_ROWS: Final[Sequence[ServerRow]] = (
    *rows_actors.ROWS,
    *rows_agent.ROWS,
    *rows_line.ROWS,
    *rows_media.ROWS,
    *rows_machine.ROWS,
)
ROUNDS: Final = 3

AGAIN_MOST: Final = 24
"""Rows that strike once more. On a machine so busy that more are in doubt it would not help."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServerReport:
    """What came of the server under test, and of those that a row had for itself."""

    calls: int
    rounds: int
    rows: tuple[ServerResult, ...]
    ends: tuple[WordedRow, ...]
    handlers: tuple[WordedRow, ...]

    @property
    def missed(self) -> list[tuple[str, str]]:
        """Every promise that was not kept: the row, and what was missed."""
        worded = (*self.ends, *self.handlers)
        return [
            *((result.row.name, line) for result in self.rows for line in server_misses(result)),
            *((row.name, row.broken) for row in worded if row.broken),
        ]


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """What is to be done to the server under test."""

    rows: Sequence[ServerRow]
    """The faults with healthy calls beside them."""
    ends: bool
    """Whether it is told to stop in the end."""
    alone: Sequence[AloneRow]
    """What is done to servers of their own."""
    handlers: bool
    """Whether every actor crashes over every message, on the manual clock."""
    rounds: int = ROUNDS
    """How often each of the first rows strikes."""
    calls: int = CALLERS
    """Healthy calls beside the faulty one."""


async def run_server_part(
    plan: ServerPlan, logs: Path, replays: Replays, parts: Parts, tell: Tell
) -> ServerReport:
    """Break the server in every way.

    Args:
        plan: what is to be done.
        logs: a folder for the servers' logs and recordings.
        replays: keeps the recordings of calls that were let down.
        parts: told when a part is over.
        tell: told of what came out, a line each.
    """
    results: tuple[ServerResult, ...] = ()
    async with AsyncExitStack() as stack:
        under_test: ServerAndCallers | None = None
        if plan.rows or plan.ends:
            under_test = await stack.enter_async_context(open_server_and_callers(logs, plan.calls))
            parts.over("starting the server under test")
            results = await _run_and_again(under_test, plan, parts, tell)
        for result in results:
            tell("\n".join(_lines(row_line(result), server_misses(result))))
        # Beside each other: at the end of the server nobody's cadence counts any more.
        ends, alone = await asyncio.gather(
            _ends(under_test, plan), run_alone_rows(plan.alone, logs)
        )
    worded = (*ends, *alone)
    parts.over("the end of that server, and servers of their own")
    handlers = tuple(_handlers()) if plan.handlers else ()
    parts.over("every handler")
    for row in handlers:
        _tell_worded(row, tell)
    report = ServerReport(plan.calls, plan.rounds, results, (), handlers)
    return add_worded_rows(report, worded, logs, replays, tell)


def add_worded_rows(
    report: ServerReport, worded: Sequence[WordedRow], logs: Path, replays: Replays, tell: Tell
) -> ServerReport:
    """Take rows in words into the report: they are told, their recordings kept or deleted."""
    for row in worded:
        _tell_worded(row, tell)
    # What broke comes first: there is not room for everything on a busy machine.
    times_last = sorted(report.rows, key=is_over_times_alone)
    replays.keep(
        logs,
        [
            *((one.name, one.sids) for one in worded if one.broken),
            *((one.row.name, server_calls_let_down(one)) for one in times_last),
        ],
    )
    return replace(report, ends=(*report.ends, *worded))


def _tell_worded(row: WordedRow, tell: Tell) -> None:
    missed = [row.broken] if row.broken else []
    tell("\n".join(_lines(worded_line(row), missed)))


async def _ends(under_test: ServerAndCallers | None, plan: ServerPlan) -> Sequence[WordedRow]:
    return await end_rows(under_test.server) if under_test is not None and plan.ends else ()


async def _run_and_again(
    under_test: ServerAndCallers, plan: ServerPlan, parts: Parts, tell: Tell
) -> tuple[ServerResult, ...]:
    """Run the rows; those that are in doubt strike as often again, and all their times count."""
    if not plan.rows:
        return ()
    results = await run_rows(under_test, plan.rows, plan.rounds, tell)
    parts.over("rows with healthy calls beside them")
    doubtful = [result for result in results if is_doubtful(result)]
    if not doubtful:
        return results
    tell(f"{len(doubtful)} rows in doubt, {AGAIN_MOST} at most once more")
    missing_first = sorted(doubtful, key=lambda one: next(server_misses(one), None) is None)
    doubtful = missing_first[:AGAIN_MOST]
    for left in range(plan.rounds, 0, -1):
        open_ones = [one.row for one in doubtful if is_open(one, left)]
        if not open_ones:
            break
        again = {one.row.name: one for one in await run_rows(under_test, open_ones, 1, tell)}
        doubtful = [_joined(one, again.get(one.row.name)) for one in doubtful]
    parts.over("rows in doubt")
    struck = {one.row.name: one for one in doubtful}
    return tuple(struck.get(one.row.name, one) for one in results)


def _joined(result: ServerResult, again: ServerResult | None) -> ServerResult:
    return result if again is None else ServerResult(result.row, result.strikes + again.strikes)


def _handlers() -> Iterator[WordedRow]:
    """Those calls live in this process, and would log their crashes here."""
    logger.remove()
    logging.getLogger("pykka").disabled = True
    yield from handler_rows()


def _lines(line: str, missed: Iterable[str]) -> Iterator[str]:
    yield line
    for miss in missed:
        yield f"    MISSED  {miss}"
