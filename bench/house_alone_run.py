"""Runs the rows of the fault table that have servers of their own, all at the same time."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench import house_alone, house_flood, house_tapes, house_transfer
from bench.faults_replays import file_name, recording_settings
from bench.house_alone_row import Alone
from bench.house_call import Broken
from bench.house_process import HouseProcess
from bench.house_run import SETTINGS
from bench.house_tale import Tale
from phone.errors import PhoneError

ALONE: Final[Sequence[Alone]] = (
    *house_alone.ROWS,
    *house_transfer.ROWS,
    *house_tapes.ROWS,
)

ALONE_FOR_LONG: Final = house_flood.ROWS
"""Those that take a minute: they are run beside something else that does."""


async def alone_tales(rows: Sequence[Alone], logs: Path) -> Sequence[Tale]:
    """Run each against its own server.

    Args:
        rows: what is done.
        logs: a folder for the servers' logs; their calls are recorded below it.
    """
    return await asyncio.gather(*(_alone(row, logs) for row in rows))


async def _alone(row: Alone, logs: Path) -> Tale:
    name = file_name(row.name)
    with row.prepare() as prepared:
        settings = {**SETTINGS, **recording_settings(logs / name), **prepared.settings}
        server = HouseProcess(logs / f"{name}.log", *row.options, **settings)
        measured, broken = "", None
        try:
            async with server:
                measured = await prepared.work(server)
        except (Broken, PhoneError, TimeoutError, RuntimeError) as error:
            measured, broken = "", str(error) or "took too long"
    return Tale(row.name, row.promised, measured, broken, tuple(server.faulty_sids))
