"""`python -m bench.leaks --calls 2000`: sound, broken, refused and crashed calls; what is left?

Holds them against one real server process in waves, and looks inside it after each: threads,
file descriptors, tasks, timers and actors must be exactly as before the first, and memory must
not grow. Prints tables; exits with 1 if anything stayed, or a call did not go as it should.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Final

from bench.leaks_process import WatchedServer
from bench.leaks_run import KINDS, SETTINGS, Run, drawn, run
from bench.leaks_table import MANY, table, verdict
from tests.emulator.process import EmulatorProcess

BREAK_EVERY_S: Final = 5.0
"""Between two resets of the recogniser's connections: about one in each wave."""


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="bench.leaks", description=__doc__)
    parser.add_argument("--calls", type=int, default=2000, help="memory is judged from 1200 on")
    parser.add_argument("--seed", type=int, default=1, help="of what comes when")
    parser.add_argument(
        "--engines",
        choices=("instant", "google"),
        default="instant",
        help="google: the emulator, whose connections break now and then",
    )
    parser.add_argument("--log", type=Path, help="of the server; else a temporary file")
    parser.add_argument("--verbose", action="store_true", help="a line for each wave")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = options.log or Path(folder) / "server.log"
        began_at = time.monotonic()
        result = asyncio.run(_run(options, log))
        took_s = time.monotonic() - began_at
    print(table(result))
    wrong = verdict(result)
    for line in wrong[:MANY]:
        print(f"WRONG  {line}")
    print(f"{len(wrong)} wrong; seed {options.seed}, {took_s:.0f} s")
    return 1 if wrong else 0


async def _run(options: argparse.Namespace, log: Path) -> Run:
    def tell(line: str) -> None:
        if options.verbose:
            print(line, flush=True)

    random = Random(options.seed)  # noqa: S311  # chance that can be repeated
    async with _server(options.engines, log) as server:
        warm_up = await run(server, [tuple(KINDS), tuple(KINDS)], random)
        result = await run(server, drawn(random, options.calls), random, tell)
    result.failures[:0] = warm_up.failures
    return result


@asynccontextmanager
async def _server(engines: str, log: Path) -> AsyncGenerator[WatchedServer]:
    if engines == "instant":
        async with WatchedServer(log, **SETTINGS) as server:
            yield server
        return
    async with EmulatorProcess() as emulator:
        settings = {"STT_ENGINE": "google", "SPEECH_EMULATOR_HOST": emulator.host}
        async with WatchedServer(log, **SETTINGS | settings) as server:
            breaking = asyncio.create_task(_break_connections(emulator))
            yield server
            breaking.cancel()


async def _break_connections(emulator: EmulatorProcess) -> None:
    """Reset all connections of the recogniser now and then, whoever is in the middle of what."""
    while True:
        await asyncio.sleep(BREAK_EVERY_S)
        await emulator.break_connections()


if __name__ == "__main__":
    sys.exit(main())
