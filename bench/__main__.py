"""`python -m bench`: calls at once, on the embedded engines and on an instant recogniser.

Prints a table and exits with 1 if a call was not good. Figures are for the machine it runs
on; the column that travels is the ratio to one call.
"""

import asyncio
import platform
import sys
from pathlib import Path
from typing import Final

from bench.load import Load, Result, run
from phone.script import Step, load_script

HERE: Final = Path(__file__).parent
EMBEDDED: Final = {"STT_ENGINE": "pocketsphinx", "TTS_ENGINE": "espeak"}
INSTANT: Final = {"STT_ENGINE": "instant", "TTS_ENGINE": "tone"}
HEAD: Final = (
    "engines   calls  good  answers  answer p50  late p50  p99  max ms  phone's p99  "
    "underruns  drops   server  per call  workers  RSS MB"
)


def main() -> int:
    """Run all loads; one after the other."""
    script = load_script(HERE / "talk.toml")
    results = asyncio.run(_measure(script))
    print(
        f"\nPython {platform.python_version()}, {platform.machine()}, 2 processes: server, phones"
    )
    print(HEAD)
    for result in results:
        print(_row(result))
    for result in results:
        for failure in result.failures:
            print(f"NOT GOOD  {result.load.name} {result.load.calls}: {failure}")
    return 0 if all(result.good == result.load.calls for result in results) else 1


async def _measure(script: tuple[Step, ...]) -> list[Result]:
    loads = [
        Load("instant", 1, script, INSTANT),
        Load("instant", 50, script, INSTANT),
        Load("embedded", 1, script, EMBEDDED),
        Load("embedded", 10, script, EMBEDDED),
    ]
    results: list[Result] = []
    for load in loads:
        print(f"{load.name}: {load.calls} call(s) …", flush=True)
        results.append(await run(load))
    return results


def _row(result: Result) -> str:
    calls = result.load.calls
    return "  ".join(
        (
            f"{result.load.name:<8}",
            f"{calls:>5} {result.good:>5} {result.answers:>8}",
            f"{result.answer_p50_ms:>7.0f} ms",
            f"{result.late_p50_ms:>8.0f} {result.late_p99_ms:>4.0f} {result.late_max_ms:>7.1f}",
            f"{result.phone_late_p99_ms:>11.0f}",
            f"{result.underruns:>9} {result.drops:>6}",
            f"{result.cpu_percent:>7.1f} % {result.cpu_percent / calls:>7.2f} %",
            f"{result.worker_percent:>6.1f} % {result.rss_mb:>6.0f}",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
