"""Rows of the fault table that strike a whole server, and therefore have one of their own.

An agent that keeps the loop for itself, worker processes that are killed, a machine that
stands still, a full disk, a second signal. Promised of all its calls: they go on, or end in
order. `alone_run` runs them, and those of other files.
"""

import asyncio
import os
import resource
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from bench.faults.server.agent import AT_LENGTH, BLOCKED_S
from bench.faults.server.alone_row import BESIDE, AloneRow, alone, greeted
from bench.faults.server.call import Broken, FaultyCall
from bench.faults.server.process import ServerUnderTest

EMBEDDED: Final = {"STT_ENGINE": "pocketsphinx", "TTS_ENGINE": "espeak"}
STILL_S: Final = 1.0
SPEAKS_S: Final = 5.0
AGAIN_S: Final = 3.0
"""For the calls to be on time again after the loop stood still."""

NAMING: Final = ("late", "slow", "blocked")
"""Words of the lines that say who keeps the loop, or that somebody does."""

WATCHDOG_S: Final = 6.0
"""For the watchdog over the loop to say what it has seen."""

FORCED_S: Final = 12.0
"""For a server to end that was told twice."""

CUT_SHORT: Final = 1


async def _block_the_loop(server: ServerUnderTest) -> str:
    async with AsyncExitStack() as stack:
        beside = [await greeted(stack, FaultyCall(server)) for _ in range(BESIDE)]
        faulty = await greeted(stack, FaultyCall(server, "async blocks"))
        faulty.struck()
        faulty.misbehave()
        await asyncio.sleep(BLOCKED_S)
        for call in beside:
            call.struck()
        await asyncio.gather(*(call.goes_on(AGAIN_S) for call in beside))
        await asyncio.sleep(WATCHDOG_S)
    log = server.log.read_text(errors="replace")
    lines = [line for line in log.splitlines() if any(word in line for word in NAMING)]
    if not any("_async_blocks" in line or faulty.sid in line for line in lines):
        said = lines[-1].partition("WARNING")[2].strip() if lines else "nothing"
        raise Broken(f"the log does not say whose code it was; it says: {said}")
    return f"named; {BESIDE} calls beside it answer again within {AGAIN_S:.0f} s"


async def _kill_workers(server: ServerUnderTest) -> str:
    async with AsyncExitStack() as stack:
        call = await greeted(stack, FaultyCall(server))
        for pid in server.workers("pocketsphinx"):
            os.kill(pid, signal.SIGKILL)
        call.struck()
        heard = await call.understands()
        heard_s = call.since_s
        await call.line.wait_for_quiet()
        for pid in server.workers("espeak"):
            os.kill(pid, signal.SIGKILL)
        call.struck()
        began = call.line.position
        call.line.press(AT_LENGTH)
        await call.line.wait_for_speech(SPEAKS_S, since=began)
        spoke = f"speaks {call.since_s:.1f} s after the voice's"
        return f"{heard} {heard_s:.1f} s after the recogniser's end; {spoke}"


async def _stand_still(server: ServerUnderTest) -> str:
    async with AsyncExitStack() as stack:
        calls = [await greeted(stack, FaultyCall(server)) for _ in range(BESIDE)]
        for call in calls:
            call.line.press(AT_LENGTH)
        await asyncio.sleep(STILL_S)
        await server.stand_still(STILL_S)
        await asyncio.sleep(STILL_S)
        views = [await call.order("view") for call in calls]
        waiting = sum(view["queues"]["rx"] + view["queues"]["stt"] for view in views)
        tally = await server.order("tally", but=[])
        if tally["drops"] or waiting > BESIDE * 2:
            raise Broken(f"{tally['drops']} frames dropped, {waiting} waiting 1 s later")
        for call in calls:
            call.struck()
        await asyncio.gather(*(call.goes_on(AGAIN_S) for call in calls))
        return f"{BESIDE} calls go on, no frame dropped, {waiting} frames waiting 1 s later"


async def _fill_the_disk(server: ServerUnderTest) -> str:
    async with AsyncExitStack() as stack:
        calls = [await greeted(stack, FaultyCall(server)) for _ in range(BESIDE)]
        before = server.limit(resource.RLIMIT_FSIZE, 0)
        for call in calls:
            call.struck()
        try:
            await asyncio.gather(*(call.goes_on(AGAIN_S) for call in calls))
            await asyncio.sleep(STILL_S)  # lines come together before they are written
        finally:
            server.limit(resource.RLIMIT_FSIZE, before)
        lost = await server.order("count", metric="call_log_lines_lost_total", labels={})
    lines = server.log.read_text(errors="replace").splitlines()
    told = [line for line in lines if "recording:" in line]
    if not (lost and told):
        raise Broken(f"{lost:.0f} lines of event logs counted as lost, {len(told)} lines say so")
    return f"{BESIDE} calls go on; {lost:.0f} lines of event logs counted as lost"


async def _signal_twice(server: ServerUnderTest) -> str:
    async with AsyncExitStack() as stack:
        call = await greeted(stack, FaultyCall(server))
        os.kill(server.pid, signal.SIGTERM)
        await asyncio.sleep(STILL_S / 2)
        call.struck()
        os.kill(server.pid, signal.SIGTERM)
        code = await server.ended(FORCED_S)
        if code != CUT_SHORT:
            raise Broken(f"code {code}")
        return f"ended after {call.since_s:.1f} s with code {code}"


ROWS: Final[Sequence[AloneRow]] = (
    alone(
        "agent, async code: blocks the loop for 5 s",
        "the log names it; the others go on afterwards",
        _block_the_loop,
    ),
    alone(
        "worker processes of the embedded engines killed",
        "started anew; calls are heard and answered",
        _kill_workers,
        EMBEDDED,
    ),
    alone(
        "the whole process stands still for 1 s", "calls go on, nothing is dropped", _stand_still
    ),
    alone(
        "disk full for event logs and recordings", "said in the log; calls go on", _fill_the_disk
    ),
    alone("a second SIGTERM", f"ends at once with code {CUT_SHORT}", _signal_twice),
)
