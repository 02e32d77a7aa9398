"""Rows of the fault table: the machine gives out under a call, and under all beside it.

No disk, no file descriptors, nobody who reads the log, a wall clock that jumps. These strike
the whole process; the call of the row only shows that calls go on.
"""

import asyncio
import resource
from collections.abc import Sequence
from typing import Final

from bench.faults.server.call import Broken, FaultyCall
from bench.faults.server.row import WINDOW_S, ServerRow, in_a_call

CHATTER_LINES: Final = 3000
"""Lines logged while nobody reads: more than what waits for a terminal, and a pipe of it."""

CHATTER_S: Final = 2.0
"""Twice the time that those lines take."""

TRIES: Final = 10
"""New connections while there is no file descriptor left."""

LATER_S: Final = 8.0
"""For a call that was dialled meanwhile, or just after."""

JUMP_S: Final = 3600.0


async def _fill_the_disk(call: FaultyCall) -> None:
    """No file may grow any more, as on a full disk."""
    call.undo.append(call.server.limit(resource.RLIMIT_FSIZE, 0))


async def _disk_verdict(call: FaultyCall) -> str:
    try:
        await call.bears_it(WINDOW_S)
        went = await call.goes_on()
    finally:
        call.server.limit(resource.RLIMIT_FSIZE, call.undo.pop())
    lost = await call.server.order("count", metric="call_log_lines_lost_total", labels={})
    if not lost:
        raise Broken("no line of an event log was lost, and none could be written")
    return f"{went}; {lost:.0f} lines of event logs lost so far, all counted"


async def _take_no_log(call: FaultyCall) -> None:
    call.server.log_taken.clear()
    await call.server.order("chatter", lines=CHATTER_LINES)


async def _log_verdict(call: FaultyCall) -> str:
    try:
        await call.bears_it(CHATTER_S)
        went = await call.goes_on()
    finally:
        call.server.log_taken.set()
    lost = await call.server.order("count", metric="log_lines_lost_total", labels={})
    if not lost:
        raise Broken("no line was lost, and nobody read them")
    return f"{went}; {lost:.0f} lines lost so far, all counted"


async def _use_up_the_files(call: FaultyCall) -> None:
    server = call.server
    call.undo.append(server.limit(resource.RLIMIT_NOFILE, server.first_free_file()))
    tries = [asyncio.open_connection("127.0.0.1", server.port) for _ in range(TRIES)]
    for made in await asyncio.gather(*tries, return_exceptions=True):
        if not isinstance(made, BaseException):
            made[1].close()


async def _files_verdict(call: FaultyCall) -> str:
    try:
        await call.bears_it(WINDOW_S)
        went = await call.goes_on()
    finally:
        call.server.limit(resource.RLIMIT_NOFILE, call.undo.pop())
    async with asyncio.timeout(LATER_S), FaultyCall(call.server) as another:
        await another.greeted()
    return f"{went}; afterwards new calls are taken"


async def _jump(call: FaultyCall) -> None:
    await call.server.order("wall_clock", seconds=JUMP_S)


async def _understands(call: FaultyCall) -> str:
    return await call.understands()


ROWS: Final[Sequence[ServerRow]] = (
    in_a_call(
        "disk full for event logs", "lines are lost and counted", _fill_the_disk, _disk_verdict
    ),
    in_a_call(
        "nobody reads the log",
        "lines are lost and counted",
        _take_no_log,
        _log_verdict,
        window_s=CHATTER_S,
    ),
    in_a_call(
        "out of file descriptors", "calls go on, new ones later", _use_up_the_files, _files_verdict
    ),
    in_a_call("the wall clock jumps by an hour", "nothing happens", _jump, _understands),
)
