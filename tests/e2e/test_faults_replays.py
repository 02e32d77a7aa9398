"""A row of the fault table that misses on purpose leaves a recording, and that runs again."""

import asyncio
from pathlib import Path

import pytest

from bench.faults.parts import Parts
from bench.faults.replays import Replays
from bench.faults.server.call import Broken, FaultyCall
from bench.faults.server.row import in_a_call
from bench.faults.server.schedule import ServerPlan, ServerReport, run_server_part
from phone.__main__ import main

pytestmark = pytest.mark.e2e

NEVER_KEPT = "the moon"


async def press_a_key(call: FaultyCall) -> None:
    call.line.press("2")


async def ask_too_much(call: FaultyCall) -> str:
    await call.goes_on()
    raise Broken(f"does not bring {NEVER_KEPT}")


ROW = in_a_call("misses on purpose", NEVER_KEPT, press_a_key, ask_too_much)
GOOD = in_a_call("keeps its promise", "goes on", press_a_key, FaultyCall.goes_on)


def silence(_line: str) -> None:
    """Take a line that nobody wants to see."""


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory) -> Replays:
    return Replays(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def report(replays: Replays, tmp_path_factory: pytest.TempPathFactory) -> ServerReport:
    plan = ServerPlan((GOOD, ROW), ends=False, alone=(), handlers=False, rounds=1, calls=1)
    logs = tmp_path_factory.mktemp("logs")
    report = asyncio.run(run_server_part(plan, logs, replays, Parts(silence), silence))
    assert list(logs.rglob("*.replay")) == []
    return report


def test_the_miss_is_told_and_its_call_alone_is_kept(
    report: ServerReport, replays: Replays
) -> None:
    good, bad = report.rows
    assert not any(one.broken for one in good.strikes)
    [strike] = bad.strikes
    assert strike.broken == f"does not bring {NEVER_KEPT}"
    kept = [path for path in replays.kept if strike.sid in path.name]
    assert len(kept) == 1
    assert kept[0].name.startswith("misses-on-purpose-")


def test_what_was_kept_runs_again_to_the_same_outputs(
    report: ServerReport, replays: Replays, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        "misses on purpose",
        f"its own call: does not bring {NEVER_KEPT}",
    ) in report.missed
    path: Path = next(one for one in replays.kept if "misses-on-purpose" in one.name)
    assert main(["replay", str(path), "--quiet"]) == 0
    assert "SAME" in capsys.readouterr().out
