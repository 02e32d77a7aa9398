"""`python -m bench.intents`: the demo call many times; was every sentence understood rightly?

Starts a server with the embedded engines, holds the demo conversation `--times` times on each
of `--at-once` lines, and compares what the server says it heard with what was said.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.call_view import call_view
from bench.server_process import ServerProcess
from phone.call import CallOptions
from phone.calls import hold_calls
from phone.report import CallReport
from phone.script import load_script

DEMO: Final = Path(__file__).parents[1] / "phone" / "demo.toml"
SAID: Final = (
    "what are your opening hours",
    "and on friday",
    "what should i bring with me",
    "where are you located",
    "thank you and goodbye",
)
"""What is said in the demo; one more sentence lies outside the dialogue, to be rejected."""

NOT_UNDERSTOOD: Final = "Sorry, I did not get that."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code says whether all was right."""
    parser = argparse.ArgumentParser(prog="bench.intents", description=__doc__)
    parser.add_argument("--times", type=int, default=2)
    parser.add_argument("--at-once", type=int, default=10)
    parsed = parser.parse_args(arguments)
    return asyncio.run(_run(parsed.times, parsed.at_once))


async def _run(times: int, at_once: int) -> int:
    right: Counter[str] = Counter()
    async with ServerProcess(LOG_TRANSCRIPTS="true") as server:
        reports = await hold_calls(
            CallOptions(url=server.url), load_script(DEMO), times=times, at_once=at_once
        )
        for report in reports:
            right.update(_understood(await call_view(server.url, report.call_sid)))
    return _tell(right, reports)


def _understood(view: dict[str, Any]) -> list[str]:
    """The sentences of one call that were understood, in their order, and the rejection."""
    heard = [entry["text"] for entry in view["transcript"] if entry["who"] == "caller"]
    rejected = any(entry["text"].startswith(NOT_UNDERSTOOD) for entry in view["transcript"])
    found = [text for text in SAID if text in heard]
    extra = ["(anything else)"] if len(heard) != len(found) else []
    return found + extra + (["(rejected)"] if rejected else [])


def _tell(right: Counter[str], reports: Sequence[CallReport]) -> int:
    calls = len(reports)
    for text in (*SAID, "(rejected)"):
        print(f"{right[text]:>4} of {calls}  {text}")
    print(f"{right['(anything else)']:>4} of {calls}  calls heard anything that was not said")
    good = sum(report.ok for report in reports)
    print(f"{good:>4} of {calls}  calls good: all answered, no underrun, no protocol error")
    for report in reports:
        for failure in report.failures:
            print(f"NOT GOOD  {report.call_sid}: {failure}")
    sound = all(right[text] == calls for text in (*SAID, "(rejected)"))
    return 0 if sound and good == calls and not right["(anything else)"] else 1


if __name__ == "__main__":
    sys.exit(main())
