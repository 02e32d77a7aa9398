"""One row of the server's part of the fault table: what is done, what is promised, how it is done.

Owns the shape of a row. An act runs in three parts, told apart by its `yield`s: it
gets ready, and yields the CallSid of its call; it strikes, and yields nothing of note; it finds
out how its own call bore that, and yields it in words, or raises `Broken`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bench.faults.server.call import FaultyCall
from bench.faults.server.process import ServerUnderTest
from phone.line_options import LineOptions

WINDOW_S: Final = 0.75
"""The healthy calls are watched for so long from the moment a fault strikes: 1000 messages."""

Act = AsyncGenerator[str, None]
StrikeStep = Callable[[FaultyCall], Awaitable[object]]
Verdict = Callable[[FaultyCall], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One fault."""

    name: str
    """What is done."""
    promised: str
    """Of the faulty call itself; of the others the same is promised in every row."""
    act: Callable[[ServerUnderTest], Act]
    window_s: float = WINDOW_S


def in_a_call(
    name: str,
    promised: str,
    strike: StrikeStep,
    verdict: Verdict,
    *,
    plan: str = "",
    line: LineOptions | None = None,
    window_s: float = WINDOW_S,
) -> ServerRow:
    """A row whose fault strikes one call that has been greeted.

    Args:
        name: what is done.
        promised: of that call.
        strike: does it.
        verdict: says how the call bore it.
        plan: how the call's agent misbehaves once told to.
        line: how its phone behaves.
        window_s: how long the other calls are watched.
    """

    async def act(server: ServerUnderTest) -> Act:
        async with FaultyCall(server, plan, line) as call:
            await call.greeted()
            yield call.sid
            call.struck()
            await strike(call)
            yield ""
            yield await verdict(call)

    return ServerRow(name, promised, act, window_s)
