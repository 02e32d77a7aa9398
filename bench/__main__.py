"""`python -m bench`: calls at once, on the embedded engines and on an instant recogniser.

Also on Google's recogniser, played by the emulator, and whole conversations on engines of known
pace. Prints tables and exits with 1 if a call was not good or a target was missed. Figures are
for the machine it runs on, and only when it does nothing else; "per call" is the server's
processor time as a share of one core, divided by the calls.
"""

import argparse
import asyncio
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.conversation import ROWS, run_row
from bench.conversation_table import HEAD as CONVERSATION_HEAD
from bench.conversation_table import line_of, misses
from bench.load import Load, Result, run
from phone.script import EndCall, Listen, Speak, Step, load_script
from tests.support.stamped_speech import make_speech

HERE: Final = Path(__file__).parent
CONVERSATION: Final = "conversation"
MISSES_SHOWN: Final = 8
"""Of one row."""
EMBEDDED: Final = {"STT_ENGINE": "pocketsphinx", "TTS_ENGINE": "espeak"}
INSTANT: Final = {"STT_ENGINE": "instant", "TTS_ENGINE": "tone"}
HEAD: Final = (
    "engines   calls  good  answers  answer p50  late p50  p99  max ms  phone's p99  "
    "underruns  drops   server  per call  workers  RSS MB  threads"
)
GOOGLE: Final = {
    "STT_ENGINE": "google",
    "TTS_ENGINE": "tone",
    "DIALOGUE": str(HERE / "faults_dialogue.toml"),
}


def main() -> int:
    """Run the loads asked for, one after the other."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    engines = ("instant", "embedded", "google", CONVERSATION)
    parser.add_argument("--engines", choices=engines, help="only these")
    parser.add_argument("--calls", type=int, help=f"of a row of {CONVERSATION}, else its own")
    parsed = parser.parse_args()
    if parsed.calls is not None and parsed.calls < 1:
        parser.error("--calls: expected 1 or more")
    only = parsed.engines
    good = True
    if only != CONVERSATION:
        good = _loads_are_good(only)
    if only in {None, CONVERSATION}:
        good = asyncio.run(_converse(parsed.calls)) and good
    return 0 if good else 1


def _loads_are_good(only: str | None) -> bool:
    results = asyncio.run(_measure([load for load in _loads() if only in {None, load.name}]))
    _tell_machine()
    print(HEAD)
    for result in results:
        print(_row(result))
    for result in results:
        for failure in result.failures:
            print(f"NOT GOOD  {result.load.name} {result.load.calls}: {failure}")
    return all(result.good == result.load.calls for result in results)


async def _converse(calls: int | None) -> bool:
    _tell_machine()
    print(CONVERSATION_HEAD, flush=True)
    good = True
    for row in ROWS:
        result = await run_row(row, calls)
        print(line_of(result), flush=True)
        missed = list(misses(result))
        for line in missed[:MISSES_SHOWN]:
            print(f"    MISSED  {line}")
        if len(missed) > MISSES_SHOWN:
            print(f"    MISSED  and {len(missed) - MISSES_SHOWN} more")
        good = good and not missed
    return good


def _tell_machine() -> None:
    print(
        f"\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()},"
        f" {platform.machine()}, {os.cpu_count()} cores;"
        " server, phones and engines are processes of their own"
    )


def _loads() -> list[Load]:
    script = load_script(HERE / "talk.toml")
    stamped = _stamped_script()
    return [
        Load("instant", 1, script, INSTANT),
        Load("instant", 50, script, INSTANT),
        Load("embedded", 1, script, EMBEDDED),
        Load("embedded", 10, script, EMBEDDED),
        Load("google", 1, stamped, GOOGLE, emulator=True),
        Load("google", 50, stamped, GOOGLE, emulator=True),
        Load("google", 100, stamped, GOOGLE, emulator=True),
    ]


def _stamped_script() -> tuple[Step, ...]:
    """Speech that the emulator understands, half a minute of it: a short call, not a dial-in."""
    speech = make_speech(1, utterances=10, words=(4, 6), lead_frames=0, tail_frames=0)
    frames = [speech.frames[one.start : one.end] for one in speech.utterances]
    said = [Speak(b"".join(one), f"utterance {index}") for index, one in enumerate(frames)]
    return (Listen("the greeting"), *said, EndCall())


async def _measure(loads: list[Load]) -> list[Result]:
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
            f"{result.worker_percent:>6.1f} % {result.rss_mb:>6.0f} {result.threads:>8}",
        )
    )


if __name__ == "__main__":
    sys.exit(main())
