"""`python -m bench.flood`: five calls at ten times real time, and a sound call beside them.

The flooders send audio, keys and marks that nobody asked for, for a minute. No call may hold
more than the documented ceiling, no control message may be lost, the ledgers must balance, and
the sound call must keep its cadence. Prints a table; exits with 1 if one of these was not so.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from actors.bounds import ceiling_bytes
from bench.flood_run import FLOODERS, SETTINGS, TIMES_REAL_TIME, Flood, Spell, run
from bench.leaks_process import WatchedServer
from settings import Settings

LATE_P99_MS: Final = 20.0
"""A frame of lateness: the far player has a lead of three."""

NEVER: Final = ("ledger_errors_total", "control_overflows_total", "control_refused")


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="bench.flood", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of the flood")
    parser.add_argument("--log", type=Path, help="of the server; else a temporary file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = options.log or Path(folder) / "server.log"
        flood = asyncio.run(_run(log, options.seconds))
    print("\n".join(_table(flood)))
    wrong = list(_verdict(flood))
    for line in wrong:
        print(f"WRONG  {line}")
    return 1 if wrong else 0


async def _run(log: Path, seconds: float) -> Flood:
    async with WatchedServer(log, **SETTINGS) as server:
        return await run(server, seconds)


def _ceiling() -> int:
    # Without the environment's settings, as the server of this bench runs.
    return ceiling_bytes(Settings.model_construct())


def _held(flood: Flood) -> float:
    """The most bytes a flooded call held: all growth of the process is put down to them."""
    return (flood.rss_peak_bytes - flood.rss_before_bytes) / FLOODERS


def _table(flood: Flood) -> Iterator[str]:
    yield f"{FLOODERS} flooders at {TIMES_REAL_TIME} times real time, {flood.beside.took_s:.0f} s"
    yield f"offered            {flood.offered_frames:>9} frames"
    yield f"held back          {flood.held_back_frames:>9} messages, by TCP"
    for name in ("rx", "stt", "tx"):
        entered, dropped = (flood.books[f"{name}:{fate}"] for fate in ("entered", "dropped"))
        yield f"{name.upper():<19}{entered:>9.0f} frames entered, {dropped:.0f} dropped"
    yield f"memory of a call   {_held(flood) / 1000:>9.0f} kB, ceiling {_ceiling() / 1000:.0f} kB"
    yield f"RSS MB             {flood.rss_before_bytes / 1e6:>9.1f} before,"
    yield f"                   {flood.rss_peak_bytes / 1e6:>9.1f} at most,"
    yield f"                   {flood.memory_after.rss_bytes / 1e6:>9.1f} after"
    yield "sound call  answers  late p50   p99    max  underruns  phone's p99  server   no core"
    yield _row("alone", flood.alone)
    yield _row("beside", flood.beside)


def _row(name: str, spell: Spell) -> str:
    line = spell.report.line
    assert line is not None, spell.report.error
    late, phone = line.loudspeaker.cadence.lateness, line.tick_lateness
    cpu = 100 * (spell.after.cpu_s - spell.before.cpu_s) / spell.took_s
    waited = 100 * (spell.after.waited_s - spell.before.waited_s) / spell.took_s
    return (
        f"{name:<10} {len(spell.report.latencies_ms):>8} {late.percentile_ms(50):>9.1f}"
        f" {late.percentile_ms(99):>5.1f} {late.max_ms:>6.1f}"
        f" {line.loudspeaker.playout.underruns.count:>10} {phone.percentile_ms(99):>12.1f}"
        f" {cpu:>6.1f} % {waited:>7.1f} %"
    )


def _verdict(flood: Flood) -> Iterator[str]:
    if _held(flood) >= _ceiling():
        yield f"memory: {_held(flood):.0f} bytes a call; the ceiling is {_ceiling()}"
    for name in NEVER:
        if flood.books.get(name, 0):
            yield f"{name}: {flood.books[name]:.0f}; expected 0"
    if flood.dropped:
        yield f"{flood.dropped} flooders were dropped before the end"
    if flood.counts_after != flood.counts_before:
        yield f"left: {flood.counts_before} before, {flood.counts_after} after"
    yield from (f"the sound call: {failure}" for failure in flood.beside.report.failures)
    line = flood.beside.report.line
    if line is not None and line.loudspeaker.cadence.lateness.percentile_ms(99) > LATE_P99_MS:
        yield f"the sound call: 99 % of its frames later than {LATE_P99_MS:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
