"""A server process gives back everything, whatever its calls did; the long run is `bench.leaks`."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench import flood_run
from bench.leaks_caller import Caller
from bench.leaks_counts import Counts
from bench.leaks_process import WatchedServer
from bench.leaks_run import KINDS, SETTINGS, run
from bench.leaks_settled import settled
from bench.leaks_table import verdict
from bench.leaks_trend import growth, latter

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": True}


def counts_without_calls(counts: Counts) -> bool:
    return (counts.actors, counts.of_calls, counts.calls) == (0, 0, 0)


async def test_every_kind_of_call_leaves_a_new_server_as_it_was(tmp_path: Path) -> None:
    async with WatchedServer(tmp_path / "log", **SETTINGS) as server:
        result = await run(server, [tuple(KINDS)], Random(1))  # noqa: S311  # chance that can be repeated
    assert verdict(result) == []
    assert result.held.total() == len(KINDS)
    assert counts_without_calls(result.baseline)
    assert result.books["calls_total call_failed"] >= 1, "no CallActor was struck"
    assert result.books["refused_total token"] >= 2, "no token was refused"


async def test_a_call_and_a_flood_are_seen_and_leave_nothing(tmp_path: Path) -> None:
    async with WatchedServer(tmp_path / "log", **flood_run.SETTINGS) as server:
        before = await settled(server, None)
        async with Caller(flood_run.place_of(server)) as caller:
            assert await caller.dial()
            await caller.quiet(0.4)
            during = await server.count()
            await caller.hang_up()
        await flood_run.flood(server, 1.0)
        assert await settled(server, before) == before
        books: dict[str, float] = await server.ask("books")
    assert (during.calls, during.actors) == (1, 5)
    assert during.of_calls > during.actors
    assert during.descriptors > before.descriptors
    assert during.tasks > before.tasks
    assert during.timers > before.timers
    assert books["rx:entered"] > flood_run.FLOODERS * 50, "nothing was flooded"
    assert books["ledger_errors_total"] == books["control_refused"] == 0


def test_growth_is_per_call_and_one_step_does_not_move_it() -> None:
    leaking = [(calls, 1000 * calls) for calls in range(0, 1000, 50)]
    assert growth(leaking) == 1000
    step = [(calls, 500_000 * (calls > 700)) for calls in range(0, 1000, 50)]
    assert growth(step) == 0


def test_growth_is_judged_over_the_last_calls() -> None:
    settling = [(calls, min(calls, 200)) for calls in range(0, 1250, 50)]
    assert growth(latter(settling, 1000)) == 0
    assert latter(settling, 1000)[0] == (200, 200)
