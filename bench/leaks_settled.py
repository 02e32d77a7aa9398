"""Waits for a watched server to have nothing under way any more."""

import asyncio
from dataclasses import replace
from typing import Final

from bench.leaks_counts import Counts
from bench.leaks_process import WatchedServer

SETTLE_S: Final = 15.0
"""For everything to be as before. Sockets have 2 s to close, a call's end takes some 50 ms; what
takes longer than this hangs."""

LOOKS: Final = 12
LOOK_EVERY_S: Final = 0.05
"""Timers that beat for ever are between two beats in one look or another: looks for half a second
see all of them at once."""


async def settled(server: WatchedServer, baseline: Counts | None) -> Counts:
    """Wait for the baseline, or, while there is none, until nothing is under way.

    Returns:
        the counts at last, the baseline's or not; its timers are the most in half a second.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + SETTLE_S
    while True:
        looks = [await _look(server) for _ in range(LOOKS)]
        counts = replace(looks[-1], timers=max(look.timers for look in looks))
        still = all(replace(look, timers=counts.timers) == counts for look in looks)
        reached = counts.calls == 0 if baseline is None else counts == baseline
        if (still and reached) or loop.time() > ends_at:
            return counts


async def _look(server: WatchedServer) -> Counts:
    await asyncio.sleep(LOOK_EVERY_S)
    return await server.count()
