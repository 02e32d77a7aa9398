"""Google's recogniser: the ladder under load, requests, connections; against a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.cloud.speech_v1.types import cloud_speech as v1
from google.cloud.speech_v2.types import cloud_speech as v2
from loguru import logger

import speech.google_probe as probing
import speech.google_recognizer as recognizing
from speech import google_service
from speech.google_options import GoogleOptions
from speech.google_recognizer import GoogleRecognizer
from speech.google_request import GoogleRequest
from speech.ports import EngineError, Recognized, RecognizeFailed, StreamEnded, StreamOpened
from tests.support.google_ear import WAIT_S, Ear
from tests.support.google_server import NO_CREDENTIALS, GoogleServer, Heard

pytestmark = pytest.mark.unit

SECOND = b"\x55" * 8000
MODELS = ("a", "b", "c")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", autouse=True)
async def _one_loop() -> AsyncIterator[None]:
    """All tests on one event loop: grpc.aio loses events of a second one."""
    yield
    await asyncio.sleep(0)  # what was closed last has its turn before the loop ends


@pytest.fixture
def lines() -> Any:
    """What is logged meanwhile."""
    logged: list[str] = []
    number = logger.add(logged.append, format="{level} {message}")
    yield logged
    logger.remove(number)


@asynccontextmanager
async def line(**options: Any) -> AsyncIterator[tuple[GoogleServer, GoogleRecognizer]]:
    async with GoogleServer() as server:
        chosen = GoogleOptions(emulator_host=server.address, models=MODELS, **options)
        recognizer = GoogleRecognizer(chosen, [])
        try:
            yield server, recognizer
        finally:
            await recognizer.aclose()


def model(recognizer: GoogleRecognizer) -> str:
    assert recognizer.rung is not None
    return recognizer.rung.model


@pytest.mark.anyio
@pytest.mark.parametrize("wanted", [True, False])
async def test_whether_partials_may_be_answered_is_a_setting(*, wanted: bool) -> None:
    async with line(early_finals=wanted) as (_, recognizer):
        assert recognizer.early_finals is wanted


# --- the ladder -----------------------------------------------------------------------


@pytest.mark.anyio
async def test_the_start_finds_what_is_accepted_and_says_so_in_one_line(lines: list[str]) -> None:
    async with line() as (server, recognizer):
        server.refused = {"a"}
        await recognizer.start()
        found = f"v1 model b at {server.address} (he-IL)"
        assert lines[-1] == f"INFO 🧭 [STT] Google {found}\n"
        assert found in recognizer.about
        assert [heard.model for heard in server.streams] == ["a", "b"]
        assert server.streams[1].pieces == [b"\xff" * 800]


@pytest.mark.anyio
async def test_20_refusals_at_once_are_one_step_down(lines: list[str]) -> None:
    async with line() as (server, recognizer):
        server.refused = {"a"}
        ears = [Ear() for _ in range(20)]
        for ear in ears:
            recognizer.open(ear).write(SECOND)
        assert {(await ear.ended()).status for ear in ears} == {"INVALID_ARGUMENT"}
        assert model(recognizer) == "b"
        assert recognizer.counters.refusals == 1
        assert len(lines) == 1
        assert "model a" in lines[0]
        assert "now v1 model b" in lines[0]
        again = Ear()
        recognizer.open(again).half_close()
        assert (await again.ended()).status == "OK"


@pytest.mark.anyio
async def test_without_a_rung_streams_and_requests_end_as_what_may_heal() -> None:
    async with line() as (server, recognizer):
        server.refused = set(MODELS)
        statuses: list[str] = []
        for _ in range(4):
            ear = Ear()
            stream = recognizer.open(ear)
            stream.write(SECOND)
            statuses.append((await ear.ended()).status)
            stream.half_close()
            stream.cancel()
        assert statuses == ["INVALID_ARGUMENT"] * 2 + ["UNAVAILABLE"] * 2
        assert len(server.streams) == 3
        request = Ear()
        recognizer.recognize(SECOND, request)
        assert (await request.answer()).status == "UNAVAILABLE"
        assert "every model was refused" in recognizer.about


@pytest.mark.anyio
async def test_when_every_rung_was_refused_all_are_tried_again_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(google_service, "RESTORE_FIRST_S", 0.01)
    async with line() as (server, recognizer), asyncio.timeout(5):
        server.refused = set(MODELS)
        for _ in MODELS:
            ear = Ear()
            recognizer.open(ear).write(SECOND)
            await ear.ended()
        server.refused = set()
        while recognizer.rung is None:  # noqa: ASYNC110  # a timer of the engine, shown nowhere
            await asyncio.sleep(0)
        again = Ear()
        recognizer.open(again).half_close()
        assert (await again.ended()).status == "OK"


@pytest.mark.anyio
async def test_a_start_that_is_refused_for_good_is_one_line() -> None:
    async def forbid(heard: Heard) -> None:
        await heard.requests.abort(grpc.StatusCode.PERMISSION_DENIED, "no billing\nsee page")

    async with line() as (server, recognizer):
        server.on_stream = forbid
        with pytest.raises(EngineError, match="credentials refused: PERMISSION_DENIED: no billing"):
            await recognizer.start()
        server.refused = set(MODELS)
        with pytest.raises(EngineError, match="was refused; the last answer: INVALID_ARGUMENT"):
            await recognizer.start()


@pytest.mark.anyio
async def test_without_a_network_it_starts_all_the_same_and_warns(
    monkeypatch: pytest.MonkeyPatch, lines: list[str]
) -> None:
    monkeypatch.setattr(probing, "PROBE_TIMEOUT_S", 0.1)
    async with line() as (server, recognizer):
        await server.stop()
        await recognizer.start()
        assert lines[-1].startswith("WARNING 🧭 [STT] Google could not be tried (DEADLINE_EXCEEDED")
        assert model(recognizer) == "a"
        ear = Ear()
        recognizer.open(ear)
        await server.start()
        await ear.opened()


# --- requests -------------------------------------------------------------------------


async def two_results(request: Any, _context: Any) -> Any:
    version = v1 if isinstance(request, v1.RecognizeRequest) else v2
    results = [
        version.SpeechRecognitionResult(
            alternatives=[version.SpeechRecognitionAlternative(transcript=text)]
        )
        for text in ("shalom", " olam ", "")
    ]
    return version.RecognizeResponse(results=results)


@pytest.mark.anyio
async def test_a_request_is_answered_with_all_its_text() -> None:
    async with line() as (server, recognizer):
        server.on_single = two_results
        ear = Ear()
        recognizer.recognize(SECOND, ear)
        assert await ear.answer() == Recognized("shalom olam")


@pytest.mark.anyio
async def test_a_refused_request_is_asked_again_one_rung_down() -> None:
    async with line() as (server, recognizer):
        server.on_single = two_results
        server.refused = {"a", "b"}
        ear = Ear()
        recognizer.recognize(SECOND, ear)
        assert await ear.answer() == Recognized("shalom olam")
        assert model(recognizer) == "c"


@pytest.mark.anyio
async def test_a_failed_request_tells_the_status() -> None:
    async def fail(_request: Any, context: Any) -> Any:
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "quota")

    async with line() as (server, recognizer):
        server.on_single = fail
        ear = Ear()
        recognizer.recognize(SECOND, ear)
        assert await ear.answer() == RecognizeFailed("RESOURCE_EXHAUSTED", "quota")
        assert recognizer.counters.failed_requests == 1


@pytest.mark.anyio
async def test_a_request_without_an_answer_has_its_time_and_a_cancelled_one_is_silent() -> None:
    forever = asyncio.Event()

    async def wait(_request: Any, _context: Any) -> Any:
        await forever.wait()

    async with line() as (server, recognizer):
        server.on_single = wait
        cancelled, ear = Ear(), Ear()
        recognizer.recognize(SECOND, cancelled).cancel()
        GoogleRequest(recognizer._service, SECOND, ear, timeout_s=0.05)
        assert (await ear.answer()).status == "DEADLINE_EXCEEDED"
        assert cancelled.events == []
        forever.set()


@pytest.mark.anyio
async def test_v2_answers_requests_too() -> None:
    async with line(api="v2") as (server, recognizer):
        asked: list[Any] = []

        async def hear(request: Any, _context: Any) -> Any:
            asked.append(request)
            return await two_results(request, None)

        server.on_single = hear
        ear = Ear()
        recognizer.recognize(SECOND, ear)
        answer = await ear.answer()
        assert answer == Recognized("shalom olam")
        assert asked[0].content == SECOND
        assert asked[0].recognizer == "projects/emulator/locations/global/recognizers/_"


# --- connections ----------------------------------------------------------------------


@pytest.mark.anyio
async def test_streams_are_spread_over_the_channels() -> None:
    async with line(channels=2) as (server, recognizer):
        ears = [Ear() for _ in range(4)]
        for ear in ears:
            recognizer.open(ear)
        for ear in ears:
            await ear.opened()
        pool = recognizer._service.pool(server_rung(recognizer))
        assert [channel.load for channel in pool._channels] == [2, 2]
        await server.until(lambda: len(server.streams) == 4)
        assert len({heard.peer for heard in server.streams}) == 2


def server_rung(recognizer: GoogleRecognizer) -> Any:
    assert recognizer.rung is not None
    return recognizer.rung


@pytest.mark.anyio
async def test_a_lost_connection_is_made_again_before_a_call_needs_it() -> None:
    async with line(channels=1) as (server, recognizer):
        await recognizer.start()
        channel = recognizer._service.pool(server_rung(recognizer))._channels[0]
        ready = grpc.ChannelConnectivity.READY
        async with asyncio.timeout(WAIT_S):
            await channel.channel.channel_ready()
            await server.stop()
            await channel.channel.wait_for_state_change(ready)
            await server.start()
            while (state := channel.channel.get_state()) is not ready:
                await channel.channel.wait_for_state_change(state)
        assert channel.load == 0


@pytest.mark.anyio
async def test_a_connection_on_which_nothing_comes_back_is_replaced_once() -> None:
    forever = asyncio.Event()

    async def mute(heard: Heard) -> None:
        await heard.more()
        await forever.wait()

    async with line(channels=1) as (server, recognizer):
        server.on_stream = mute
        ears = [Ear(), Ear()]
        streams = [recognizer.open(ear) for ear in ears]
        for ear, stream in zip(ears, streams, strict=True):
            await ear.opened()
            stream.write(SECOND)
        await server.until(lambda: sum(bool(heard.pieces) for heard in server.streams) == 2)
        for stream in streams:
            stream.cancel()
            await stream.wait_closed()
        assert recognizer.counters.replaced_channels == 1
        stream = recognizer.open(Ear())
        stream.write(SECOND)
        await server.until(lambda: len(server.streams) == 3 and bool(server.streams[2].pieces))
        stream.cancel()
        assert recognizer.counters.replaced_channels == 1
        forever.set()
        peers = [heard.peer for heard in server.streams]
        assert peers[0] == peers[1] != peers[2]


@pytest.mark.anyio
async def test_a_connection_that_answers_others_is_kept() -> None:
    async def chatty(heard: Heard) -> None:
        await heard.more()
        await heard.say(("a", {"stability": 0.5}))
        await heard.everything()

    async with line(channels=1) as (server, recognizer):
        mute, other = Ear(), Ear()
        stream = recognizer.open(mute)
        await mute.opened()
        stream.write(SECOND)
        server.on_stream = chatty
        recognizer.open(other).write(SECOND)
        await other.until(lambda event: not isinstance(event, StreamOpened))
        stream.cancel()
        assert recognizer.counters.replaced_channels == 0


# --- making one -----------------------------------------------------------------------


def test_v2_without_a_project_is_one_line() -> None:
    with pytest.raises(EngineError, match="set GOOGLE_CLOUD_PROJECT"):
        GoogleRecognizer(GoogleOptions(api="v2"), [], NO_CREDENTIALS)


def test_without_credentials_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognizing, "find_credentials", lambda _host: None)
    with pytest.raises(EngineError, match="no Google credentials were found; set GOOGLE_APP"):
        GoogleRecognizer(GoogleOptions(), [])


@pytest.mark.anyio
async def test_counts_are_plain_numbers() -> None:
    async with line() as (_server, recognizer):
        ear = Ear()
        recognizer.open(ear).half_close()
        assert await ear.ended() == StreamEnded("OK")
        counts = recognizer.counts()
        assert (counts["opened"], counts["ended"], counts["requests"]) == (1, 1, 0)
        assert all(isinstance(count, int) for count in counts.values())
