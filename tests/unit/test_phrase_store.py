"""Phrases on disk: round trip, corruption, bound, several writers, and the cache on top."""

import multiprocessing
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from loguru import logger

from speech.google_synthesizer import GoogleSynthesizer
from speech.google_tts_options import GoogleTtsOptions
from speech.phrase_cache import PhraseCache
from speech.phrase_files import BLOCK_BYTES, STALE_S, TEMPORARY_PREFIX, PhraseFiles
from speech.phrase_store import PhraseStore
from speech.ports import EngineError, SynthesisDone, SynthesisFailed
from speech.tone import ToneSynthesizer, tone
from tests.support.google_tts_server import Plan, SpeakingServicer, serving
from tests.support.listening import Listener

pytestmark = pytest.mark.unit

MIB = 1 << 20


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", autouse=True)
async def _one_loop(anyio_backend: str) -> None:
    """All tests on one event loop: what gRPC has left of a cancelled call comes back late."""


@pytest.fixture
def warnings_logged() -> Iterator[list[str]]:
    lines: list[str] = []
    number = logger.add(lambda line: lines.append(str(line)), level="WARNING", format="{message}")
    yield lines
    logger.remove(number)


def opened(folder: Path, max_bytes: int = MIB) -> PhraseFiles:
    files = PhraseFiles(folder, max_bytes)
    files.open()
    return files


def kept_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- files ----------------------------------------------------------------------------


def test_what_is_saved_is_there_for_the_next_process(tmp_path: Path) -> None:
    opened(tmp_path / "deep" / "er").save("key", b"audio")
    files = opened(tmp_path / "deep" / "er")
    assert (files.load("key"), files.load("other")) == (b"audio", None)
    assert (files.counters.read, files.counters.corrupt) == (1, 0)


def test_no_text_in_names_and_nobody_else_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "phrases"
    opened(folder).save("google\nvoice\nhe-IL\nsecret", b"audio")
    (name,) = kept_in(folder)
    assert "secret" not in name
    assert (folder.stat().st_mode & 0o077, (folder / name).stat().st_mode & 0o077) == (0, 0)


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "longer", "other key"])
def test_a_damaged_file_is_absent_and_removed(damage: str, tmp_path: Path) -> None:
    files = opened(tmp_path)
    files.save("key", b"audio" * 100)
    path = files.path_of("key")
    whole = path.read_bytes()
    if damage == "other key":
        files.save("other", b"another")
        whole = files.path_of("other").read_bytes()
    path.write_bytes(
        {
            "cut": whole[:-1],
            "flip": whole[:-1] + b"!",
            "empty": b"",
            "longer": whole + b"x" * MIB,
            "other key": whole,
        }[damage]
    )
    assert files.load("key") is None
    assert not path.exists()
    assert files.counters.corrupt == 1


def test_the_least_recently_used_goes_and_the_bound_holds(tmp_path: Path) -> None:
    files = opened(tmp_path, 3 * BLOCK_BYTES)
    for age_s, key in enumerate(("c", "b", "a")):
        files.save(key, b"x")
        then = time.time() - 100 - age_s
        os.utime(files.path_of(key), (then, then))
    assert files.load("a") == b"x"
    files.save("d", b"x")
    assert [files.load(key) for key in "abcd"] == [b"x", None, b"x", b"x"]
    assert files.counters.evicted == 1
    files.save("big", b"x" * 3 * BLOCK_BYTES)
    assert files.load("big") is None
    assert (files.counters.too_long, len(kept_in(tmp_path))) == (1, 3)


def test_a_smaller_bound_is_kept_from_the_start(tmp_path: Path) -> None:
    files = opened(tmp_path)
    for number in range(10):
        files.save(str(number), b"x")
    opened(tmp_path, 4 * BLOCK_BYTES)
    assert len(kept_in(tmp_path)) == 4


def test_what_dead_writers_left_is_swept_up_and_what_live_ones_write_is_not(
    tmp_path: Path,
) -> None:
    dead, alive = (tmp_path / f"{TEMPORARY_PREFIX}{name}" for name in ("dead", "alive"))
    for path in (dead, alive):
        path.write_bytes(b"half")
    long_ago = time.time() - STALE_S - 1
    os.utime(dead, (long_ago, long_ago))
    opened(tmp_path)
    assert kept_in(tmp_path) == [alive.name]


def write_many(folder: Path, seed: int) -> int:
    """Write and read the same few phrases; returns how many readings were wrong."""
    files = PhraseFiles(folder, 8 * BLOCK_BYTES)
    files.open()
    wrong = 0
    for number in range(150):
        key = str((number * seed) % 12)
        files.save(key, key.encode() * 3000)
        read = files.load(key)
        wrong += read not in (None, key.encode() * 3000)
    return wrong + files.counters.corrupt


def test_several_writers_never_see_half_a_phrase(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write_many, [tmp_path] * 4, (1, 5, 7, 11))) == [0] * 4
    assert 0 < len(kept_in(tmp_path)) <= 8


def test_two_processes_share_a_folder(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(write_many, [(tmp_path, 5), (tmp_path, 7)]) == [0, 0]
        pool.close()
        pool.join()
    assert len(kept_in(tmp_path)) <= 8


# --- the store ------------------------------------------------------------------------


@asynccontextmanager
async def started(store: PhraseStore) -> AsyncIterator[PhraseStore]:
    await store.start()
    try:
        yield store
    finally:
        await store.aclose()


@pytest.mark.anyio
async def test_closing_writes_what_waits_and_ends_the_thread(tmp_path: Path) -> None:
    async with started(PhraseStore(tmp_path, MIB)) as store:
        for number in range(20):
            store.save(str(number), b"x")
    await store.aclose()
    store.save("late", b"x")
    assert (len(kept_in(tmp_path)), store.dropped) == (20, 1)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("phrases")]


@pytest.mark.anyio
async def test_the_disk_is_never_touched_on_the_loops_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    original = PhraseFiles.path_of

    def path_of(self: PhraseFiles, key: str) -> Path:
        threads.add(threading.get_ident())
        return original(self, key)

    monkeypatch.setattr(PhraseFiles, "path_of", path_of)
    async with started(PhraseStore(tmp_path, MIB)) as store:
        store.save("key", b"x")
        assert await store.load("key") == b"x"
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.anyio
async def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = PhraseStore(tmp_path / "file" / "folder", MIB)
    with pytest.raises(EngineError, match=r"^PHRASE_CACHE_DIR=.*expected a folder to write to$"):
        await store.start()
    await store.aclose()


@pytest.mark.anyio
async def test_a_disk_that_fails_later_is_counted_and_said_once(
    tmp_path: Path, warnings_logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with started(PhraseStore(tmp_path, MIB)) as store:
        monkeypatch.setattr(PhraseFiles, "save", fail)
        monkeypatch.setattr(PhraseFiles, "load", fail)
        store.save("one", b"x")
        store.save("two", b"x")
        assert await store.load("one") is None
    assert store.failures == 3
    assert len([line for line in warnings_logged if "No space left" in line]) == 1


# --- the cache on the disk ------------------------------------------------------------


@asynccontextmanager
async def booted(
    folder: Path | None, host: str, voice: str | None = None
) -> AsyncIterator[PhraseCache]:
    store = PhraseStore(folder, MIB) if folder else None
    options = GoogleTtsOptions(emulator_host=host, voice=voice)
    engine = GoogleSynthesizer("he-IL", options, None, store)
    cache = PhraseCache(engine, store=store, voice=lambda: engine.voice)
    try:
        await cache.start()
        yield cache
    finally:
        await cache.aclose()


STOCK = ["שלום", "להתראות", "סליחה"]


@pytest.mark.anyio
async def test_a_second_boot_asks_google_for_no_phrase(tmp_path: Path) -> None:
    servicer = SpeakingServicer()
    async with serving(servicer) as host:
        async with booted(tmp_path, host) as cache:
            assert await cache.warm(STOCK) == 3
        servicer.asked.clear()
        async with booted(tmp_path, host) as cache:
            assert await cache.warm(STOCK) == 3
            listener = Listener()
            cache.synthesize(STOCK[0], listener)
            assert listener.audio == tone(STOCK[0])
        assert not servicer.asked
        async with booted(tmp_path, host, "he-IL-Wavenet-A") as cache:
            assert await cache.warm(STOCK[:1]) == 1
        assert [asked.voice for asked in servicer.asked] == ["he-IL-Wavenet-A"]


@pytest.mark.anyio
async def test_with_google_down_stock_phrases_are_spoken_and_the_missing_are_counted(
    tmp_path: Path, warnings_logged: list[str]
) -> None:
    async with serving(SpeakingServicer()) as host, booted(tmp_path, host) as cache:
        await cache.warm(STOCK)
    async with booted(tmp_path, host) as cache:
        assert await cache.warm([*STOCK, "חדש"]) == 3
        for text in STOCK:
            listener = Listener()
            cache.synthesize(text, listener)
            assert listener.audio == tone(text)
        new = Listener()
        cache.synthesize("חדש", new)
        assert isinstance(await new.last(), SynthesisFailed)
    assert any("Google is out of reach" in line and "Aoede" in line for line in warnings_logged)
    assert any("Stock phrases not ready: 1 of 4" in line for line in warnings_logged)


@pytest.mark.anyio
async def test_what_is_no_stock_phrase_is_never_written(tmp_path: Path) -> None:
    async with serving(SpeakingServicer()) as host, booted(tmp_path, host) as cache:
        await cache.warm(STOCK[:1])
        listener = Listener()
        cache.synthesize("personal", listener)
        assert await listener.last() == SynthesisDone()
    assert len(kept_in(tmp_path)) == 2  # the stock phrase, and the voice's name


@pytest.mark.anyio
async def test_a_stock_phrase_that_comes_late_is_kept_for_good(tmp_path: Path) -> None:
    servicer = SpeakingServicer()
    servicer.plans.append(Plan(status="INTERNAL"))
    async with serving(servicer) as host, booted(tmp_path, host) as cache:
        assert await cache.warm(STOCK[:1]) == 0
        listener = Listener()
        cache.synthesize(STOCK[0], listener)
        assert await listener.last() == SynthesisDone()
        assert cache.holds(STOCK[0])
    assert len(kept_in(tmp_path)) == 2  # it, and the voice's name


@pytest.mark.anyio
async def test_an_engine_that_is_down_is_not_asked_for_a_hundred_phrases() -> None:
    servicer = SpeakingServicer()
    servicer.plans += [Plan(status="INTERNAL")] * 100
    async with serving(servicer) as host, booted(None, host) as cache:
        assert await cache.warm([f"text {number}" for number in range(100)]) == 0
    assert len(servicer.asked) <= 8


@pytest.mark.anyio
async def test_stock_phrases_outstay_any_amount_of_other_speech() -> None:
    cache = PhraseCache(ToneSynthesizer(), max_bytes=40 * 480)
    await cache.warm(["stock"])
    for number in range(100):
        cache.synthesize(f"number {number}", Listener())
        assert cache.held_bytes <= 40 * 480
    misses = cache.misses
    cache.synthesize("stock", Listener())
    assert cache.misses == misses


@pytest.mark.anyio
async def test_stock_phrases_leave_room_for_others() -> None:
    cache = PhraseCache(ToneSynthesizer(), max_bytes=40 * 480)
    await cache.warm([f"stock {number}" for number in range(10)])
    assert cache.held_bytes <= 40 * 480
    cache.synthesize("other", Listener())
    assert cache.holds("other")
