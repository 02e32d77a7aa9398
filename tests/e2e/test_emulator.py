"""The speech emulator over gRPC: the protocol kept strictly, and every fault a real one."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
import pytest

from tests.emulator.process import EmulatorProcess
from tests.support.child_process import ChildError
from tests.support.speech_client import Said, SpeechClient
from tests.support.stamped_faults import FOREVER, Fault, Kind
from tests.support.stamped_speech import batches, make_speech

pytestmark = pytest.mark.e2e

SPEECH = make_speech(1, utterances=2)
MID_WORD = SPEECH.utterances[0].words[0].start + 4

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def started(runner: asyncio.Runner) -> Iterator[EmulatorProcess]:
    emulator = EmulatorProcess()
    runner.run(emulator.start())
    yield emulator
    runner.run(emulator.stop())


@pytest.fixture
def emulator(runner: asyncio.Runner, started: EmulatorProcess) -> EmulatorProcess:
    runner.run(_as_new(started))
    return started


@pytest.fixture
def run(runner: asyncio.Runner) -> Run:
    return runner.run


async def _as_new(emulator: EmulatorProcess) -> None:
    await emulator.clear()
    await emulator.script(limits={"stream_s": 305.0, "audio_timeout_s": 10.0})
    await emulator.network(delay_s=0.0, black_hole=False)


@asynccontextmanager
async def client_of(emulator: EmulatorProcess, api: str = "v1") -> AsyncIterator[SpeechClient]:
    client = SpeechClient(emulator.host, api=api)
    try:
        yield client
    finally:
        await client.close()


async def hear(client: SpeechClient, **config: Any) -> Said:
    requests = [client.config(**config), *map(client.audio, batches(SPEECH))]
    return await client.say(requests)


def until_mid_word(client: SpeechClient) -> list[Any]:
    """The requests up to the frame `MID_WORD`.

    None after it: a write into an ended stream may cost gRPC's client what it has not read.
    """
    return [client.config(), *map(client.audio, batches(SPEECH))][: 2 + MID_WORD // 3]


async def taken_until_blocked(client: SpeechClient, call: Any) -> int:
    """Write until a write has to wait; returns the bytes of audio that were taken."""
    taken = 0
    for audio in list(batches(SPEECH)) * 10:
        try:
            await asyncio.wait_for(call.write(client.audio(audio)), 0.5)
        except TimeoutError:
            break
        taken += len(audio)
    return taken


# --- what the service does ------------------------------------------------------------


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_both_versions_hear_every_word_and_say_it_in_growing_partials(
    emulator: EmulatorProcess, run: Run, api: str
) -> None:
    async def test() -> None:
        async with client_of(emulator, api) as client:
            said = await hear(client)
        assert (said.status, said.finals) == ("OK", [one.text for one in SPEECH.utterances])
        first = SPEECH.utterances[0].text.split()
        assert said.partials[: len(first)] == [
            " ".join(first[: count + 1]) for count in range(len(first))
        ]
        assert said.events == ["BEGIN", "END"] * 2
        record = (await emulator.report()).streams[0]
        assert (record.api, record.call, record.status) == (api, 1, "OK")
        assert record.ranges == [(0, len(SPEECH.frames))]
        assert record.finals == said.finals

    run(test())


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_single_request_answers_with_the_words_in_it(
    emulator: EmulatorProcess, run: Run, api: str
) -> None:
    async def test() -> None:
        await emulator.script([Fault(request=True, stream=1, status="INTERNAL")])
        async with client_of(emulator, api) as client:
            assert await client.recognize(SPEECH.audio) == [" ".join(SPEECH.words)]
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await client.recognize(SPEECH.audio)
            assert failed.value.code() is grpc.StatusCode.INTERNAL
            assert await client.recognize(bytes([0xFF]) * 1600) == []

    run(test())


def test_half_close_brings_the_last_final(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        said_first = SPEECH.utterances[0]
        async with client_of(emulator) as client:
            audio = b"".join(SPEECH.frames[: said_first.end])
            said = await client.say([client.config(), client.audio(audio)])
        assert (said.status, said.finals) == ("OK", [said_first.text])

    run(test())


# --- what the service refuses ---------------------------------------------------------


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("language", ["he-IL", "iw-IL"])
def test_a_model_without_hebrew_is_refused_in_googles_words(
    emulator: EmulatorProcess, run: Run, api: str, language: str
) -> None:
    async def test() -> None:
        async with client_of(emulator, api) as client:
            said = await hear(client, model="phone_call", language=language)
            assert said.status == "INVALID_ARGUMENT"
            assert said.detail == (
                "Invalid recognition 'config': The phone_call model is currently not supported "
                "for language : iw-IL."
            )
            assert (await hear(client, model="default", language=language)).status == "OK"
            assert (await hear(client, model="phone_call")).status == "OK"

    run(test())


def test_models_may_be_refused_by_the_script(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        await emulator.script(refused_models=["telephony"])
        async with client_of(emulator) as client:
            assert (await hear(client, model="telephony")).status == "INVALID_ARGUMENT"

    run(test())


MALFORMED: dict[str, Callable[[SpeechClient], list[Any]]] = {
    "audio first": lambda client: [client.audio(SPEECH.audio[:160])],
    "two configurations": lambda client: [client.config(), client.config()],
    "an empty request": lambda client: [client.config(), client.request()],
    "too much audio": lambda client: [client.config(), client.audio(bytes(25 * 1024 + 1))],
    "another rate": lambda client: [client.config(sample_rate_hertz=16_000)],
    "no language": lambda client: [client.config(language="")],
}


@pytest.mark.parametrize("requests", MALFORMED.values(), ids=MALFORMED)
def test_what_breaks_the_protocol_is_an_invalid_argument(
    emulator: EmulatorProcess, run: Run, requests: Callable[[SpeechClient], list[Any]]
) -> None:
    async def test() -> None:
        async with client_of(emulator) as client:
            assert (await client.say(requests(client))).status == "INVALID_ARGUMENT"

    run(test())


def test_the_second_version_wants_the_name_of_a_recognizer(
    emulator: EmulatorProcess, run: Run
) -> None:
    async def test() -> None:
        async with client_of(emulator, "v2") as client:
            config = client.config()
            config.recognizer = "nonsense"
            assert (await client.say([config])).status == "INVALID_ARGUMENT"

    run(test())


# --- its limits -----------------------------------------------------------------------


def test_a_stream_without_audio_times_out(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        await emulator.script(limits={"audio_timeout_s": 0.2})
        async with client_of(emulator) as client:
            said = await client.say([client.config()], half_close=False)
        assert (said.status, said.detail[:19]) == ("OUT_OF_RANGE", "Audio Timeout Error")

    run(test())


def test_a_stream_ends_at_its_limit_of_audio(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        await emulator.script(limits={"stream_s": 1.0})
        async with client_of(emulator) as client:
            said = await hear(client)
        assert said.status == "OUT_OF_RANGE"
        assert said.detail == "Exceeded maximum allowed stream duration of 305 seconds."
        assert (await emulator.report()).streams[0].frames <= 53

    run(test())


def test_a_stream_ends_at_its_limit_of_time(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        await emulator.script(limits={"stream_s": 0.3})
        async with client_of(emulator) as client:
            said = await client.say([client.config(), client.audio(bytes(160))], half_close=False)
        assert (said.status, said.detail[:8]) == ("OUT_OF_RANGE", "Exceeded")

    run(test())


# --- its faults -----------------------------------------------------------------------

STATUSES = (
    *("UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED"),
    *("UNKNOWN", "OUT_OF_RANGE", "ABORTED", "UNAUTHENTICATED", "OK"),
)


@pytest.mark.parametrize("api", ["v1", "v2"])
@pytest.mark.parametrize("status", STATUSES)
def test_a_status_strikes_in_the_middle_of_a_word_and_once(
    emulator: EmulatorProcess, run: Run, status: str, api: str
) -> None:
    async def test() -> None:
        await emulator.script([Fault(status=status, call=1, at_frame=MID_WORD)])
        async with client_of(emulator, api) as client:
            said = await client.say(until_mid_word(client), half_close=False)
            assert (said.status, said.finals) == (status, [])
            assert (await hear(client)).status == "OK"
        first, second = (await emulator.report()).of_call(1)
        assert [(one.kind, one.frame) for one in first.faults] == [("status", MID_WORD)]
        assert (first.status, first.ranges) == (status, [(0, MID_WORD + 1)])
        assert (first.number, second.number, second.faults) == (0, 1, [])

    run(test())


def test_openings_are_refused_as_often_as_told(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        await emulator.script([Fault(at_open=True, times=3), Fault(status="ABORTED", call=2)])
        async with client_of(emulator) as client:
            ended = [(await hear(client)).status for _ in range(4)]
        assert ended == ["UNAVAILABLE"] * 3 + ["OK"]

    run(test())


def test_an_error_inside_a_response_comes_over_a_healthy_transport(
    emulator: EmulatorProcess, run: Run
) -> None:
    async def test() -> None:
        await emulator.script([Fault(Kind.IN_BAND, status="INTERNAL", at_frame=MID_WORD)])
        async with client_of(emulator) as client:
            said = await client.say(until_mid_word(client), half_close=False)
        assert said.status == "OK"
        assert said.responses[-1].error.code == grpc.StatusCode.INTERNAL.value[0]

    run(test())


def test_a_mute_stream_takes_everything_and_answers_nothing(
    emulator: EmulatorProcess, run: Run
) -> None:
    async def test() -> None:
        await emulator.script([Fault(Kind.MUTE, after_frames=1)], limits={"audio_timeout_s": 0.2})
        async with client_of(emulator) as client:
            call = client.stream(timeout=5)
            await call.write(client.config())
            for audio in batches(SPEECH):
                await call.write(client.audio(audio))
            await call.done_writing()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(call.read(), 0.5)
        record = (await emulator.report()).streams[0]
        assert record.ranges == [(0, len(SPEECH.frames))]
        assert (record.half_closed, record.finals, record.first_event_at) == (True, [], None)

    run(test())


def test_the_writes_to_a_slow_reader_really_back_up(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        await emulator.script([Fault(Kind.SLOW, after_frames=1)])
        async with client_of(emulator) as client:
            call = client.stream(timeout=5)
            await call.write(client.config())
            taken = await taken_until_blocked(client, call)
            assert 160 <= taken < 32_000, "4 s of audio would be no slow reader"
            call.cancel()
            assert (await hear(client)).status == "OK"

    run(test())


def test_a_delayed_stream_answers_late_and_loses_nothing(
    emulator: EmulatorProcess, run: Run
) -> None:
    async def test() -> None:
        await emulator.script([Fault(Kind.DELAY, at_open=True, seconds=0.4)])
        began_at = time.monotonic()
        async with client_of(emulator) as client:
            said = await hear(client)
        assert time.monotonic() - began_at >= 0.4
        assert said.finals == [one.text for one in SPEECH.utterances]

    run(test())


def test_a_fault_of_one_call_never_meets_another(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        await emulator.script([Fault(call=2, times=FOREVER)])
        async with client_of(emulator) as client:
            assert (await hear(client)).status == "OK"

    run(test())


# --- its network ----------------------------------------------------------------------


def test_a_reset_kills_the_connection_under_the_stream(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        await emulator.script([Fault(Kind.RESET, at_frame=MID_WORD)])
        async with client_of(emulator) as client:
            said = await client.say(until_mid_word(client), half_close=False)
            assert said.status in {"UNAVAILABLE", "INTERNAL"}
        async with client_of(emulator) as client:
            assert (await hear(client)).status == "OK"
        assert (await emulator.report()).of_call(1)[0].status == "GONE"

    run(test())


def test_every_connection_can_be_broken_at_once(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        async with client_of(emulator) as one, client_of(emulator, "v2") as other:
            calls = [client.stream(timeout=5) for client in (one, other)]
            for client, call in zip((one, other), calls, strict=True):
                await call.write(client.config())
                await call.write(client.audio(SPEECH.audio[: MID_WORD * 160]))
                await call.read()
            assert await emulator.break_connections() == 2
            for call in calls:
                assert await call.code() is not grpc.StatusCode.OK

    run(test())


def test_new_connections_can_be_held_up(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        await emulator.network(delay_s=0.4)
        began_at = time.monotonic()
        async with client_of(emulator) as client:
            assert (await hear(client)).status == "OK"
        assert time.monotonic() - began_at >= 0.4

    run(test())


@pytest.mark.parametrize("trouble", ["black_hole", "refuse"])
def test_new_connections_can_come_to_nothing(
    emulator: EmulatorProcess, run: Run, trouble: str
) -> None:
    async def test() -> None:
        await emulator.network(**{trouble: True})
        async with client_of(emulator) as client:
            call = client.stream(timeout=0.5)
            assert await call.code() in {
                grpc.StatusCode.DEADLINE_EXCEEDED,
                grpc.StatusCode.UNAVAILABLE,
            }
        await emulator.network(**{trouble: False})
        async with client_of(emulator) as client:
            assert (await hear(client)).status == "OK"

    run(test())


# --- the process ----------------------------------------------------------------------


def test_a_killed_emulator_comes_back_on_its_port_and_remembers_what_it_saw(run: Run) -> None:
    async def test() -> None:
        async with EmulatorProcess() as emulator:
            port = emulator.port
            async with client_of(emulator) as client:
                await hear(client)
            await emulator.restart()
            assert emulator.port == port
            async with client_of(emulator) as client:
                await hear(client)
            assert [one.number for one in (await emulator.report()).of_call(1)] == [0, 1]
        with pytest.raises(ChildError, match="does not run"):
            await emulator.report()

    run(test())


def test_a_wrong_order_is_answered_and_survived(emulator: EmulatorProcess, run: Run) -> None:
    async def test() -> None:
        for order in ({"do": "dance"}, {"do": "script", "faults": [{"kind": "nonsense"}]}):
            with pytest.raises(ChildError, match="emulator: "):
                await emulator.order(**order)
        assert (await emulator.report()).streams == []

    run(test())
