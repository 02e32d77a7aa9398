"""Places calls with a script: one, several after another, many at once.

Owns the concurrency of a load run and the spreading of its calls over a frame's time, so
that they do not all send in the same instant. Talked to by `__main__` and by benches.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from media.frame import FRAME_S
from phone.call import Call, CallOptions
from phone.conversation import Conversation, Tell
from phone.errors import PhoneError
from phone.identity import Identity
from phone.report import CallReport, report_call
from phone.script import Step

MAX_AT_ONCE: Final = 1000
"""Calls held at the same time by one process."""

SPREAD_S: Final = 1.0
"""The first calls of a run are placed within this time, not in one instant."""


async def hold_call(options: CallOptions, script: Sequence[Step], tell: Tell) -> CallReport:
    """Place one call, hold the conversation, and report; never raises `PhoneError`."""
    call = Call(options)
    conversation: Conversation | None = None
    error: str | None = None
    try:
        async with call:
            conversation = Conversation(call.line, script, tell)
            await conversation.run()
    except PhoneError as problem:
        error = str(problem)
    return report_call(call, conversation.results if conversation else (), error)


async def hold_calls(
    options: CallOptions, script: Sequence[Step], *, times: int, at_once: int
) -> list[CallReport]:
    """Hold `times` conversations on each of `at_once` lines.

    Args:
        options: Of every call; identities and recordings are made different.
        script: What every caller does.
        times: Calls after each other.
        at_once: Calls at the same time, at most `MAX_AT_ONCE`.

    Returns:
        A report for each call, line by line.

    Raises:
        PhoneError: too many at once.
    """
    if at_once > MAX_AT_ONCE:
        raise PhoneError(f"{at_once} calls at once; one process holds at most {MAX_AT_ONCE}")
    step_s = min(SPREAD_S / at_once, 0.1) + FRAME_S / at_once
    lines = [_one_line(options, script, times, index, index * step_s) for index in range(at_once)]
    return [report for reports in await asyncio.gather(*lines) for report in reports]


async def _one_line(
    options: CallOptions, script: Sequence[Step], times: int, index: int, delay_s: float
) -> list[CallReport]:
    await asyncio.sleep(delay_s)
    reports: list[CallReport] = []
    for time in range(times):
        numbered = _numbered(options, index * times + time + 1)
        reports.append(await hold_call(numbered, script, _tell_nobody))
    return reports


def _numbered(options: CallOptions, number: int) -> CallOptions:
    network = replace(options.line.network, seed=options.line.network.seed + number)
    line = replace(options.line, network=network, recording=_path(options.line.recording, number))
    return replace(options, identity=Identity(), line=line)


def _path(path: Path | None, number: int) -> Path | None:
    return None if path is None else path.with_stem(f"{path.stem}-{number}")


def _tell_nobody(_: str) -> None:
    """Take progress of a call that is one of many."""
