"""One row of the fault table: the server, the emulator and the calls, and what came of them."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.call_view import call_view
from bench.faults.recogniser.measure import CallOutcome, Seen, outcome_of
from bench.faults.recogniser.rows import RecogniserRow, faults_of
from bench.faults.replays import file_name, recording_settings
from bench.logged_server import LoggedServer
from bench.server_process import ROOT
from phone.call import Call, CallOptions
from phone.errors import PhoneError
from phone.report import CallReport, report_call
from tests.emulator.process import EmulatorProcess
from tests.support.stamped_speech import Speech

DIALOGUE: Final = ROOT / "bench" / "faults_dialogue.toml"
"""Of other benches too: answers whatever is said with one short word."""

SPREAD_S: Final = 6.0
"""The calls of a row begin within this time: what strikes all strikes each elsewhere."""

ACT_AFTER_S: Final = 11.0
"""When all are struck at once: every call is at its words, none at its last ones."""


START_AHEAD: Final = 2
"""Rows whose processes start, or wait for their turn: more would take the cores from the others."""


@dataclass(frozen=True, slots=True)
class RecogniserResult:
    """What came of a row."""

    row: RecogniserRow
    calls: tuple[CallOutcome, ...]
    trouble: str | None
    """What was wrong with the server as a whole."""


class Turns:
    """Lets so many rows be held at once, while the processes of the next ones start.

    Args:
        at_once: rows whose calls are held.
    """

    def __init__(self, at_once: int) -> None:
        self.holding: Final = asyncio.Semaphore(at_once)
        self.starting: Final = asyncio.Semaphore(START_AHEAD)


async def run_row(row: RecogniserRow, calls: int, logs: Path, turns: Turns) -> RecogniserResult:
    """Hold the calls of one row against a fresh server and a fresh emulator.

    Args:
        row: what goes wrong.
        calls: how many calls it befalls.
        logs: a folder for the server's log; the calls are recorded below it.
        turns: says when.
    """
    speeches = [row.speech(number) for number in range(1, calls + 1)]
    emulator, name = EmulatorProcess(), file_name(row.name)
    async with AsyncExitStack() as stack:
        async with turns.starting:
            await stack.enter_async_context(emulator)
            await emulator.script(
                fault
                for index, speech in enumerate(speeches)
                for fault in faults_of(row, speech, index)
            )
            settings = {**_settings(emulator, row), **recording_settings(logs / name)}
            server = LoggedServer(logs / f"{name}.log", **settings)
            ending = await stack.enter_async_context(AsyncExitStack())
            await ending.enter_async_context(server)
            await turns.holding.acquire()
        try:
            reports, struck_at = await _hold(row, emulator, server.url, speeches)
        finally:
            turns.holding.release()
        views = [await call_view(server.url, report.call_sid) for report in reports]
        await ending.aclose()
        seen = await emulator.report()
    outcomes = (
        outcome_of(Seen(speech, report, seen, view, struck_at, row.fault))
        for speech, report, view in zip(speeches, reports, views, strict=True)
    )
    return RecogniserResult(row, tuple(outcomes), server.trouble)


def _settings(emulator: EmulatorProcess, row: RecogniserRow) -> dict[str, str]:
    return {
        "STT_ENGINE": "google",
        "TTS_ENGINE": "tone",
        "SPEECH_EMULATOR_HOST": emulator.host,
        "DIALOGUE": str(DIALOGUE),
        "LOG_TRANSCRIPTS": "true",
        **row.settings,
    }


async def _hold(
    row: RecogniserRow, emulator: EmulatorProcess, url: str, speeches: Sequence[Speech]
) -> tuple[list[CallReport], float | None]:
    step_s = SPREAD_S / len(speeches)
    calls = [
        asyncio.create_task(_call(url, speech, index * step_s))
        for index, speech in enumerate(speeches)
    ]
    struck_at: float | None = None
    if row.act is not None:
        await asyncio.sleep(ACT_AFTER_S)
        struck_at = await row.act(emulator)
    return await asyncio.gather(*calls), struck_at


async def _call(url: str, speech: Speech, delay_s: float) -> CallReport:
    await asyncio.sleep(delay_s)
    call = Call(CallOptions(url=url))
    error: str | None = None
    try:
        async with call:
            await call.line.speak(speech.audio)
    except PhoneError as problem:
        error = str(problem)
    return report_call(call, (), error)
