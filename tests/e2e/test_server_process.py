"""The server as a process: it listens, drains on SIGTERM, and says so when it cannot."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

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


def test_a_taken_port_is_one_line_and_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with server(PORT=port) as process:
            assert process.wait(WAIT_S) == 2
            assert process.stderr is not None
            where = f"server: HOST=127.0.0.1 PORT={port}"
            told = f"{where}: Address already in use; expected a free address\n"
            assert process.stderr.read() == told
