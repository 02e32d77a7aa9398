"""The cache of synthesised phrases."""

import pytest

from speech.phrase_cache import PhraseCache
from speech.ports import (
    AudioChunk,
    Cancellable,
    SynthesisDone,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisSink,
)
from speech.tone import ToneSynthesizer

pytestmark = pytest.mark.unit


class HandSynthesizer(ToneSynthesizer):
    """Speaks only when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.sinks: list[SynthesisSink] = []
        self.cancelled = 0

    def synthesize(self, text: str, sink: SynthesisSink) -> Cancellable:
        self.sinks.append(sink)
        return self

    def cancel(self) -> None:
        self.cancelled += 1


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def audio_of(cache: PhraseCache, text: str) -> bytes:
    events: list[SynthesisEvent] = []
    cache.synthesize(text, events.append)
    assert events[-1] == SynthesisDone()
    return b"".join(event.audio for event in events if isinstance(event, AudioChunk))


def test_second_time_is_a_hit_with_the_same_audio() -> None:
    cache = PhraseCache(ToneSynthesizer())
    assert audio_of(cache, "hello there") == audio_of(cache, "hello there")
    assert (cache.hits, cache.misses, cache.held_bytes) == (1, 1, 11 * 480)


def test_least_recently_used_goes_first_and_the_bound_holds() -> None:
    cache = PhraseCache(ToneSynthesizer(), max_bytes=2 * 480)
    for text in ("a", "b", "a", "c", "a", "b"):
        audio_of(cache, text)
        assert cache.held_bytes <= 2 * 480
    assert (cache.hits, cache.misses, cache.evictions) == (2, 4, 2)


def test_phrase_longer_than_the_bound_is_passed_on_and_not_held() -> None:
    cache = PhraseCache(ToneSynthesizer(), max_bytes=480)
    assert len(audio_of(cache, "two")) == 3 * 480
    assert cache.held_bytes == 0


def test_failed_synthesis_is_not_held() -> None:
    inner = HandSynthesizer()
    cache = PhraseCache(inner)
    events: list[SynthesisEvent] = []
    cache.synthesize("hello", events.append)
    inner.sinks[0](AudioChunk(b"x"))
    inner.sinks[0](SynthesisFailed("gone"))
    assert events == [AudioChunk(b"x"), SynthesisFailed("gone")]
    assert cache.held_bytes == 0


def test_cancelled_synthesis_is_not_held_and_the_engine_is_told() -> None:
    inner = HandSynthesizer()
    cache = PhraseCache(inner)
    request = cache.synthesize("hello", lambda _: None)
    inner.sinks[0](AudioChunk(b"x"))
    request.cancel()
    assert (inner.cancelled, cache.held_bytes) == (1, 0)


def test_two_at_once_are_held_once() -> None:
    inner = HandSynthesizer()
    cache = PhraseCache(inner)
    for _ in range(2):
        cache.synthesize("hello", lambda _: None)
    for sink in inner.sinks:
        sink(AudioChunk(b"1234"))
        sink(SynthesisDone())
    assert cache.held_bytes == 4


@pytest.mark.anyio
async def test_warming_makes_the_first_use_a_hit() -> None:
    cache = PhraseCache(ToneSynthesizer())
    await cache.start()
    assert await cache.warm(["one", "two", "one", "x" * 3000]) == 3
    assert cache.misses == 3
    audio_of(cache, "two")
    assert cache.hits == 1
    await cache.aclose()
