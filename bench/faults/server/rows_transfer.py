"""The row of the fault table in which SIGTERM comes while Twilio is asked for a transfer.

The server has asked by the REST API and has no answer when it is told to stop; none ever
comes. Promised: the caller is connected all the same, by the webhook that follows the stream.
"""

import asyncio
import os
import signal
from collections.abc import Generator, Sequence
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from queue import Empty
from typing import Final

from bench.faults.server.alone_row import AloneRow, Prepared, greeted
from bench.faults.server.call import Broken, FaultyCall
from bench.faults.server.process import ServerUnderTest
from tests.support.twilio_api import ACCOUNT, AUTH_KEY, TwilioApi, twilio_api

TO: Final = "+15550123"
ENDS_S: Final = 8.0
"""For the stream to end: the answer is awaited for 3 s by default, a close may take 2 s here."""

EXIT_S: Final = 20.0


@contextmanager
def _silent_twilio() -> Generator[Prepared]:
    with twilio_api() as api:
        api.hang()
        settings = {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": AUTH_KEY,
            "TWILIO_API_URL": api.url,
            "PUBLIC_HOST": "voice.example.com",
            "NO_PROXY": "127.0.0.1",
        }
        yield Prepared(partial(_stop_while_it_asks, api), settings)


async def _stop_while_it_asks(api: TwilioApi, server: ServerUnderTest) -> str:
    async with AsyncExitStack() as stack:
        call = await greeted(stack, FaultyCall(server))
        await call.order("transfer", to=TO)
        try:
            await asyncio.to_thread(api.next)
        except Empty:
            raise Broken("Twilio was not asked") from None
        os.kill(server.pid, signal.SIGTERM)
        call.struck()
        await call.line.wait_for_end(ENDS_S)
        outcome = await call.comes_next()
        if outcome != f"dial {TO}":
            raise Broken(f"after the stream: {outcome or 'nobody answers'}")
        told = f"{outcome} {call.since_s:.1f} s after the signal"
    code = await server.ended(EXIT_S)
    if code != 0:
        raise Broken(f"{told}, but the process ended with code {code}")
    return f"{told}; the process ended with code 0"


ROWS: Final[Sequence[AloneRow]] = (
    AloneRow(
        "SIGTERM while a transfer is being asked for",
        "the caller is connected by webhook, then code 0",
        _silent_twilio,
    ),
)
