"""The row of the fault table in which recordings of calls reach their bound in the middle.

Promised: the recording ends there and says so, in the log and in its last line; it is no
larger than the bound; what it holds runs again to the same outputs; and the call goes on.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from bench.faults.server.alone_row import BESIDE, AloneRow, alone, greeted
from bench.faults.server.call import Broken, FaultyCall
from bench.faults.server.process import ServerUnderTest
from bench.server_process import ROOT
from call_log.recordings import SUFFIX

MAX_BYTES: Final = 100_000
"""About four seconds of a call: the greeting, and the middle of an answer."""

LAST_LINE_BYTES: Final = 80_000
"""A recording may pass its bound by one line: the longest is a whole answer of the tone voice,
five seconds that come in one piece."""

CUT_S: Final = 12.0
POLL_S: Final = 0.1
GOES_ON_S: Final = 3.0
WHY: Final = "the recording is at its largest size"


async def _cut_short(server: ServerUnderTest) -> str:
    async with AsyncExitStack() as stack:
        calls = [await greeted(stack, FaultyCall(server)) for _ in range(BESIDE)]
        await asyncio.gather(*(call.understands() for call in calls))
        async with asyncio.timeout(CUT_S):
            while _told(server) < BESIDE:  # noqa: ASYNC110  # a log has no event to wait for
                await asyncio.sleep(POLL_S)
        for call in calls:
            await call.line.wait_for_quiet()
            call.struck()
        await asyncio.gather(*(call.goes_on(GOES_ON_S) for call in calls))
    sizes = _sizes(Path(server.setting("CALL_LOG_DIR") or ""))
    if len(sizes) != BESIDE:
        raise Broken(f"{len(sizes)} recordings of {BESIDE} calls")
    largest = max(sizes.values())
    if largest > MAX_BYTES + LAST_LINE_BYTES:
        raise Broken(f"a recording of {largest} bytes, expected at most {MAX_BYTES}")
    for path in sizes:
        await _run_again(path)
    return f"{BESIDE} calls go on; recordings of {largest / 1000:.0f} kB at most, all run again"


def _told(server: ServerUnderTest) -> int:
    return server.log.read_text(errors="replace").count(f"ends early: {WHY}")


def _sizes(folder: Path) -> dict[Path, int]:
    """Find the recordings; in bytes."""
    return {path: path.stat().st_size for path in folder.rglob(f"*{SUFFIX}")}


async def _run_again(path: Path) -> None:
    """Replay a recording, as whoever looks into a call would."""
    replay = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "phone", "replay", str(path), "--quiet"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    told = (await replay.communicate())[0].decode()
    if replay.returncode != 0:
        raise Broken("a recording does not run again to the same outputs")
    if f"ends before the call: {WHY}" not in told:
        raise Broken("a recording does not say in its last line why it ends")


ROWS: Final[Sequence[AloneRow]] = (
    alone(
        "recordings cut short by their bound",
        "said in the log and the file; calls go on",
        _cut_short,
        options=("--recording-bytes", str(MAX_BYTES)),
    ),
)
