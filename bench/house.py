"""The whole server's part of the fault table: all its rows, in the order in which they run.

Owns the list of the rows and that order: faults with healthy calls beside them, the end of
that server, servers of their own, and every handler on the manual clock.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from loguru import logger

from bench import (
    house_rows_actors,
    house_rows_agent,
    house_rows_line,
    house_rows_machine,
    house_rows_media,
)
from bench.faults_parts import Parts
from bench.faults_replays import Replays
from bench.house_alone_row import Alone
from bench.house_alone_run import alone_tales
from bench.house_end import end_tales
from bench.house_handlers import handler_tales
from bench.house_measure import (
    RowResult,
    calls_let_down,
    is_doubtful,
    is_open,
    is_over_times_alone,
    misses,
)
from bench.house_row import Row
from bench.house_run import CALLERS, House, open_house, run_rows
from bench.house_table import row_line, tale_line
from bench.house_tale import Tale

ROWS: Final[Sequence[Row]] = (
    *house_rows_actors.ROWS,
    *house_rows_agent.ROWS,
    *house_rows_line.ROWS,
    *house_rows_media.ROWS,
    *house_rows_machine.ROWS,
)
ROUNDS: Final = 3

AGAIN_MOST: Final = 24
"""Rows that strike once more. On a machine so busy that more are in doubt it would not help."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class HouseReport:
    """What came of the house."""

    calls: int
    rounds: int
    rows: tuple[RowResult, ...]
    ends: tuple[Tale, ...]
    handlers: tuple[Tale, ...]

    @property
    def missed(self) -> list[tuple[str, str]]:
        """Every promise that was not kept: the row, and what was missed."""
        tales = (*self.ends, *self.handlers)
        return [
            *((result.row.name, line) for result in self.rows for line in misses(result)),
            *((tale.name, tale.broken) for tale in tales if tale.broken),
        ]


@dataclass(frozen=True, slots=True)
class HousePlan:
    """What is to be done to the house."""

    rows: Sequence[Row]
    """The faults with healthy calls beside them."""
    ends: bool
    """Whether it is told to stop in the end."""
    alone: Sequence[Alone]
    """What is done to servers of their own."""
    handlers: bool
    """Whether every actor crashes over every message, on the manual clock."""
    rounds: int = ROUNDS
    """How often each of the first rows strikes."""
    calls: int = CALLERS
    """Healthy calls beside the faulty one."""


async def run_house(
    plan: HousePlan, logs: Path, replays: Replays, parts: Parts, tell: Tell
) -> HouseReport:
    """Break the house in every way.

    Args:
        plan: what is to be done.
        logs: a folder for the servers' logs and recordings.
        replays: keeps the recordings of calls that were let down.
        parts: told when a part is over.
        tell: told of what came out, a line each.
    """
    results: tuple[RowResult, ...] = ()
    async with AsyncExitStack() as stack:
        house: House | None = None
        if plan.rows or plan.ends:
            house = await stack.enter_async_context(open_house(logs, plan.calls))
            parts.over("opening the house")
            results = await _run_and_again(house, plan, parts, tell)
        for result in results:
            tell("\n".join(_lines(row_line(result), misses(result))))
        # Beside each other: at the end of the house nobody's cadence counts any more.
        ends, alone = await asyncio.gather(_ends(house, plan), alone_tales(plan.alone, logs))
    tales = (*ends, *alone)
    parts.over("the end of the house, and servers of their own")
    handlers = tuple(_handlers()) if plan.handlers else ()
    parts.over("every handler")
    for tale in handlers:
        _tell_tale(tale, tell)
    report = HouseReport(plan.calls, plan.rounds, results, (), handlers)
    return add_tales(report, tales, logs, replays, tell)


def add_tales(
    report: HouseReport, tales: Sequence[Tale], logs: Path, replays: Replays, tell: Tell
) -> HouseReport:
    """Take rows in words into the report: they are told, their recordings kept or deleted."""
    for tale in tales:
        _tell_tale(tale, tell)
    # What broke comes first: there is not room for everything on a busy machine.
    times_last = sorted(report.rows, key=is_over_times_alone)
    replays.keep(
        logs,
        [
            *((one.name, one.sids) for one in tales if one.broken),
            *((one.row.name, calls_let_down(one)) for one in times_last),
        ],
    )
    return replace(report, ends=(*report.ends, *tales))


def _tell_tale(tale: Tale, tell: Tell) -> None:
    tell("\n".join(_lines(tale_line(tale), iter([tale.broken] if tale.broken else []))))


async def _ends(house: House | None, plan: HousePlan) -> Sequence[Tale]:
    return await end_tales(house.server) if house is not None and plan.ends else ()


async def _run_and_again(
    house: House, plan: HousePlan, parts: Parts, tell: Tell
) -> tuple[RowResult, ...]:
    """Run the rows; those that are in doubt strike as often again, and all their times count."""
    if not plan.rows:
        return ()
    results = await run_rows(house, plan.rows, plan.rounds, tell)
    parts.over("rows with healthy calls beside them")
    doubtful = [result for result in results if is_doubtful(result)]
    if not doubtful:
        return results
    tell(f"{len(doubtful)} rows in doubt, {AGAIN_MOST} at most once more")
    missing_first = sorted(doubtful, key=lambda one: next(misses(one), None) is None)
    doubtful = missing_first[:AGAIN_MOST]
    for left in range(plan.rounds, 0, -1):
        open_ones = [one.row for one in doubtful if is_open(one, left)]
        if not open_ones:
            break
        again = {one.row.name: one for one in await run_rows(house, open_ones, 1, tell)}
        doubtful = [_joined(one, again.get(one.row.name)) for one in doubtful]
    parts.over("rows in doubt")
    struck = {one.row.name: one for one in doubtful}
    return tuple(struck.get(one.row.name, one) for one in results)


def _joined(result: RowResult, again: RowResult | None) -> RowResult:
    return result if again is None else RowResult(result.row, result.strikes + again.strikes)


def _handlers() -> Iterator[Tale]:
    """Those calls live in this process, and would log their crashes here."""
    logger.remove()
    logging.getLogger("pykka").disabled = True
    yield from handler_tales()


def _lines(line: str, missed: Iterator[str]) -> Iterator[str]:
    yield line
    for miss in missed:
        yield f"    MISSED  {miss}"
