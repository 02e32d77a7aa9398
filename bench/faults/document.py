"""Writes `docs/faults.md`: what was done, what was promised, what was measured, where and when.

Pure but for looking up the machine. `bench.faults` runs the rows and hands them over.
"""

import os
import platform
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.faults.parts import Parts
from bench.faults.recogniser.crashes import CrashRow
from bench.faults.recogniser.run import RecogniserResult
from bench.faults.recogniser.table import crash_misses, numbers_of, percentile, recogniser_misses
from bench.faults.server.schedule import ServerReport
from bench.faults.server.table import handler_table, row_table, worded_table

RECOGNISER_HEAD: Final = (
    "| fault of the recogniser | moments | detected p50 / p95, s | recovered p50 / p95, s"
    " | longest silence, s | frames lost | words lost | doubled | restarts |"
)

SERVER: Final = """\
A server in a process of its own, {calls} healthy calls that ask and are answered all the time, from
another process. Each fault struck one call more, {rounds} times, with windows without a fault in
between; where the server was short of processor time or a time was over its bound, up to as often
again.

Promised to the others in every row: none ends, none is left without an answer, no frame is dropped,
none of their actors is restarted, and the 99th percentile of the lateness of what they hear moves
by less than 5 ms. Promised of the faulty call: none of its turns of the event loop takes longer
than 5 ms, not counting how long the thread had no core.

*p99* is that percentile without and with the fault, *moved* the median of the differences, *turn*
the longest turn over 5 ms, median of the times; all in milliseconds. Deadlines are shorter here
than by default: `bench/faults/server/run.py` has them.
"""

ENDS: Final = """\
SIGTERM came while one call was in each of these states, and {calls} healthy calls beside them. The
last rows had servers of their own.
"""

HANDLERS: Final = """\
On the manual clock, with the real root and actors. Two calls talk; in one of them an actor crashes
over a message, before it has dealt with it. The other call must be the same as without the fault:
every message on its wire, each at the same microsecond, and all that its brain was told. It was, in
every row that is not marked as missed, and nothing was left over afterwards.
"""

RECOGNISER: Final = """\
Google's recogniser is played by the emulator, over real gRPC. Every word is different, so that each
can be accounted for. Moments are in words, in pauses, in the greeting and in a replay.
"""


def document(
    server: ServerReport,
    recogniser: Sequence[RecogniserResult],
    crashes: Sequence[CrashRow],
    parts: Parts,
) -> str:
    """The whole document.

    Args:
        server: the server's part.
        recogniser: the rows with the emulator.
        crashes: STT's own crashes.
        parts: how long each part took.
    """
    rows = (
        len(server.rows) + len(server.ends) + len(server.handlers) + len(recogniser) + len(crashes)
    )
    calls = server.calls
    sections = (
        _head(rows, parts),
        _missed([*server.missed, *_recogniser_missed(recogniser, crashes)]),
        [f"## One call of {calls + 1}", "", SERVER.format(calls=calls, rounds=server.rounds)],
        [*row_table(server.rows)],
        ["## The end of a server, and what strikes all of it", "", ENDS.format(calls=calls)],
        [*worded_table(server.ends)],
        ["## Every actor, every handler", "", HANDLERS],
        [*handler_table(server.handlers)],
        ["## The recogniser", "", RECOGNISER],
        [*_recogniser_table(recogniser, crashes)],
    )
    return "\n\n".join("\n".join(part).rstrip() for part in sections) + "\n"


def _head(rows: int, parts: Parts) -> list[str]:
    took = ", ".join(f"{part} {seconds:.0f} s" for part, seconds in parts.took_s.items())
    return [
        "# Faults",
        "",
        (
            "What was done to the server, what was promised, and what was measured. Written by"
            " `make faults`; do not edit."
        ),
        "",
        f"- {datetime.now(UTC):%Y-%m-%d}, {rows} rows in {parts.total_s / 60:.1f} minutes",
        f"- {took}",
        f"- {_machine()}",
    ]


def _machine() -> str:
    cores = os.cpu_count()
    return f"{_processor()}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _missed(missed: Sequence[tuple[str, str]]) -> list[str]:
    if not missed:
        return ["Every promise was kept."]
    rows = defaultdict[str, list[str]](list)
    for row, line in missed:
        rows[line].append(row)
    return ["Not kept:", "", *(f"- {line}: {', '.join(names)}" for line, names in rows.items())]


def _recogniser_table(
    rows: Sequence[RecogniserResult], crashes: Sequence[CrashRow]
) -> Iterator[str]:
    yield RECOGNISER_HEAD
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    yield from map(_recogniser_row, rows)
    yield from map(_crash_row, crashes)


def _recogniser_row(row: RecogniserResult) -> str:
    numbers = numbers_of(row)
    return (
        f"| {numbers['fault']} | {numbers['moments']} | {_pair(numbers, 'detected')}"
        f" | {_pair(numbers, 'recovered')} | {numbers['silence_max_s']:.2f}"
        f" | {numbers['frames_lost']} | {numbers['words_lost']} of {numbers['words_said']}"
        f" | {numbers['words_doubled']} | {numbers['restarts']} |"
    )


def _crash_row(row: CrashRow) -> str:
    low, high = (percentile(row.recovered_s, percent) or 0.0 for percent in (50, 95))
    return (
        f"| {row.name} | {row.calls} | - | {low:.2f} / {high:.2f} | - | {row.frames_lost}"
        f" | {row.words_lost} | {row.words_doubled} | {row.restarts} |"
    )


def _pair(numbers: dict[str, Any], what: str) -> str:
    low, high = numbers[f"{what}_p50_s"], numbers[f"{what}_p95_s"]
    return "-" if low is None else f"{low:.2f} / {high:.2f}"


def _recogniser_missed(
    rows: Sequence[RecogniserResult], crashes: Sequence[CrashRow]
) -> Iterator[tuple[str, str]]:
    yield from ((row.row.name, line) for row in rows for line in recogniser_misses(row))
    yield from ((row.name, line) for row in crashes for line in crash_misses(row))
