"""`python -m bench.fuzz`: hostile input to the codec, the HTTP side, and whole calls; counts.

Prints how many inputs were tried and what became of them, and each input that broke a promise
with the number that makes it again (`--first NUMBER --inputs 1`). Exits with 1 if one did.
`--guided N` tries the codec once more with N inputs that Atheris chooses by the code they reach;
it is installed by hand (`pip install atheris`), for it has no build for every Python.
"""

import argparse
import asyncio
import importlib
import inspect
import logging
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import Any, Final

from loguru import logger

from bench import fuzz_calls, fuzz_codec, fuzz_http
from media import twilio, twilio_fields

SHOWN_FAILURES: Final = 5
INPUTS_FOR_A_CALL: Final = 50
"""Inputs to the codec for each sequence of a whole call."""


class Campaign:
    """One kind of input: how many were tried, and what became of them."""

    def __init__(self, name: str) -> None:
        """Begin with none."""
        self.name = name
        self.tried = self.failed = 0
        self.became: Counter[str] = Counter()
        self._began_at = time.monotonic()

    async def try_one(self, number: int, attempt: Awaitable[Counter[str]]) -> None:
        """Count one input, and tell of it when it broke a promise."""
        self.tried += 1
        try:
            self.became += await attempt
        except Exception as error:  # noqa: BLE001  # whatever it is: it is what is looked for
            self.failed += 1
            if self.failed <= SHOWN_FAILURES:
                print(f"BROKEN  {self.name} {number}: {type(error).__name__}: {error}")

    def report(self) -> None:
        """Print the counts."""
        took_s = time.monotonic() - self._began_at
        print(f"{self.name}: {self.tried} tried, {self.failed} broken, {took_s:.0f} s")
        print("   ", ", ".join(f"{what} {count}" for what, count in self.became.most_common()))


def main() -> int:
    """Run the campaigns asked for."""
    parser = argparse.ArgumentParser(prog="bench.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="to the codec and to HTTP, each")
    parser.add_argument("--calls", type=int, help="sequences; else a fiftieth of the inputs")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--guided", type=int, default=0, help="more inputs, chosen by Atheris")
    options = parser.parse_args()
    if options.guided:
        return _guided(options.guided)
    calls = options.inputs // INPUTS_FOR_A_CALL if options.calls is None else options.calls
    return asyncio.run(_all(options.first, options.inputs, calls))


async def _all(first: int, inputs: int, calls: int) -> int:
    unraised: list[str] = []
    logging.basicConfig(handlers=[_Errors(unraised)])
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, context: unraised.append(str(context["message"]))
    )
    sites = fuzz_http.sites()
    campaigns = [
        await _run("codec", first, inputs, _codec),
        await _run("requests", first, inputs, lambda n: _site(sites[n % 3].ask, n)),
        await _run("connections", first, inputs, lambda n: _site(sites[n % 3].connect, n)),
    ]
    logger.remove()
    campaigns.append(await _run("calls", first, calls, _call))
    for what in unraised[:SHOWN_FAILURES]:
        print(f"BROKEN  raised where nobody caught it: {what}")
    return 1 if unraised or any(campaign.failed for campaign in campaigns) else 0


class _Errors(logging.Handler):
    """Keeps what libraries log as errors: a stranger must not make them. Warnings are dropped."""

    def __init__(self, kept: list[str]) -> None:
        super().__init__()
        self._kept = kept

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self._kept.append(f"{record.getMessage()} {record.exc_info and record.exc_info[1]!r}")


async def _run(
    name: str, first: int, count: int, attempt: Callable[[int], Awaitable[Counter[str]]]
) -> Campaign:
    campaign = Campaign(name)
    for number in range(first, first + count):
        await campaign.try_one(number, attempt(number))
    campaign.report()
    return campaign


async def _codec(number: int) -> Counter[str]:
    return Counter([fuzz_codec.check(fuzz_codec.message(_random(number)))])


async def _site(attempt: Callable[[Random], Coroutine[Any, Any, str]], number: int) -> Counter[str]:
    return Counter([await attempt(_random(number))])


async def _call(number: int) -> Counter[str]:
    return fuzz_calls.run(number)


def _random(number: int) -> Random:
    return Random(number)  # noqa: S311  # not for secrets


def _guided(inputs: int) -> int:
    try:
        atheris: Any = importlib.import_module("atheris")
    except ImportError:
        print("atheris: not installed; expected after `pip install atheris`")
        return 1
    # The codec's own functions alone: all of Python's would take minutes.
    for module in (fuzz_codec, twilio, twilio_fields):
        for function in vars(module).values():
            if inspect.isfunction(function):
                atheris.instrument_func(function)
    words = [sys.argv[0], f"-runs={inputs}", "-max_len=4096"]
    atheris.Setup(words, fuzz_codec.check, custom_mutator=_mutated)
    atheris.Fuzz()  # ends the process
    return 0


def _mutated(data: bytes, max_size: int, seed: int) -> bytes:
    """Spoil an input that reached something new: Atheris alone would only break its JSON."""
    return fuzz_codec.spoilt(_random(seed), data)[:max_size]


if __name__ == "__main__":
    sys.exit(main())
