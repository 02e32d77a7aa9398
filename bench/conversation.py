"""The bench of the conversation: many callers ask, listen and interrupt; engines of known pace.

Starts recogniser, model, voice and server, each as a process of its own, holds the calls from
this one, and puts together what all of them saw. `python -m bench --engines conversation`.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.call_view import call_view
from bench.conversation_calls import HeldCall, hold
from bench.conversation_machine import CoreWatch
from bench.conversation_measure import Outcome, Pace, engines_of, outcome_of
from bench.server_process import ServerProcess
from media.frame import FRAME_S
from phone.histogram import Histogram
from tests.emulator.process import EmulatorProcess
from tests.support.child_process import ChildProcess

HERE: Final = Path(__file__).parent

SPREAD_S: Final = 8.0
"""The calls of a row begin within this time: about as long as one question with its answer."""


KNOWN: Final = Pace(quiet_s=0.3, thinking_s=0.1, token_s=0.2, word_s=0.02, audio_s=0.1)
"""Delays that are easy to take away from a total."""

TYPICAL: Final = Pace(quiet_s=0.59, thinking_s=0.25, token_s=0.35, word_s=0.02, audio_s=0.15)
"""As the real services have them: with a batch of 60 ms the final comes 0.9 s after the voice,
the last partial after 0.25 to 0.31 s."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is measured in one go."""

    name: str
    calls: int
    pace: Pace
    target: str | None = None
    """Which promise it is for: `own` or `answer`."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What was measured."""

    row: Row
    calls: tuple[Outcome, ...]
    load: float
    """Of the machine when it began, over the minute before."""
    phone_late_p99_ms: float
    cpu_percent: float
    """Of the server, of one core."""
    waited_percent: float
    """Of the time, the server's loop was ready to run and the machine had no core for it."""


ROWS: Final = (
    Row("known, partials answered", 50, KNOWN, "own"),
    Row("known, finals only", 50, replace(KNOWN, early=False), "own"),
    Row("typical, partials answered", 50, TYPICAL, "answer"),
    Row("typical, finals only", 50, replace(TYPICAL, early=False)),
)


async def run_row(row: Row, calls: int | None = None) -> RowResult:
    """Hold the calls of a row against fresh processes.

    Args:
        row: what is measured.
        calls: other than the row's.
    """
    load, count = os.getloadavg()[0], calls or row.calls
    async with AsyncExitStack() as stack:
        model, voice, server = await stack.enter_async_context(_processes(row.pace))
        before, began_at = server.usage(), time.monotonic()
        step_s = (SPREAD_S + FRAME_S) / count  # every phase of the grid
        async with CoreWatch(lambda: server.usage().waited_s) as cores:
            held = await asyncio.gather(
                *(hold(server.url, index + 1, index * step_s) for index in range(count))
            )
        after, elapsed_s = server.usage(), time.monotonic() - began_at
        views = [await call_view(server.url, call.report.call_sid) for call in held]
        engines = engines_of(await model.report(), await voice.report())
    outcomes = (
        outcome_of(call, row.pace, engines, view, cores.share)
        for call, view in zip(held, views, strict=True)
    )
    return RowResult(
        row,
        tuple(outcomes),
        load=load,
        phone_late_p99_ms=_phone_late_p99_ms(held),
        cpu_percent=100 * (after.cpu_s - before.cpu_s) / elapsed_s,
        waited_percent=100 * (after.waited_s - before.waited_s) / elapsed_s,
    )


@asynccontextmanager
async def _processes(
    pace: Pace,
) -> AsyncGenerator[tuple[ChildProcess, ChildProcess, ServerProcess]]:
    paces = ("--token-s", str(pace.token_s), "--word-s", str(pace.word_s))
    audio = ("--first-audio-s", str(pace.audio_s))
    quiet_ms = round(pace.quiet_s * 1000)
    async with (
        EmulatorProcess(quiet_ms=quiet_ms, thinking_s=pace.thinking_s) as recogniser,
        ChildProcess("model", "bench.conversation_model", *paces) as model,
        ChildProcess("voice", "bench.conversation_voice", *audio) as voice,
        ServerProcess(
            STT_ENGINE="google",
            SPEECH_EMULATOR_HOST=recogniser.host,
            STT_EARLY_FINALS=str(pace.early),
            TTS_ENGINE="google",
            TTS_EMULATOR_HOST=voice.host,
            AGENT="openai",
            AGENT_PHONE_TOOLS="none",
            OPENAI_BASE_URL=f"http://{model.host}/v1",
            OPENAI_MODEL="bench",
            DIALOGUE=str(HERE / "faults_dialogue.toml"),
        ) as server,
    ):
        yield model, voice, server


def _phone_late_p99_ms(held: Sequence[HeldCall]) -> float:
    late = Histogram()
    for call in held:
        if call.report.line is not None:
            late.merge(call.report.line.tick_lateness)
    return late.percentile_ms(99)
