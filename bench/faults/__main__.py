"""`python -m bench.faults`: everything that can go wrong with calls, done to them and measured.

Two parts. The whole server, with forty healthy calls beside the one that is struck; and every
fault of the recogniser, which an emulator plays. Prints a line a row; a run of all rows writes
`docs/faults.md`. Exits with 1 if a promise was not kept, and says where the recordings of the
calls are that show it.
"""

import argparse
import asyncio
import json
import logging
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from loguru import logger

from bench.faults.document import document
from bench.faults.parts import Parts
from bench.faults.recogniser.crashes import CrashRow, crash_rows
from bench.faults.recogniser.rows import RECOGNISER_ROWS, RecogniserRow
from bench.faults.recogniser.run import RecogniserResult, Turns, run_row
from bench.faults.recogniser.table import (
    HEAD,
    crash_line,
    crash_misses,
    line_of,
    numbers_of,
    recogniser_calls_let_down,
    recogniser_misses,
)
from bench.faults.replays import MOST_KEPT, Replays, file_name
from bench.faults.server.alone_row import AloneRow
from bench.faults.server.alone_run import ALONE, ALONE_FOR_LONG, run_alone_rows
from bench.faults.server.run import CALLERS
from bench.faults.server.schedule import (
    ROUNDS,
    SERVER_ROWS,
    ServerPlan,
    add_worded_rows,
    run_server_part,
)
from bench.server_process import ROOT

MISSES_SHOWN = 8
"""Of one row."""

DOCUMENT: Final = ROOT / "docs" / "faults.md"

MOMENTS: Final = 8
AT_ONCE: Final = 5
"""Rows of the recogniser at the same time. With seven, two cores were too busy for the half second
in which most of them must have recovered."""

FULL_MOMENTS: Final = 50
ENDS: Final = "SIGTERM in every state"
HANDLERS: Final = "every actor crashes over every message"
CRASHES: Final = "STT crash over messages, STT crash while replaying"
"""Groups of rows that run together: what `--list` and `--rows` call them."""

CRASH_MOMENTS: Final = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rows asked for; the exit code says whether all promises were kept."""
    parser = _parser()
    options = parser.parse_args(arguments)
    plan = _plan(options)
    if next(_names(plan), None) is None or plan.moments < 1:
        parser.error("expected rows of --list, and at least one moment")
    if options.list:
        print("\n".join(_names(plan)))
        return 0
    replays = Replays(options.keep_replays)
    with TemporaryDirectory() as nowhere:
        logs = options.logs or Path(nowhere)
        logs.mkdir(parents=True, exist_ok=True)
        missed = asyncio.run(_run(plan, logs, replays))
    print("\n".join(replays.lines()), flush=True)
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.faults", description=__doc__)
    add = parser.add_argument
    add("--part", choices=("server", "recogniser"), help="only this one")
    add("--rows", help="names of --list or parts of names, with commas; else all")
    add("--moments", type=int, help="calls of a row of the recogniser")
    add("--rounds", type=int, default=ROUNDS, help="times that each row of the server strikes")
    add("--calls", type=int, default=CALLERS, help="healthy calls beside the struck one")
    add("--full", action="store_true", help=f"{FULL_MOMENTS} calls a row, one row at a time")
    add("--json", action="store_true", help="the recogniser's rows as JSON lines")
    add("--logs", type=Path, metavar="DIR", help="keep the servers' logs there")
    add(
        "--keep-replays",
        type=Path,
        metavar="DIR",
        help=f"where recordings of calls that were let down are kept, {MOST_KEPT} at most; "
        "else in a new temporary folder",
    )
    add("--list", action="store_true", help="name the rows and stop")
    return parser


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be run."""

    server: ServerPlan
    for_long: Sequence[AloneRow]
    """Rows with servers of their own that run beside those of the recogniser."""
    rows: Sequence[RecogniserRow]
    crashes: bool
    document: bool
    moments: int
    at_once: int
    as_json: bool


def _plan(options: argparse.Namespace) -> _Plan:
    parts = None if options.rows is None else [one.strip() for one in options.rows.split(",")]

    def fits(name: str) -> bool:
        return parts is None or any(part.lower() in name.lower() for part in parts)

    with_server, with_recogniser = options.part != "recogniser", options.part != "server"
    moments = FULL_MOMENTS if options.full else MOMENTS
    return _Plan(
        server=ServerPlan(
            rows=[row for row in SERVER_ROWS if with_server and fits(row.name)],
            ends=with_server and fits(ENDS),
            alone=[row for row in ALONE if with_server and fits(row.name)],
            handlers=with_server and fits(HANDLERS),
            rounds=options.rounds,
            calls=options.calls,
        ),
        for_long=[row for row in ALONE_FOR_LONG if with_server and fits(row.name)],
        rows=[row for row in RECOGNISER_ROWS if with_recogniser and fits(row.name)],
        crashes=with_recogniser and fits(CRASHES),
        document=options.part is None and parts is None,
        moments=moments if options.moments is None else options.moments,
        at_once=1 if options.full else AT_ONCE,
        as_json=options.json,
    )


def _names(plan: _Plan) -> Iterator[str]:
    server = plan.server
    yield from (row.name for row in server.rows)
    yield from (name for name, runs in ((ENDS, server.ends), (HANDLERS, server.handlers)) if runs)
    yield from (row.name for row in (*server.alone, *plan.for_long))
    yield from (row.name for row in plan.rows)
    yield from (name for name, runs in ((CRASHES, plan.crashes),) if runs)


async def _run(plan: _Plan, logs: Path, replays: Replays) -> bool:
    """Run it; returns whether a promise was not kept."""
    print(f"Python {platform.python_version()}, {platform.machine()}", flush=True)
    parts = Parts(_say)
    server = await run_server_part(plan.server, logs, replays, parts, _say)
    results, worded = await asyncio.gather(
        _recogniser(plan, logs, replays), run_alone_rows(plan.for_long, logs)
    )
    server = add_worded_rows(server, worded, logs, replays, _say)
    parts.over("the recogniser, and a minute's flood beside it")
    logger.remove()  # the calls of these rows are in this process, and log their crashes
    logging.getLogger("pykka").disabled = True
    crashes = [_told(row, plan) for row in crash_rows(CRASH_MOMENTS)] if plan.crashes else []
    parts.over("crashes of STT")
    if plan.document:
        DOCUMENT.write_text(document(server, results, crashes, parts), encoding="utf-8")
        print(f"written: {DOCUMENT}")
    missed = any(map(any, map(recogniser_misses, results))) or any(
        map(any, map(crash_misses, crashes))
    )
    return missed or bool(server.missed)


async def _recogniser(plan: _Plan, logs: Path, replays: Replays) -> list[RecogniserResult]:
    if not plan.rows:
        return []
    if not plan.as_json:
        print(f"{plan.moments} calls a row, {plan.at_once} rows at a time\n{HEAD}", flush=True)
    turns = Turns(plan.at_once)
    results: dict[str, RecogniserResult] = {}

    async def one(row: RecogniserRow) -> None:
        results[row.name] = result = await run_row(row, plan.moments, logs, turns)
        replays.keep(logs / file_name(row.name), [(row.name, recogniser_calls_let_down(result))])
        _tell(result, as_json=plan.as_json)

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


def _tell(result: RecogniserResult, *, as_json: bool) -> None:
    missed = list(recogniser_misses(result))
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
