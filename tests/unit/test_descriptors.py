"""File descriptors: the limit is raised as far as it helps, and running out is seen."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

import server
from settings import ROOT
from telemetry import Metrics, descriptors, watch_loop
from telemetry.descriptors import DescriptorWatch, descriptor_line, raise_limit
from tests.support.context import logged
from tests.support.web import settings
from web.connection_limit import MAX_CONNECTIONS
from web.descriptors import OTHERS, descriptors_needed
from web.media_gate import SPARE_SOCKETS

pytestmark = pytest.mark.unit
WAIT_S = 5.0
USUAL_LIMIT = 1024
BEATS_OF_TWO_MINUTES = 2 * descriptors.LOOK_BEATS * descriptors.WARN_LOOKS
BETWEEN_100_AND_200 = """
import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
from telemetry.descriptors import raise_limit; print(raise_limit(300))
"""
FEW = "file descriptors: fewer than 32 of {} left: callers are turned away unheard"


@pytest.fixture(autouse=True)
def _limit_as_before() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def limit_to(soft: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_defaults_fit_what_a_process_usually_has() -> None:
    assert descriptors_needed(settings()) <= USUAL_LIMIT


def test_each_call_needs_its_socket_and_with_a_model_one_connection_more() -> None:
    fixed = MAX_CONNECTIONS + SPARE_SOCKETS + OTHERS
    assert descriptors_needed(settings(max_calls=2000)) == fixed + 2000
    assert descriptors_needed(settings(max_calls=2000, agent="openai")) == fixed + 4000


def test_a_limit_that_is_too_low_is_raised_and_a_higher_one_is_left_alone() -> None:
    limit_to(500)
    assert raise_limit(600) == 600
    assert raise_limit(550) == 600


def test_it_is_not_raised_beyond_the_machines() -> None:
    told = subprocess.run(  # noqa: S603  # our own file
        [
            sys.executable,
            "-c",
            BETWEEN_100_AND_200,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told.stdout == "200\n"


def test_the_line_says_what_to_do_only_where_there_are_too_few() -> None:
    assert descriptor_line(872, 1024) == "file descriptors: 872 needed, 1024 allowed"
    assert descriptor_line(2672, 1024).endswith("; raise the limit (ulimit -n, LimitNOFILE)")


def test_few_left_are_a_line_a_minute_and_enough_are_none() -> None:
    with logged() as lines:
        watch = DescriptorWatch()
        for _ in range(BEATS_OF_TWO_MINUTES):
            watch.on_beat(0.0)
        assert lines == []
        limit = os.dup(0) + descriptors.SPARE
        limit_to(limit)
        for _ in range(BEATS_OF_TWO_MINUTES):
            watch.on_beat(0.0)
        os.close(limit - descriptors.SPARE)
    assert lines == [FEW.format(limit)] * 2


def test_none_left_is_seen_too() -> None:
    limit = os.dup(0)
    os.close(limit)
    limit_to(limit)
    with logged() as lines:
        watch = DescriptorWatch()
        for _ in range(descriptors.LOOK_BEATS):
            watch.on_beat(0.0)
    assert lines == [FEW.format(limit)]


def test_the_pulse_of_the_loop_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    async def beats() -> None:
        looked = asyncio.Event()
        monkeypatch.setattr(DescriptorWatch, "on_beat", lambda *_: looked.set())
        metrics, at_end = Metrics(), list[Callable[[], None]]()
        watch_loop(metrics.loop_lag, metrics.loop_blockages, lambda _late_s: None, at_end.append)
        async with asyncio.timeout(WAIT_S):
            await looked.wait()
        for stop in at_end:
            stop()

    asyncio.run(beats())


def test_a_start_with_too_few_is_a_line_and_with_enough_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "raise_limit", lambda _needed: USUAL_LIMIT)
    with logged() as lines:
        server._make_room(settings())
        server._make_room(settings(max_calls=2000))
    assert lines == [descriptor_line(2672, USUAL_LIMIT)]
