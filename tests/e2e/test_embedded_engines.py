"""The embedded engines with their real worker processes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from media.frame import SILENCE_BYTE
from recordings.make import FOLDER, RECORDINGS
from speech.espeak import EspeakSynthesizer
from speech.pocketsphinx import PocketsphinxRecognizer
from speech.pocketsphinx_stream import PocketsphinxStream
from speech.ports import (
    AudioChunk,
    EngineError,
    Final,
    Partial,
    Recognized,
    RecognizeFailed,
    RecognizerEvent,
    StreamEnded,
    StreamOpened,
    SynthesisDone,
    SynthesisEvent,
    SynthesisFailed,
)

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]

WAIT_S = 15.0
QUIET = bytes([SILENCE_BYTE]) * 4000
POISON = bytes([0x00, 0x80, 0x01, 0x81]) * 40
UNKNOWN = "not_understood.wav"
TEXTS = {r.file: "" if r.file == UNKNOWN else r.text for r in RECORDINGS}
PHRASES = [
    *(text for text in TEXTS.values() if text),
    "when are you open",
    "i need to see a doctor",
]


on_both_loops = pytest.mark.parametrize(
    "anyio_backend",
    [("asyncio", {"use_uvloop": False}), ("asyncio", {"use_uvloop": True})],
    ids=["asyncio", "uvloop"],
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Ear:
    """A sink that can be waited for."""

    def __init__(self) -> None:
        self.events: list[RecognizerEvent] = []
        self._changed = asyncio.Event()

    def __call__(self, event: RecognizerEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, happened: Callable[["Ear"], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not happened(self):
                self._changed.clear()
                await self._changed.wait()

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Final)]

    @property
    def ended(self) -> bool:
        return any(isinstance(event, StreamEnded) for event in self.events)


class Listener:
    """A synthesis sink that can be waited for."""

    def __init__(self) -> None:
        self.events: list[SynthesisEvent] = []
        self.over = asyncio.Event()

    def __call__(self, event: SynthesisEvent) -> None:
        self.events.append(event)
        if not isinstance(event, AudioChunk):
            self.over.set()

    async def wait(self) -> SynthesisEvent:
        async with asyncio.timeout(WAIT_S):
            await self.over.wait()
        return self.events[-1]

    @property
    def audio(self) -> bytes:
        return b"".join(event.audio for event in self.events if isinstance(event, AudioChunk))


def recording(file: str) -> bytes:
    data = (FOLDER / file).read_bytes()
    return QUIET + data[data.index(b"data") + 8 :] + QUIET


def write(stream: PocketsphinxStream, audio: bytes) -> None:
    for start in range(0, len(audio), 480):
        stream.write(audio[start : start + 480])


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@asynccontextmanager
async def recognizer(
    workers: int = 1, fault_marker: bytes = b""
) -> AsyncIterator[PocketsphinxRecognizer]:
    engine = PocketsphinxRecognizer(PHRASES, workers=workers, fault_marker=fault_marker)
    await engine.start()
    pids = engine.workers
    try:
        yield engine
    finally:
        pids += engine.workers
        await engine.aclose()
        await engine.aclose()
        assert not any(alive(pid) for pid in pids)


@asynccontextmanager
async def synthesizer(fault_marker: bytes = b"") -> AsyncIterator[EspeakSynthesizer]:
    engine = EspeakSynthesizer(fault_marker=fault_marker)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.aclose()


async def hear_all(engine: PocketsphinxRecognizer, files: list[str]) -> Ear:
    ear = Ear()
    stream = engine.open(ear)
    for file in files:
        write(stream, recording(file))
    stream.half_close()
    await ear.until(lambda ear: ear.ended)
    return ear


@on_both_loops
async def test_every_committed_recording_is_heard_rightly() -> None:
    async with recognizer() as engine:
        ear = await hear_all(engine, list(TEXTS))
    assert ear.texts == list(TEXTS.values())
    assert ear.events[0] == StreamOpened()
    assert ear.events[-1] == StreamEnded("OK")
    assert any(isinstance(event, Partial) for event in ear.events)
    ends = [event.end_ms for event in ear.events if isinstance(event, Final)]
    assert ends == sorted(ends)
    total_ms = sum(len(recording(file)) for file in TEXTS) / 8
    assert total_ms - 1000 < ends[-1] < total_ms - 400


async def test_ten_streams_at_once_do_not_mix() -> None:
    files = list(TEXTS)
    turned = [[files[n % len(files)]] for n in range(10)]
    async with recognizer(workers=2) as engine:
        ears = await asyncio.gather(*(hear_all(engine, order) for order in turned))
        assert engine.stream_counters.utterances == 10
        assert engine.stream_counters.rejected == 1
        assert engine.open_streams == 0
    assert [ear.texts for ear in ears] == [[TEXTS[file] for file in order] for order in turned]


@on_both_loops
async def test_worker_killed_amid_an_utterance_changes_nothing() -> None:
    async with recognizer() as engine:
        ear = Ear()
        stream = engine.open(ear)
        audio = recording("opening_hours.wav") + recording("address.wav")
        write(stream, audio[:12000])
        await ear.until(lambda ear: any(isinstance(event, Partial) for event in ear.events))
        os.kill(engine.workers[0], signal.SIGKILL)
        write(stream, audio[12000:])
        stream.half_close()
        await ear.until(lambda ear: ear.ended)
        assert engine.pool_counters.deaths == 1
        assert engine.pool_counters.replays >= 1
    assert ear.texts == ["what are your opening hours", "where are you located"]
    assert ear.events[-1] == StreamEnded("OK")


async def test_utterance_that_kills_two_workers_is_set_aside_and_the_others_survive() -> None:
    voice = recording("opening_hours.wav")
    poisoned = voice[:12000] + POISON + voice[12000:]
    async with recognizer(fault_marker=POISON) as engine:
        good, bad = Ear(), Ear()
        good_stream, bad_stream = engine.open(good), engine.open(bad)
        write(good_stream, recording("parking.wav")[:12000])
        write(bad_stream, poisoned + recording("address.wav"))
        write(good_stream, recording("parking.wav")[12000:])
        good_stream.half_close()
        bad_stream.half_close()
        await bad.until(lambda ear: ear.ended)
        await good.until(lambda ear: ear.ended)
        assert engine.pool_counters.deaths == 2
        assert engine.pool_counters.set_aside == 1
    assert good.texts == ["where can i park my car"]
    assert bad.texts == ["", "where are you located"]


async def test_hung_worker_is_killed_and_its_work_done_by_the_next() -> None:
    engine = PocketsphinxRecognizer(PHRASES, workers=1, hang_s=0.5)
    await engine.start()
    try:
        first = engine.workers[0]
        os.kill(first, signal.SIGSTOP)
        ear = await hear_all(engine, ["address.wav"])
        assert not alive(first)
    finally:
        await engine.aclose()
    assert ear.texts == ["where are you located"]


async def test_workers_ignore_the_signals_of_the_process_group() -> None:
    async with recognizer() as engine:
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(engine.workers[0], number)
        ear = await hear_all(engine, ["address.wav"])
        assert engine.pool_counters.deaths == 0
    assert ear.texts == ["where are you located"]


async def test_workers_end_by_themselves_when_their_server_is_killed() -> None:
    script = (
        "import asyncio, time\n"
        "from speech.espeak import EspeakSynthesizer\n"
        "async def main():\n"
        "    engine = EspeakSynthesizer()\n"
        "    await engine.start()\n"
        "    print(engine.workers[0], flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=FOLDER.parent, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    async with asyncio.timeout(WAIT_S):
        worker = os.pidfd_open(int(await server.stdout.readline()))
        server.kill()
        await server.wait()
        gone = asyncio.Event()
        asyncio.get_running_loop().add_reader(worker, gone.set)
        await gone.wait()
    asyncio.get_running_loop().remove_reader(worker)
    os.close(worker)


async def test_cancelled_stream_says_nothing_more_and_frees_its_slot() -> None:
    async with recognizer() as engine:
        ear = Ear()
        stream = engine.open(ear)
        write(stream, recording("opening_hours.wav")[:14000])
        stream.cancel()
        stream.cancel()
        heard = len(ear.events)
        write(stream, recording("opening_hours.wav"))
        other = await hear_all(engine, ["address.wav"])
        assert len(ear.events) == heard
        assert engine.open_streams == 0
    assert other.texts == ["where are you located"]


async def test_single_segment_is_recognised_or_refused() -> None:
    async with recognizer() as engine:
        answers: asyncio.Queue[Recognized | RecognizeFailed] = asyncio.Queue()
        engine.recognize(recording("address.wav"), answers.put_nowait)
        engine.recognize(bytes(200_000), answers.put_nowait)
        async with asyncio.timeout(WAIT_S):
            got = [await answers.get(), await answers.get()]
    assert Recognized("where are you located") in got
    assert any(isinstance(a, RecognizeFailed) and a.status == "INVALID_ARGUMENT" for a in got)


async def test_unknown_word_is_an_error_at_start_and_leaves_no_process() -> None:
    before = descriptors()
    engine = PocketsphinxRecognizer(["where is the xylograph"])
    with pytest.raises(EngineError, match="'xylograph' in the phrase 'where is the xylograph'"):
        await engine.start()
    assert engine.workers == []
    assert descriptors() <= before + 2


async def test_closing_the_engine_ends_open_streams() -> None:
    engine = PocketsphinxRecognizer(PHRASES, workers=1)
    await engine.start()
    ear = Ear()
    write(engine.open(ear), recording("address.wav"))
    await engine.aclose()
    assert isinstance(ear.events[-1], StreamEnded)
    late = Ear()
    engine.open(late)
    assert late.events == [StreamEnded("UNAVAILABLE", "the engine was closed")]


@on_both_loops
async def test_engines_leave_no_descriptors_and_no_tasks() -> None:
    async def once() -> None:
        async with recognizer() as engine, synthesizer() as speaker:
            await hear_all(engine, ["address.wav"])
            listener = Listener()
            speaker.synthesize("hello", listener)
            await listener.wait()

    await once()
    descriptors_before, tasks_before = descriptors(), len(asyncio.all_tasks())
    await once()
    assert descriptors() <= descriptors_before
    assert len(asyncio.all_tasks()) == tasks_before


async def test_espeak_speaks_at_telephone_level_with_short_edges() -> None:
    async with synthesizer() as engine:
        listener = Listener()
        engine.synthesize("Thank you for calling. Goodbye.", listener)
        assert await listener.wait() == SynthesisDone()
    assert 8 * 1200 < len(listener.audio) < 8 * 3500
    assert len([e for e in listener.events if isinstance(e, AudioChunk)]) > 3
    assert listener.audio[: 8 * 25].strip(b"\xff\x7f\xfe\x7e") != b""


async def test_two_texts_at_once_keep_apart() -> None:
    async with synthesizer() as engine:
        short, long = Listener(), Listener()
        engine.synthesize("One two three four five six seven eight nine ten.", long)
        engine.synthesize("Yes.", short)
        assert [await long.wait(), await short.wait()] == [SynthesisDone(), SynthesisDone()]
    assert len(long.audio) > 3 * len(short.audio) > 0


async def test_cancelled_synthesis_is_silent() -> None:
    async with synthesizer() as engine:
        dropped, kept = Listener(), Listener()
        engine.synthesize("This is never heard.", dropped).cancel()
        engine.synthesize("This is.", kept)
        await kept.wait()
    assert dropped.events == []


@on_both_loops
async def test_killed_espeak_worker_is_replaced_and_the_waiting_text_spoken() -> None:
    async with synthesizer() as engine:
        os.kill(engine.workers[0], signal.SIGSTOP)
        listener = Listener()
        engine.synthesize("Hello again.", listener)
        os.kill(engine.workers[0], signal.SIGKILL)
        assert await listener.wait() == SynthesisDone()
        assert (engine.pool_counters.deaths, engine.pool_counters.replays) == (1, 1)
    assert len(listener.audio) > 4000


async def test_text_that_kills_the_worker_twice_fails_and_the_next_is_spoken() -> None:
    async with synthesizer(fault_marker=b"poison") as engine:
        bad, good = Listener(), Listener()
        engine.synthesize("this is poison", bad)
        engine.synthesize("this is not", good)
        failure = await bad.wait()
        assert await good.wait() == SynthesisDone()
    assert isinstance(failure, SynthesisFailed)
    assert "poison" not in failure.detail


async def test_too_long_a_text_fails_at_once() -> None:
    async with synthesizer() as engine:
        listener = Listener()
        engine.synthesize("x" * 2001, listener)
        assert listener.events == [SynthesisFailed("text: 2001 characters, at most 2000")]


async def test_unknown_voice_is_an_error_at_start() -> None:
    with pytest.raises(EngineError, match="voice 'klingon-9' is unknown"):
        await EspeakSynthesizer(voice="klingon-9").start()
