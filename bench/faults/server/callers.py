"""Healthy callers in a process of their own: `python -m bench.faults.server.callers`.

Each asks, hears the whole answer, and asks again, until stdin ends with the run. For each
`report` line on stdin: what they heard since the last one. Owns no fault and knows of none; the
other end is `tests.support.child_process.ChildProcess`.
"""

import argparse
import asyncio
import gc
import sys
from collections.abc import Sequence
from typing import Any, Final

from bench.server_process import ROOT
from phone.call import Call, CallOptions
from phone.errors import PhoneError
from phone.histogram import Histogram
from phone.wav import read_mulaw
from tests.support.child_process import serve_orders

QUESTION: Final = ROOT / "recordings" / "opening_hours.wav"
QUIET_S: Final = 0.3
"""Of the agent, until a caller asks again."""

ANSWER_S: Final = 6.0
"""For an answer to begin; longer, and the call counts as harmed."""

SPREAD_S: Final = 6.0
"""Calls begin within this time, so that at any moment some speak and some listen."""

TROUBLE_MAX: Final = 20
"""Lines of trouble told in one report."""


class Callers:
    """All the callers, and what they hear from one report to the next."""

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._step_s = SPREAD_S / count
        self._lateness = Histogram()
        self._calls: list[Call] = []
        self._trouble: list[str] = []
        self._answered: set[int] = set()
        self._tasks = [asyncio.create_task(self._hold(number)) for number in range(count)]

    def answer(self, order: str) -> dict[str, Any]:
        """Tell what was heard since the last time, and begin anew."""
        assert order == "report", order
        heard, self._lateness = self._lateness, Histogram()
        trouble, self._trouble = self._trouble, []
        for call in self._calls:
            self._measure(call)
        return {
            "calls": sum(not call.line.ended for call in self._calls),
            "answered": len(self._answered),
            "messages": heard.count,
            "p99_ms": heard.percentile_ms(99),
            "trouble": trouble[:TROUBLE_MAX],
        }

    def _measure(self, call: Call) -> None:
        """Let a line count into the histogram of now; there is one for all lines."""
        call.line.loudspeaker.cadence.lateness = self._lateness

    async def _hold(self, number: int) -> None:
        await asyncio.sleep(number * self._step_s)
        question = read_mulaw(QUESTION)
        call = Call(CallOptions(url=self._url))
        try:
            async with call:
                self._measure(call)
                self._calls.append(call)
                await call.line.wait_for_speech(ANSWER_S)
                while True:
                    await call.line.wait_for_quiet(QUIET_S)
                    await call.line.speak(question)
                    await call.line.wait_for_speech(ANSWER_S)
                    self._answered.add(number)
        except PhoneError as error:
            self._trouble.append(f"call {number}: {error}")


async def _serve(url: str, count: int) -> None:
    callers = Callers(url, count)
    gc.collect()
    gc.freeze()  # a full collection of the phone's would look like the server's lateness
    await serve_orders(0, callers.answer)


def main(arguments: Sequence[str] | None = None) -> int:
    """Hold the calls until stdin ends."""
    parser = argparse.ArgumentParser(prog="bench.faults.server.callers", description=__doc__)
    parser.add_argument("url", help="the server")
    parser.add_argument("--calls", type=int, default=40)
    options = parser.parse_args(arguments)
    asyncio.run(_serve(options.url, options.calls))
    return 0


if __name__ == "__main__":
    sys.exit(main())
