"""The server as a process: it listens, drains on SIGTERM, and says so when it cannot."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from phone.call import Call, CallOptions
from settings import ROOT

pytestmark = pytest.mark.e2e
WAIT_S = 30


@contextmanager
def server(**environ: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603  # our own file
        [sys.executable, str(ROOT / "server.py")],
        env=os.environ | {"STT_ENGINE": "instant", "TTS_ENGINE": "tone"} | environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(WAIT_S)
        assert process.stderr is not None
        process.stderr.close()


def address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"listening on (http://\S+)", line)
        if found:
            return found.group(1)
    raise AssertionError("the server ended before it listened")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_ends_well_on_a_signal(number: signal.Signals) -> None:
    with server(PORT="0") as process:
        url = address(process)
        with urllib.request.urlopen(f"{url}/healthz", timeout=WAIT_S) as answer:  # noqa: S310
            assert answer.status == 200
        process.send_signal(number)
        assert process.wait(WAIT_S) == 0


def test_a_signal_lets_the_calls_say_goodbye_and_a_second_one_does_not() -> None:
    async def calls(url: str, process: subprocess.Popen[str], *, signals: int) -> list[str]:
        placed = [Call(CallOptions(url=url)) for _ in range(3)]
        await asyncio.gather(*(call.place() for call in placed))
        await asyncio.gather(*(call.line.wait_for_speech() for call in placed))
        for _ in range(signals):
            process.send_signal(signal.SIGTERM)
            await until_draining(url)
        await asyncio.gather(*(call.line.wait_for_end(WAIT_S) for call in placed))
        await asyncio.gather(*(call.finish() for call in placed))
        return [call.outcome for call in placed]

    with server(PORT="0", DRAIN_S="0") as process:
        assert asyncio.run(calls(address(process), process, signals=1)) == ["hang up"] * 3
        assert process.wait(WAIT_S) == 0
    with server(PORT="0", DRAIN_S="600") as process:
        asyncio.run(calls(address(process), process, signals=2))
        assert process.wait(WAIT_S) == 1


async def until_draining(url: str) -> None:
    """Ask until the signal has arrived, or nobody is there any more."""
    async with asyncio.timeout(WAIT_S), httpx.AsyncClient(verify=False) as http:  # noqa: S501
        with contextlib.suppress(httpx.TransportError):
            while (await http.get(f"{url}/readyz")).json()["reason"] != "draining":
                pass


def test_a_taken_port_is_one_line_and_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with server(PORT=port) as process:
            assert process.wait(WAIT_S) == 2
            assert process.stderr is not None
            where = f"server: HOST=127.0.0.1 PORT={port}"
            told = f"{where}: Address already in use; expected a free address\n"
            assert process.stderr.read() == told
