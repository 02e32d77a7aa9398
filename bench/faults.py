"""`python -m bench.faults`: everything that can go wrong with calls, done to them and measured.

Two parts. The whole server, with forty healthy calls beside the one that is struck; and every
fault of the recogniser, which an emulator plays. Prints a line a row; a run of all rows writes
`docs/faults.md`. Exits with 1 if a promise was not kept.
"""

import argparse
import asyncio
import json
import logging
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from loguru import logger

from bench.faults_crashes import CrashRow, crash_rows
from bench.faults_rows import ROWS, Row
from bench.faults_run import RowResult, run_row
from bench.faults_table import HEAD, crash_line, crash_misses, line_of, misses, numbers_of
from bench.house import ROWS as HOUSE_ROWS
from bench.house import HouseReport, run_house
from bench.house_document import document
from bench.house_row import Row as HouseRow
from bench.server_process import ROOT

MISSES_SHOWN = 8
"""Of one row."""

DOCUMENT: Final = ROOT / "docs" / "faults.md"

MOMENTS: Final = 8
AT_ONCE: Final = 7
"""Rows of the recogniser at the same time: together as many calls as one row of the full run."""

FULL_MOMENTS: Final = 50
CRASH_MOMENTS: Final = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rows asked for; the exit code says whether all promises were kept."""
    parser = _parser()
    options = parser.parse_args(arguments)
    plan = _plan(options)
    if not (plan.rows or plan.house_rows) or plan.moments < 1:
        parser.error("expected rows of --list, and at least one moment")
    if options.list:
        names = [row.name for row in plan.house_rows] + [row.name for row in plan.rows]
        print("\n".join(names))
        return 0
    with TemporaryDirectory() as nowhere:
        logs = options.logs or Path(nowhere)
        logs.mkdir(parents=True, exist_ok=True)
        return asyncio.run(_run(plan, logs))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.faults", description=__doc__)
    parser.add_argument("--part", choices=("house", "recogniser"), help="only this one")
    parser.add_argument("--rows", help="names or parts of names, with commas; else all")
    parser.add_argument("--moments", type=int, help="calls of a row of the recogniser")
    parser.add_argument(
        "--full", action="store_true", help=f"{FULL_MOMENTS} calls a row, one row at a time"
    )
    parser.add_argument("--json", action="store_true", help="the recogniser's rows as JSON lines")
    parser.add_argument("--logs", type=Path, help="keep the servers' logs in this folder")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    return parser


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be run."""

    house_rows: Sequence[HouseRow]
    rows: Sequence[Row]
    crashes: bool
    whole_house: bool
    """Whether the house is run to its end, with its handlers and other servers."""
    document: bool
    moments: int
    at_once: int
    as_json: bool


def _plan(options: argparse.Namespace) -> _Plan:
    parts = None if options.rows is None else [one.strip() for one in options.rows.split(",")]

    def fits(name: str) -> bool:
        return parts is None or any(part.lower() in name.lower() for part in parts)

    with_house, with_recogniser = options.part != "recogniser", options.part != "house"
    moments = FULL_MOMENTS if options.full else MOMENTS
    return _Plan(
        house_rows=[row for row in HOUSE_ROWS if with_house and fits(row.name)],
        rows=[row for row in ROWS if with_recogniser and fits(row.name)],
        crashes=with_recogniser and fits("STT crash"),
        whole_house=with_house and parts is None,
        document=options.part is None and parts is None,
        moments=moments if options.moments is None else options.moments,
        at_once=1 if options.full else AT_ONCE,
        as_json=options.json,
    )


async def _run(plan: _Plan, logs: Path) -> int:
    began_at = time.monotonic()
    print(f"Python {platform.python_version()}, {platform.machine()}", flush=True)
    house: HouseReport | None = None
    if plan.house_rows:
        house = await run_house(plan.house_rows, logs, _say, to_the_end=plan.whole_house)
    results = await _recogniser(plan, logs)
    logger.remove()  # the calls of these rows are in this process, and log their crashes
    logging.getLogger("pykka").disabled = True
    crashes = [_told(row, plan) for row in crash_rows(CRASH_MOMENTS)] if plan.crashes else []
    if plan.document and house is not None:
        text = document(house, results, crashes, time.monotonic() - began_at)
        DOCUMENT.write_text(text, encoding="utf-8")
        print(f"written: {DOCUMENT}")
    missed = any(map(any, map(misses, results))) or any(map(any, map(crash_misses, crashes)))
    return 1 if missed or (house is not None and house.missed) else 0


async def _recogniser(plan: _Plan, logs: Path) -> list[RowResult]:
    if not plan.rows:
        return []
    if not plan.as_json:
        print(f"{plan.moments} calls a row, {plan.at_once} rows at a time\n{HEAD}", flush=True)
    places = asyncio.Semaphore(plan.at_once)
    results: dict[str, RowResult] = {}

    async def one(row: Row) -> None:
        async with places:
            results[row.name] = await run_row(row, plan.moments, logs)
        _tell(results[row.name], as_json=plan.as_json)

    longest_first = sorted(plan.rows, key=lambda row: -len(row.speech(1).frames))
    await asyncio.gather(*map(one, longest_first))
    return [results[row.name] for row in plan.rows]


def _say(line: str) -> None:
    print(line, flush=True)


def _told(row: CrashRow, plan: _Plan) -> CrashRow:
    """Print a row of crashes, and hand it on."""
    print(json.dumps(asdict(row)) if plan.as_json else crash_line(row), flush=True)
    for line in () if plan.as_json else crash_misses(row):
        print(f"    MISSED  {line}")
    return row


def _tell(result: RowResult, *, as_json: bool) -> None:
    missed = list(misses(result))
    if as_json:
        print(json.dumps(numbers_of(result)), flush=True)
        return
    print(line_of(result), flush=True)
    for line in missed[:MISSES_SHOWN]:
        print(f"    MISSED  {line}")
    if len(missed) > MISSES_SHOWN:
        print(f"    MISSED  and {len(missed) - MISSES_SHOWN} more")


if __name__ == "__main__":
    sys.exit(main())
