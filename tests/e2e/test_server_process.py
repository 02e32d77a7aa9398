"""The server as a process: it listens, drains on SIGTERM, and says so when it cannot."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from websockets.frames import Frame, Opcode

from phone.call import Call, CallOptions
from settings import ROOT
from tests.support.web import started
from web.serving import STOP_WITHIN_S

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
    return told(process, r"listening on (http://\S+)")[1]


def told(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """Wait for a line of the server's."""
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(pattern, line)
        if found:
            return found
    raise AssertionError(f"the server ended before it said {pattern}")


@contextmanager
def upgraded(url: str) -> Iterator[socket.socket]:
    """Open a media socket, and read nothing from it any more."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    with socket.socket() as sock:
        sock.settimeout(WAIT_S)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((host, int(port)))
        sock.sendall(
            f"GET /ws/twilio-media HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += sock.recv(1)
        assert b" 101 " in answer
        yield sock


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


def test_callers_who_read_nothing_do_not_hold_it_up_for_longer_than_promised() -> None:
    with server(PORT="0", DRAIN_S="0") as process:
        url = address(process)
        with upgraded(url) as caller, upgraded(url):  # the second one never says `start`
            caller.sendall(Frame(Opcode.TEXT, started("CA1")).serialize(mask=True))
            told(process, r"\[CALL\] begins")
            began_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(WAIT_S) == 0
            assert time.monotonic() - began_at < STOP_WITHIN_S
        assert process.stderr is not None
        rest = process.stderr.read()
        assert "draining: 1 calls cut off" in rest
        assert "Traceback" not in rest


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
            line = f"{where}: Address already in use; expected a free address\n"
            assert process.stderr.read() == line
