"""`python -m bench.faults`: what every fault of the recogniser does to calls, measured.

For each row of the table a server, a speech emulator and fifty phones are started; every
call is struck at a moment of its own. Prints one line a row; exits with 1 if a target was
missed. All words are synthetic and different, so that each can be accounted for.
"""

import argparse
import asyncio
import json
import logging
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from loguru import logger

from bench.faults_crashes import CrashRow, crash_rows
from bench.faults_rows import ROWS, Row
from bench.faults_run import RowResult, run_row
from bench.faults_table import HEAD, crash_line, crash_misses, line_of, misses, numbers_of

MISSES_SHOWN = 8
"""Of one row."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rows asked for; the exit code says whether all targets were met."""
    parser = argparse.ArgumentParser(prog="bench.faults", description=__doc__)
    parser.add_argument("--rows", help="names or parts of names, with commas; else all")
    parser.add_argument("--moments", type=int, default=50, help="calls of a row")
    parser.add_argument("--json", action="store_true", help="a JSON object a line, no table")
    parser.add_argument("--logs", type=Path, help="keep the server's logs in this folder")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    parsed = parser.parse_args(arguments)
    rows = _chosen(parsed.rows)
    crashes = parsed.rows is None or "crash" in parsed.rows.lower()
    if not (rows or crashes) or parsed.moments < 1:
        parser.error("expected rows of --list, and at least one moment")
    if parsed.list:
        print("\n".join(row.name for row in rows))
        return 0
    with TemporaryDirectory() as nowhere:
        logs = parsed.logs or Path(nowhere)
        logs.mkdir(parents=True, exist_ok=True)
        work = _run(rows, parsed.moments, logs, crashes=crashes, as_json=parsed.json)
        return asyncio.run(work)


def _chosen(names: str | None) -> list[Row]:
    if names is None:
        return list(ROWS)
    parts = [part.strip().lower() for part in names.split(",")]
    return [row for row in ROWS if any(part in row.name.lower() for part in parts)]


async def _run(
    rows: Sequence[Row], moments: int, logs: Path, *, crashes: bool, as_json: bool
) -> int:
    if not as_json:
        print(f"Python {platform.python_version()}, {platform.machine()}, {moments} calls a row")
        print(HEAD, flush=True)
    missed = False
    for row in rows:
        result = await run_row(row, moments, logs)
        missed = bool(_tell(result, as_json=as_json)) or missed
    logger.remove()  # the calls of these rows are in this process, and log their crashes
    logging.getLogger("pykka").disabled = True
    for crash in crash_rows(moments) if crashes else ():
        missed = bool(_tell_crash(crash, as_json=as_json)) or missed
    return 1 if missed else 0


def _tell_crash(row: CrashRow, *, as_json: bool) -> int:
    """Print a row of crashes; returns how many targets it missed."""
    print(json.dumps(asdict(row)) if as_json else crash_line(row), flush=True)
    missed = list(crash_misses(row))
    for line in () if as_json else missed:
        print(f"    MISSED  {line}")
    return len(missed)


def _tell(result: RowResult, *, as_json: bool) -> int:
    """Print a row; returns how many targets it missed."""
    missed = list(misses(result))
    if as_json:
        print(json.dumps(numbers_of(result)), flush=True)
        return len(missed)
    print(line_of(result), flush=True)
    for line in missed[:MISSES_SHOWN]:
        print(f"    MISSED  {line}")
    if len(missed) > MISSES_SHOWN:
        print(f"    MISSED  and {len(missed) - MISSES_SHOWN} more")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main())
