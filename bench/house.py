"""The whole server's part of the fault table: all its rows, in the order in which they run.

Owns the list of the rows and that order: faults with healthy calls beside them, the end of
that server, servers of their own, and every handler on the manual clock.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
from bench.house_alone import alone_tales
from bench.house_end import end_tales
from bench.house_handlers import handler_tales
from bench.house_measure import RowResult, is_doubtful, misses
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


async def run_house(
    rows: Sequence[Row],
    logs: Path,
    tell: Tell,
    *,
    rounds: int = ROUNDS,
    calls: int = CALLERS,
    to_the_end: bool = True,
) -> HouseReport:
    """Break the house in every way.

    Args:
        rows: the faults with healthy calls beside them.
        logs: a folder for the servers' logs.
        tell: told of what came out, a line each.
        rounds: how often each row strikes.
        calls: healthy calls beside the faulty one.
        to_the_end: whether it is also told to stop, and the other servers and handlers follow.
    """
    ends: list[Tale] = []
    async with open_house(logs, calls) as house:
        results = await _run_and_again(house, rows, rounds, tell)
        for result in results:
            tell("\n".join(_lines(row_line(result), misses(result))))
        if to_the_end:
            ends += await end_tales(house.server)
    if to_the_end:
        ends += await alone_tales(logs)
    handlers = tuple(_handlers()) if to_the_end else ()
    for tale in (*ends, *handlers):
        tell("\n".join(_lines(tale_line(tale), iter([tale.broken] if tale.broken else []))))
    return HouseReport(calls, rounds, results, tuple(ends), handlers)


async def _run_and_again(
    house: House, rows: Sequence[Row], rounds: int, tell: Tell
) -> tuple[RowResult, ...]:
    """Run the rows; those that are in doubt strike as often again, and all their times count."""
    results = await run_rows(house, rows, rounds, tell)
    doubtful = [result.row for result in results if is_doubtful(result)]
    if not doubtful:
        return results
    tell(f"{len(doubtful)} rows in doubt, once more")
    again = {one.row.name: one for one in await run_rows(house, doubtful, rounds, tell)}
    return tuple(
        RowResult(one.row, one.strikes + again[one.row.name].strikes)
        if one.row.name in again
        else one
        for one in results
    )


def _handlers() -> Iterator[Tale]:
    """Those calls live in this process, and would log their crashes here."""
    logger.remove()
    logging.getLogger("pykka").disabled = True
    yield from handler_tales()


def _lines(line: str, missed: Iterator[str]) -> Iterator[str]:
    yield line
    for miss in missed:
        yield f"    MISSED  {miss}"
