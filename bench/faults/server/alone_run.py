"""Runs the rows of the fault table that have servers of their own, all at the same time."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.faults.replays import file_name, recording_settings
from bench.faults.server import rows_alone, rows_flood, rows_recordings, rows_transfer
from bench.faults.server.alone_row import AloneRow
from bench.faults.server.call import Broken
from bench.faults.server.process import ServerUnderTest
from bench.faults.server.run import SETTINGS
from bench.faults.server.worded_row import WordedRow
from phone.errors import PhoneError

ALONE: Final[Sequence[AloneRow]] = (
    *rows_alone.ROWS,
    *rows_transfer.ROWS,
    *rows_recordings.ROWS,
)

ALONE_FOR_LONG: Final = rows_flood.ROWS
"""Those that take a minute: they are run beside something else that does."""


async def run_alone_rows(rows: Sequence[AloneRow], logs: Path) -> Sequence[WordedRow]:
    """Run each against its own server.

    Args:
        rows: what is done.
        logs: a folder for the servers' logs; their calls are recorded below it.
    """
    return await asyncio.gather(*(_alone(row, logs) for row in rows))


async def _alone(row: AloneRow, logs: Path) -> WordedRow:
    name = file_name(row.name)
    with row.prepare() as prepared:
        settings = {**SETTINGS, **recording_settings(logs / name), **prepared.settings}
        server = ServerUnderTest(logs / f"{name}.log", *row.options, **settings)
        measured, broken = "", None
        try:
            async with server:
                measured = await prepared.work(server)
        except (Broken, PhoneError, TimeoutError, RuntimeError) as error:
            measured, broken = "", str(error) or "took too long"
    return WordedRow(row.name, row.promised, measured, broken, tuple(server.faulty_sids))
