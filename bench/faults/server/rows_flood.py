"""The row of the fault table in which a caller sends ten times too fast for a minute.

Calls beside it are asked all the while. Promised: the flooder is held back and goes on, none
beside it loses a frame or an answer, every ledger balances, no control message is lost.
`make flood` does the same with five flooders, and judges memory and cadence.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from bench.faults.server.alone_row import BESIDE, AloneRow, alone, greeted
from bench.faults.server.call import Broken, FaultyCall
from bench.faults.server.process import ServerUnderTest
from bench.faults.server.rows_media import TOO_FAST, send_too_fast

FLOOD_S: Final = 60.0
ASK_EVERY_S: Final = 5.0
GOES_ON_S: Final = 25.0
"""What is held back at the end of the flood is heard first."""

NEVER: Final = ("ledger_errors_total", "control_overflows_total")


async def _flood(server: ServerUnderTest) -> str:
    async with AsyncExitStack() as stack:
        beside = [await greeted(stack, FaultyCall(server)) for _ in range(BESIDE)]
        flooder = await greeted(stack, FaultyCall(server))
        flooder.struck()
        asking = [asyncio.create_task(_keep_asking(call)) for call in beside]
        await send_too_fast(flooder, FLOOD_S)
        await asyncio.gather(*asking)
        tally = await server.order("tally", but=[flooder.sid])
        went = await flooder.goes_on(GOES_ON_S)
    if tally["drops"] or tally["restarts"]:
        raise Broken(f"beside it {tally['drops']} frames dropped, {tally['restarts']} restarts")
    for metric in NEVER:
        if count := await server.order("count", metric=metric, labels={}):
            raise Broken(f"{metric}: {count:.0f}, expected 0")
    return f"{went}; {BESIDE} calls beside it were answered all the while, no frame dropped"


async def _keep_asking(call: FaultyCall) -> None:
    """Ask and be answered until the flood is over."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + FLOOD_S
    while loop.time() < ends_at:
        call.struck()
        await call.goes_on()
        await asyncio.sleep(ASK_EVERY_S)


ROWS: Final[Sequence[AloneRow]] = (
    alone(
        f"frames {TOO_FAST} times too fast for {FLOOD_S:.0f} s",
        "held back, goes on",
        _flood,
    ),
)
