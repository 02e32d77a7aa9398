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
from pathlib import Path

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
def server(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603  # our own file
        [sys.executable, *(arguments or ["server.py"])],
        cwd=ROOT,
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


LATE = """
import asyncio, os, signal, sys
sys.argv = ["server.py"]
import server
MOMENT = os.environ["MOMENT"]

class Slow:
    async def start(self):
        await self.wait("start")

    async def aclose(self):
        await self.wait("close")

    async def wait(self, moment):
        if moment == MOMENT:
            print(f"engines: {moment}", file=sys.stderr, flush=True)
            await asyncio.sleep(60)
        elif moment == "close":
            print("engines: closed", file=sys.stderr, flush=True)

async def start_engines(_house, stack):
    stack.push_async_callback(server._close, [slow := Slow()])
    await slow.start()

server._start_engines = start_engines
server.ENGINES_CLOSE_S = 60
sys.exit(server.main())
"""
"""The server with an engine that takes its time at one moment."""


def test_a_signal_while_the_engines_start_closes_them_and_ends_with_1() -> None:
    with server("-c", LATE, PORT="0", MOMENT="start") as process:
        told(process, "engines: start")
        process.send_signal(signal.SIGTERM)
        told(process, "engines: closed")
        assert process.wait(WAIT_S) == 1
        assert rest_of(process) == ""


def test_a_second_signal_while_the_engines_close_ends_with_1() -> None:
    with server("-c", LATE, PORT="0", MOMENT="close") as process:
        address(process)
        process.send_signal(signal.SIGTERM)
        told(process, "engines: close")
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 1
        assert rest_of(process) == ""


def rest_of(process: subprocess.Popen[str]) -> str:
    """Read what the server said that nobody has read yet."""
    assert process.stderr is not None
    return process.stderr.read()


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
        rest = rest_of(process)
        assert "draining: 1 calls cut off" in rest
        assert "Traceback" not in rest


async def until_draining(url: str) -> None:
    """Ask until the signal has arrived, or nobody is there any more."""
    async with asyncio.timeout(WAIT_S), httpx.AsyncClient(verify=False) as http:  # noqa: S501
        with contextlib.suppress(httpx.TransportError):
            while (await http.get(f"{url}/readyz")).json()["reason"] != "draining":
                pass


LEAKS = """
import asyncio, gc, threading, warnings
TEXT = "my name is Dana"
class Last:
    def __del__(self):
        raise ValueError(TEXT)
async def fail():
    raise ValueError(TEXT)
async def agent(event):
    asyncio.create_task(fail())
    asyncio.get_running_loop().call_soon(int, TEXT)
    asyncio.get_running_loop().call_exception_handler({"message": TEXT})
    threading.Thread(target=int, args=(TEXT,)).start()
    warnings.warn(TEXT)
    Last()
    await asyncio.sleep(0)
    gc.collect()
    raise ValueError(TEXT)
def make(call):
    return agent
"""


def test_however_an_agent_fails_what_was_said_is_not_in_the_log(tmp_path: Path) -> None:
    async def one_call(url: str) -> None:
        call = Call(CallOptions(url=url))
        await call.place()
        await call.line.wait_for_speech()
        await call.finish()

    (tmp_path / "leaks.py").write_text(LEAKS)
    with server(PORT="0", AGENT="leaks:make", PYTHONPATH=str(tmp_path)) as process:
        asyncio.run(one_call(address(process)))
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0
        assert process.stderr is not None
        rest = process.stderr.read()
    assert "Dana" not in rest
    for path in ("Task exception", "Exception in callback", "loop reports", "Uncaught in a thread"):
        assert path in rest
    assert "Uncaught where nobody can catch: ValueError at " in rest
    assert "UserWarning at " in rest
    assert "Traceback" not in rest


def test_a_taken_port_is_one_line_and_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with server(PORT=port) as process:
            assert process.wait(WAIT_S) == 2
            assert process.stderr is not None
            where = f"server: HOST=127.0.0.1 PORT={port}"
            line = f"{where}: Address already in use; expected a free address\n"
            assert process.stderr.read() == line
