"""Runs the server's rows: one server, forty callers, one fault after another.

A window without a fault, then three rows with theirs, and so on; three rounds of that. The faulty
calls get ready a few rows ahead, and how they bear it may take longer than the window.
Owns the order of these things and the processes; judges nothing.
"""

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.faults.replays import recording_settings
from bench.faults.server.call import Broken
from bench.faults.server.measure import ServerResult, Strike, Window
from bench.faults.server.process import ServerUnderTest
from bench.faults.server.row import WINDOW_S, Act, ServerRow
from phone.errors import PhoneError
from tests.support.child_process import ChildProcess

HERE: Final = Path(__file__).parent
CALLERS: Final = 40
SETTLE_S: Final = 20.0
"""For all healthy calls to begin, and to be answered once: 9 s, more on a busy machine."""

SETTLE_POLL_S: Final = 0.5

READY_S: Final = 8.0
VERDICT_S: Final = 25.0
"""For a row to get ready, and to find out how its call bore it."""

SETTINGS: Final = {
    "STT_ENGINE": "instant",
    "TTS_ENGINE": "tone",
    "AGENT": "bench.faults.server.agent:make",
    "DIALOGUE": str(HERE / "dialogue.toml"),
    "MAX_CALLS": "200",
    "LOAD_LATE_PERCENT": "0",
    "LOAD_GAPS_PER_MINUTE": "0",
    "AGENT_FIRST_TOKEN_MS": "1500",
    "AGENT_STALL_MS": "1500",
    "AGENT_TOTAL_S": "6",
    "FILLER_AFTER_MS": "0",
    "NO_MEDIA_TIMEOUT_S": "2",
    "START_TIMEOUT_S": "2",
    "CLOSE_TIMEOUT_S": "2",
    "PING_INTERVAL_S": "2",
    "PING_TIMEOUT_S": "3",
    "DRAIN_S": "2",
}
"""Deadlines of minutes are seconds here; the load limits must not refuse the faulty calls."""

ROWS_A_CALM: Final = 3
"""Rows that are compared with the same window without a fault, the one before them."""

READY_AHEAD: Final = 3
"""Rows that get ready while others strike: a greeting takes a second."""

POLL_S: Final = 0.001

Tell = Callable[[str], None]


class ServerAndCallers:
    """The server under test and its healthy callers."""

    def __init__(self, server: ServerUnderTest, callers: ChildProcess) -> None:
        self.server: Final = server
        self._callers = callers
        self._slowest_ms: dict[str, float] = {}
        """By CallSid."""
        self._borne = Counter[str]()
        """What the healthy calls had borne when they were last looked at."""
        self._looked_at = time.monotonic()
        self._waited_s = server.usage().waited_s

    async def window(self) -> Window:
        """What the healthy calls were like since this was last asked."""
        heard = await self._callers.report()
        tally = await self.server.order("tally", but=self.server.faulty_sids)
        for owner, took_ms in tally["slow"]:
            sid = owner.rpartition(" ")[2]
            self._slowest_ms[sid] = max(took_ms, self._slowest_ms.get(sid, 0.0))
        borne = Counter(ended=-heard["calls"], drops=tally["drops"], restarts=tally["restarts"])
        before, self._borne = self._borne, borne
        return Window(
            messages=heard["messages"],
            p99_ms=heard["p99_ms"],
            starved=self._starved(),
            ended=borne["ended"] - before["ended"],
            dropped=borne["drops"] - before["drops"],
            restarted=borne["restarts"] - before["restarts"],
            trouble=tuple(heard["trouble"]),
        )

    def slowest_ms(self, sid: str) -> float:
        """The longest turn over 5 ms that a call has owned; 0 for none."""
        return self._slowest_ms.get(sid, 0.0)

    def _starved(self) -> float:
        now, waited_s = time.monotonic(), self.server.usage().waited_s
        share = (waited_s - self._waited_s) / max(now - self._looked_at, POLL_S)
        self._looked_at, self._waited_s = now, waited_s
        return share


@asynccontextmanager
async def open_server_and_callers(
    logs: Path, calls: int = CALLERS
) -> AsyncGenerator[ServerAndCallers]:
    """Start the server and its callers; both end with the block."""
    settings = {**SETTINGS, **recording_settings(logs / "events")}
    async with ServerUnderTest(logs / "server.log", **settings) as server:
        options = (server.url, "--calls", str(calls))
        async with ChildProcess("callers", "bench.faults.server.callers", *options) as callers:
            async with asyncio.timeout(SETTLE_S):
                # Another process is asked: no event of it reaches here.
                while (await callers.report())["answered"] < calls:  # noqa: ASYNC110
                    await asyncio.sleep(SETTLE_POLL_S)
            under_test = ServerAndCallers(server, callers)
            await under_test.window()
            yield under_test


async def run_rows(
    under_test: ServerAndCallers, rows: Sequence[ServerRow], rounds: int, tell: Tell
) -> tuple[ServerResult, ...]:
    """Let every row strike so many times.

    Args:
        under_test: whom.
        rows: what.
        rounds: how often.
        tell: told of progress, a line each.
    """
    striking = defaultdict[str, list[asyncio.Task[Strike]]](list)
    for number in range(rounds):
        began_at = time.monotonic()
        coming = deque(_Coming(row, under_test.server) for row in rows)
        calm: Window | None = None
        for index, row in enumerate(rows):
            for one in list(coming)[:READY_AHEAD]:
                one.get_ready()
            if calm is None or index % ROWS_A_CALM == 0:
                await asyncio.sleep(WINDOW_S)
                calm = await under_test.window()
            strike = await coming.popleft().strike(under_test, calm)
            striking[row.name].append(strike)
        tell(f"round {number + 1}: {len(rows)} rows in {time.monotonic() - began_at:.0f} s")
    await asyncio.wait([one for tasks in striking.values() for one in tasks])
    await under_test.window()
    return tuple([await _result(under_test, row, striking[row.name]) for row in rows])


async def _result(
    under_test: ServerAndCallers, row: ServerRow, strikes: Sequence["asyncio.Task[Strike]"]
) -> ServerResult:
    made = [await one for one in strikes]
    return ServerResult(
        row, tuple(replace(one, slowest_ms=under_test.slowest_ms(one.sid)) for one in made)
    )


class _Coming:
    """A row that is about to strike."""

    def __init__(self, row: ServerRow, server: ServerUnderTest) -> None:
        self._row = row
        self._act = row.act(server)
        self._ready: asyncio.Task[tuple[str, str | None]] | None = None

    def get_ready(self) -> None:
        """Begin to get ready; harmless when it has begun."""
        if self._ready is None:
            self._ready = asyncio.create_task(_step(self._act, "getting ready"))

    async def strike(self, under_test: ServerAndCallers, calm: Window) -> "asyncio.Task[Strike]":
        """Strike once; what comes back knows the end of it."""
        self.get_ready()
        assert self._ready is not None
        if not self._ready.done():
            await self._ready
            await under_test.window()  # what was heard while this one was waited for says nothing
        sid, broken = await self._ready
        if broken is None:
            _, broken = await _step(self._act, "striking")
        own = asyncio.create_task(_verdict(self._act, broken))
        await asyncio.sleep(self._row.window_s)
        struck = await under_test.window()
        return asyncio.create_task(_whole(Strike(sid, calm, struck), own))


async def _step(act: Act, what: str) -> tuple[str, str | None]:
    """Let an act go on to its next `yield`: what that gives, and what went wrong."""
    try:
        async with asyncio.timeout(READY_S):
            return await anext(act), None
    except (Broken, PhoneError, TimeoutError) as error:
        return "", f"{what}: {str(error) or 'took too long'}"


async def _verdict(act: Act, broken: str | None) -> tuple[str, str | None]:
    """What became of the faulty call, and which promise to it was broken."""
    try:
        if broken is not None:
            return "", broken
        async with asyncio.timeout(VERDICT_S):
            return await anext(act), None
    except (Broken, PhoneError, TimeoutError) as error:
        return "", str(error) or f"nothing known after {VERDICT_S:.0f} s"
    finally:
        await act.aclose()


async def _whole(strike: Strike, verdict: "asyncio.Task[tuple[str, str | None]]") -> Strike:
    own, broken = await verdict
    return replace(strike, own=own, broken=broken)
