"""One stream to Google's recogniser, against a real gRPC server on loopback."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Literal

import grpc
import pytest

import speech.google_stream as streaming
from speech.google_options import GoogleOptions
from speech.google_recognizer import GoogleRecognizer
from speech.google_stream import GoogleStream
from speech.ports import (
    STREAM_WAITING_MAX_S,
    Final,
    Partial,
    Recognized,
    RecognizeFailed,
    SpeechActivity,
    StreamEnded,
    StreamOpened,
)
from tests.support.google_ear import Ear
from tests.support.google_server import GoogleServer, Heard

pytestmark = pytest.mark.unit

FRAME = b"\x55" * 160
Api = Literal["v1", "v2"]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", autouse=True)
async def _one_loop() -> AsyncIterator[None]:
    """All tests on one event loop: grpc.aio loses events of a second one."""
    yield
    await asyncio.sleep(0)  # what was closed last has its turn before the loop ends


def ours() -> list[str]:
    """Name the engine's tasks that run."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith(("Google", "PooledChannel"))]


Line = Callable[..., AbstractAsyncContextManager[tuple[GoogleServer, GoogleRecognizer]]]


@asynccontextmanager
async def line(
    api: Api = "v1", *, slow: bool = False
) -> AsyncIterator[tuple[GoogleServer, GoogleRecognizer]]:
    async with GoogleServer(slow=slow) as server:
        options = GoogleOptions(api=api, emulator_host=server.address, hints=("shalom",))
        recognizer = GoogleRecognizer(options, ["what are your hours"])
        try:
            yield server, recognizer
        finally:
            await recognizer.aclose()


def time_field(api: Api, ms: int) -> dict[str, Any]:
    name = "result_end_time" if api == "v1" else "result_end_offset"
    return {name: {"seconds": ms // 1000, "nanos": ms % 1000 * 1_000_000}}


@pytest.mark.anyio
@pytest.mark.parametrize("api", ["v1", "v2"])
async def test_what_google_says_becomes_events_in_order(api: Api) -> None:
    async def talk(heard: Heard) -> None:
        await heard.say(speech_event_type=2)
        await heard.say(
            ("shalom", {"stability": 0.9, **time_field(api, 900)}),
            (" olam", {"stability": 0.01, **time_field(api, 1240)}),
        )
        await heard.say(speech_event_type=1)
        await heard.say(speech_event_type=3)
        await heard.everything()
        await heard.say(
            (" shalom olam", {"is_final": True, "confidence": 0.8, **time_field(api, 1300)}),
            (" ma", {"stability": 0.2, **time_field(api, 1500)}),
        )

    async with line(api) as (server, recognizer):
        server.on_stream = talk
        ear = Ear()
        stream = recognizer.open(ear)
        await ear.until(lambda event: event == SpeechActivity(began=False))
        stream.half_close()
        await ear.ended()
        await stream.wait_closed()
        assert ear.events == [
            StreamOpened(),
            SpeechActivity(began=True),
            Partial("shalom olam", 0.9, 1240.0),
            SpeechActivity(began=False),
            Final("shalom olam", 1300.0),
            Partial("ma", 0.2, 1500.0),
            StreamEnded("OK"),
        ]
        assert recognizer.counters.other_events == 1
        assert recognizer.open_streams == 0


@pytest.mark.anyio
async def test_a_final_without_time_is_still_a_final() -> None:
    async def talk(heard: Heard) -> None:
        await heard.say(("", {"stability": 0.5}))
        await heard.say(("a", {"stability": 0.5, **time_field("v1", 700)}))
        await heard.say(("a", {"is_final": True}))
        await heard.everything()

    async with line() as (server, recognizer):
        server.on_stream = talk
        ear = Ear()
        recognizer.open(ear).half_close()
        await ear.ended()
        assert ear.events[1:-1] == [Partial("a", 0.5, 700.0), Final("a", 700.0)]


@pytest.mark.anyio
async def test_v1_asks_for_what_the_settings_say() -> None:
    async with line() as (server, recognizer):
        ear = Ear()
        recognizer.open(ear).half_close()
        await ear.ended()
        sent = server.streams[0].config.streaming_config
        assert (sent.interim_results, sent.enable_voice_activity_events) == (True, True)
        config = sent.config
        assert config.encoding.name == "MULAW"
        assert (config.sample_rate_hertz, config.language_code) == (8000, "he-IL")
        assert (config.model, config.use_enhanced) == ("phone_call", True)
        assert (config.enable_automatic_punctuation, config.profanity_filter) == (True, False)
        assert list(config.speech_contexts[0].phrases) == ["what are your hours", "shalom"]
        assert config.speech_contexts[0].boost == 10


@pytest.mark.anyio
async def test_v2_names_its_recognizer_in_path_and_header() -> None:
    async with line("v2") as (server, recognizer):
        ear = Ear()
        recognizer.open(ear).half_close()
        await ear.ended()
        sent = server.streams[0].config
        path = "projects/emulator/locations/global/recognizers/_"
        assert sent.recognizer == path
        header = server.streams[0].metadata["x-goog-request-params"]
        assert header == f"recognizer={path.replace('/', '%2F')}"
        features = sent.streaming_config.streaming_features
        assert (features.interim_results, features.enable_voice_activity_events) == (True, True)
        config = sent.streaming_config.config
        decoding = config.explicit_decoding_config
        assert (decoding.encoding.name, decoding.sample_rate_hertz) == ("MULAW", 8000)
        assert (config.model, list(config.language_codes)) == ("chirp_3", ["iw-IL"])
        inline = config.adaptation.phrase_sets[0].inline_phrase_set
        assert [p.value for p in inline.phrases] == ["what are your hours", "shalom"]


@pytest.mark.anyio
@pytest.mark.parametrize("api", ["v1", "v2"])
async def test_all_audio_arrives_in_order_and_no_request_is_too_long(api: Api) -> None:
    async with line(api) as (server, recognizer):
        ear = Ear()
        stream = recognizer.open(ear)
        whole = bytes(range(250)) * 200
        stream.write(whole[:160])
        stream.write(whole[160:40_000])
        await ear.opened()
        stream.write(whole[40_000:])
        stream.half_close()
        stream.write(FRAME)
        assert (await ear.ended()).status == "OK"
        pieces = server.streams[0].pieces
        assert b"".join(pieces) == whole
        assert max(map(len, pieces)) == 12_800
        assert recognizer.counters.late_writes == 1


@pytest.mark.anyio
async def test_an_error_within_a_response_ends_the_stream() -> None:
    async def talk(heard: Heard) -> None:
        await heard.say(error={"code": 8, "message": "too\n much"})
        await heard.everything()

    async with line() as (server, recognizer):
        server.on_stream = talk
        ear = Ear()
        recognizer.open(ear)
        assert await ear.ended() == StreamEnded("RESOURCE_EXHAUSTED", "too much")


@pytest.mark.anyio
async def test_after_a_cancel_the_sink_hears_nothing() -> None:
    said, go_on = asyncio.Event(), asyncio.Event()

    async def talk(heard: Heard) -> None:
        await go_on.wait()
        await heard.say(("late", {"stability": 0.5}))
        said.set()

    async with line() as (server, recognizer):
        server.on_stream = talk
        ear = Ear()
        stream = recognizer.open(ear)
        await ear.opened()
        other = Ear()
        recognizer.open(other)
        await other.opened()
        stream.cancel()
        stream.cancel()
        stream.write(FRAME)
        stream.half_close()
        go_on.set()
        await other.until(lambda event: isinstance(event, Partial))
        await other.ended()
        await stream.wait_closed()
        assert ear.events == [StreamOpened()]
        assert recognizer.counters.cancelled == 1


@pytest.mark.anyio
async def test_a_stream_cancelled_at_once_leaves_nothing_behind() -> None:
    async with line() as (_server, recognizer):
        ear = Ear()
        stream = recognizer.open(ear)
        stream.cancel()
        await stream.wait_closed()
        assert ear.events == []
        assert recognizer.open_streams == 0


@pytest.mark.anyio
async def test_a_far_side_that_stops_reading_ends_the_stream_at_a_bound_of_audio() -> None:
    forever = asyncio.Event()

    async def talk(_heard: Heard) -> None:
        await forever.wait()

    async with line(slow=True) as (server, recognizer):
        server.on_stream = talk
        ear = Ear()
        stream = recognizer.open(ear)
        await ear.opened()
        written_s = 0
        while not recognizer.counters.overflows and written_s < 300:
            stream.write(FRAME * 50)
            written_s += 1
            await asyncio.sleep(0)
        ended = await ear.ended()
        assert ended.status == "UNAVAILABLE"
        assert "s of audio wait" in ended.detail
        assert (
            STREAM_WAITING_MAX_S < written_s < 2 * STREAM_WAITING_MAX_S
        )  # the ring's worth, and what lies in gRPC's own buffers
        forever.set()


@pytest.mark.anyio
async def test_a_far_side_that_reads_may_be_given_any_amount() -> None:
    async with line() as (server, recognizer):
        ear = Ear()
        stream = recognizer.open(ear)
        await ear.opened()
        await server.until(lambda: len(server.streams) == 1)
        pieces = server.streams[0].pieces
        for _ in range(40):
            written = len(pieces) + 1
            stream.write(FRAME * 50)
            await server.until(lambda written=written: len(pieces) == written)  # type: ignore[misc]
        stream.half_close()
        assert (await ear.ended()).status == "OK"


@pytest.mark.anyio
async def test_more_than_the_bound_before_the_opening_ends_the_stream_too() -> None:
    async with line() as (_server, recognizer):
        ear = Ear()
        stream = recognizer.open(ear)
        stream.write(FRAME * 50 * STREAM_WAITING_MAX_S)
        assert ear.events == []
        stream.write(FRAME)
        assert [event.status for event in ear.events] == ["UNAVAILABLE"]


@pytest.mark.anyio
async def test_the_last_finals_have_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "LAST_FINALS_TIMEOUT_S", 0.05)
    forever = asyncio.Event()

    async def talk(heard: Heard) -> None:
        await heard.everything()
        await forever.wait()

    async with line() as (server, recognizer):
        server.on_stream = talk
        ear = Ear()
        recognizer.open(ear).half_close()
        assert (await ear.ended()).status == "DEADLINE_EXCEEDED"
        forever.set()


@pytest.mark.anyio
@pytest.mark.parametrize("after", [0, 1, 2])
async def test_the_reason_of_an_end_survives_a_burst_of_audio(after: int) -> None:
    """The public `write` of grpc.aio turns it into INTERNAL: see speech/google_send.py."""

    async def talk(heard: Heard) -> None:
        for _ in range(after):
            await heard.more()
        await heard.requests.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")

    async with line() as (server, recognizer):
        server.on_stream = talk
        ears = [Ear() for _ in range(20)]
        for ear in ears:
            stream = recognizer.open(ear)
            for _ in range(300):
                stream.write(FRAME)
        statuses = {(await ear.ended()).status for ear in ears}
        assert statuses == {"RESOURCE_EXHAUSTED"}


@pytest.mark.anyio
@pytest.mark.parametrize("cancelled", [True, False])
async def test_a_stream_that_is_over_is_freed_without_a_collection(*, cancelled: bool) -> None:
    async with line() as (_server, recognizer):
        ear = Ear()
        stream = recognizer.open(ear)
        await ear.opened()
        stream.write(FRAME)
        if cancelled:
            stream.cancel()
        else:
            stream.half_close()
            await ear.ended()
        gc.collect()
        gc.disable()
        try:
            await stream.wait_closed()
            del stream
            for _ in range(10):  # turns of the loop in which the tasks are let go
                await asyncio.sleep(0)
            alive = [one for one in gc.get_objects() if isinstance(one, GoogleStream)]
            assert alive == []
        finally:
            gc.enable()


@pytest.mark.anyio
async def test_closing_the_engine_ends_its_streams() -> None:
    async with line() as (_server, recognizer):
        ears = [Ear() for _ in range(3)]
        for ear in ears:
            recognizer.open(ear)
        await ears[0].opened()
        await recognizer.aclose()
        await recognizer.aclose()
        assert [ear.events[-1].status for ear in ears] == ["CANCELLED"] * 3
        assert ours() == []


@pytest.mark.anyio
async def test_closing_the_engine_answers_its_requests_and_nothing_is_begun_any_more() -> None:
    async with line() as (_server, recognizer):
        answers: list[Recognized | RecognizeFailed] = []
        recognizer.recognize(FRAME * 50, answers.append)
        await recognizer.aclose()
        recognizer.recognize(FRAME * 50, answers.append).cancel()
        ear = Ear()
        recognizer.open(ear).cancel()
        assert answers == [RecognizeFailed("CANCELLED", "the engine was closed")] * 2
        assert [event.status for event in ear.events] == ["CANCELLED"]
        assert ours() == []
        assert recognizer.open_streams == 0


@pytest.mark.anyio
async def test_a_stream_waits_for_a_lost_connection_to_come_back() -> None:
    async with line() as (server, recognizer):
        first = Ear()
        recognizer.open(first)
        await first.opened()
        await server.stop()
        assert (await first.ended()).status == "UNAVAILABLE"
        second = Ear()
        recognizer.open(second)
        await server.start()
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        await second.opened()
        assert loop.time() - began_at < 0.5
