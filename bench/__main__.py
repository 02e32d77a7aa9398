"""`python -m bench`: calls at once, on the embedded engines and on an instant recogniser.

Also on Google's recogniser, played by the emulator. Prints a table and exits with 1 if a call
was not good. Figures are for the machine it runs on, and only when it does nothing else; "per
call" is the server's processor time as a share of one core, divided by the calls.
"""

import argparse
import asyncio
import platform
import sys
from pathlib import Path
from typing import Final

from bench.load import Load, Result, run
from phone.script import EndCall, Listen, Speak, Step, load_script
from tests.support.stamped_speech import make_speech

HERE: Final = Path(__file__).parent
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
    parser.add_argument("--engines", choices=("instant", "embedded", "google"), help="only these")
    only = parser.parse_args().engines
    results = asyncio.run(_measure([load for load in _loads() if only in {None, load.name}]))
    print(
        f"\nPython {platform.python_version()}, {platform.machine()};"
        " server, phones and emulator are processes of their own"
    )
    print(HEAD)
    for result in results:
        print(_row(result))
    for result in results:
        for failure in result.failures:
            print(f"NOT GOOD  {result.load.name} {result.load.calls}: {failure}")
    return 0 if all(result.good == result.load.calls for result in results) else 1


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
