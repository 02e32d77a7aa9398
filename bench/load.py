"""One load: so many phones at once against a server with given engines, and what came of it."""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.call_view import call_view
from bench.server_process import ServerProcess
from phone.call import CallOptions
from phone.calls import hold_calls
from phone.histogram import Histogram
from phone.report import CallReport
from phone.script import Step
from tests.emulator.process import EmulatorProcess


@dataclass(frozen=True, slots=True)
class Load:
    """What to measure."""

    name: str
    calls: int
    script: Sequence[Step]
    settings: dict[str, str]
    emulator: bool = False
    """Whether Google's recogniser is played by the emulator, in a third process."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured."""

    load: Load
    good: int
    failures: tuple[str, ...]
    answers: int
    answer_p50_ms: float
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    phone_late_p99_ms: float
    underruns: int
    drops: int
    cpu_percent: float
    worker_percent: float
    rss_mb: float
    threads: int
    """At the end of the calls, beyond those of the idle server."""


async def run(load: Load) -> Result:
    """Start a server, hold the calls, stop it."""
    async with _server_of(load) as server:
        before, workers_before, began = server.usage(), server.worker_cpu_s(), time.monotonic()
        reports = await hold_calls(
            CallOptions(url=server.url), load.script, times=1, at_once=load.calls
        )
        elapsed_s = time.monotonic() - began
        after, workers_after = server.usage(), server.worker_cpu_s()
        views = [await call_view(server.url, report.call_sid) for report in reports]
    return _result(
        load,
        reports,
        drops=sum(map(_drops, views)),
        cpu_percent=100 * (after.cpu_s - before.cpu_s) / elapsed_s,
        worker_percent=100 * (workers_after - workers_before) / elapsed_s,
        rss_mb=after.rss_mb,
        threads=after.threads - before.threads,
    )


@asynccontextmanager
async def _server_of(load: Load) -> AsyncGenerator[ServerProcess]:
    if not load.emulator:
        async with ServerProcess(**load.settings) as server:
            yield server
        return
    async with EmulatorProcess() as emulator:
        settings = {**load.settings, "SPEECH_EMULATOR_HOST": emulator.host}
        async with ServerProcess(**settings) as server:
            yield server


def _drops(view: dict[str, Any]) -> int:
    return sum(frames for reasons in view["drops"].values() for frames in reasons.values())


def _result(load: Load, reports: Sequence[CallReport], **measured: Any) -> Result:
    late, phone_late, underruns = Histogram(), Histogram(), 0
    for report in reports:
        if report.line is not None:
            late.merge(report.line.loudspeaker.cadence.lateness)
            phone_late.merge(report.line.tick_lateness)
            underruns += report.line.loudspeaker.playout.underruns.count
    answers = [latency for report in reports for latency in report.latencies_ms]
    return Result(
        load=load,
        good=sum(report.ok for report in reports),
        failures=tuple(failure for report in reports for failure in report.failures)[:5],
        answers=len(answers),
        answer_p50_ms=median(answers) if answers else float("nan"),
        late_p50_ms=late.percentile_ms(50),
        late_p99_ms=late.percentile_ms(99),
        late_max_ms=late.max_ms,
        phone_late_p99_ms=phone_late.percentile_ms(99),
        underruns=underruns,
        **measured,
    )
