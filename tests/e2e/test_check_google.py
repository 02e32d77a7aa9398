"""`make check-google` against real gRPC servers on loopback: a Hebrew phrase spoken and heard."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.google_server import GoogleServer, Heard
from tests.support.google_tts_server import SpeakingServicer, serving

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
WAIT_S = 60.0


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", autouse=True)
async def _one_loop() -> AsyncIterator[None]:
    """All tests on one event loop: grpc.aio loses events of a second one."""
    yield
    await asyncio.sleep(0)


async def _check(stt: str, tts: str) -> tuple[int | None, str]:
    environment = os.environ | {
        "DIALOGUE": "dialogues/hebrew.toml",
        "SPEECH_EMULATOR_HOST": stt,
        "TTS_EMULATOR_HOST": tts,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.check_google"),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WAIT_S):
        out, err = await process.communicate()
    return process.returncode, (out + err).decode()


async def _understand(heard: Heard) -> None:
    await heard.everything()
    await heard.say(("שלום", {"is_final": True}))


@pytest.mark.anyio
async def test_what_was_spoken_and_heard_is_shown() -> None:
    async with GoogleServer() as server, serving(SpeakingServicer()) as tts:
        server.on_stream = _understand
        code, text = await _check(server.address, tts)
        assert code == 0, text
        assert "final    שלום" in text
        assert "s of speech, first audio after" in text
        assert {heard.language for heard in server.streams} == {"he-IL"}
        said_ms = sum(map(len, server.streams[-1].pieces)) // 8
        assert said_ms > 1500


@pytest.mark.anyio
async def test_nothing_heard_is_a_failure() -> None:
    async with GoogleServer() as server, serving(SpeakingServicer()) as tts:
        code, text = await _check(server.address, tts)
        assert code == 1, text


@pytest.mark.anyio
async def test_a_refusal_is_one_line() -> None:
    async with GoogleServer() as server, serving(SpeakingServicer(voices=[])) as tts:
        code, text = await _check(server.address, tts)
        assert code == 2
        assert text.splitlines()[-1].startswith("check_google: text to speech: no voice")
        assert "Traceback" not in text
