"""Keeps what has been synthesised, so that a phrase said again costs nothing.

Owns: the audio of complete syntheses, least recently used first out, bounded in bytes. Stock
phrases, those that were warmed, stay whatever happens: with them the agent can still speak
when the engine cannot. Stock phrases alone are kept on disk, if anything is: what else is
said belongs to a caller. Never keeps a failed or cancelled synthesis and never changes the
audio. It is a `Synthesizer` around another; agents and the boot sequence talk to it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from loguru import logger

from speech.finished import FINISHED
from speech.phrase_store import PhraseStore
from speech.ports import (
    AudioChunk,
    Cancellable,
    SynthesisDone,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisSink,
    Synthesizer,
)

DEFAULT_MAX_BYTES: Final = 8_000_000
"""About 17 minutes of µ-law."""

WARM_TIMEOUT_S: Final = 20.0
"""Longest wait for one text in `warm()`."""

WARM_AT_ONCE: Final = 4
"""Texts that `warm()` has synthesised at the same time: callers have use for the rest."""

WARM_FAILURES_MAX: Final = 4
"""Failures in a row after which `warm()` asks the engine for nothing more: it is down."""

STOCK_SHARE: Final = 0.75
"""Of `max_bytes` that stock phrases may take for good; further ones come and go."""


class PhraseCache:
    """Implements `speech.ports.Synthesizer`; a hit reaches the sink before the call returns.

    Args:
        inner: the engine that speaks what is not held.
        max_bytes: bound of all audio held; a phrase longer than it is never held.
        store: where stock phrases outlive the process; None: nowhere.
        voice: names the voice in use for `store`; empty while it is not known, and then
            nothing is read from there or written.
    """

    def __init__(
        self,
        inner: Synthesizer,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        store: PhraseStore | None = None,
        voice: Callable[[], str] = lambda: "",
    ) -> None:
        self._inner = inner
        self._max_bytes = max_bytes
        self._store = store
        self._voice = voice
        self._phrases: OrderedDict[str, bytes] = OrderedDict()
        self._stock: dict[str, bytes] = {}
        self._stock_bytes = 0
        self._stock_texts: frozenset[str] = frozenset()
        self.held_bytes = 0
        """Bytes of audio held now."""
        self.hits = 0
        """Syntheses answered from here."""
        self.misses = 0
        """Syntheses passed on to the engine."""
        self.evictions = 0
        """Phrases thrown out to keep the bound."""

    @property
    def name(self) -> str:
        """Name of the engine inside."""
        return self._inner.name

    @property
    def language(self) -> str:
        """Language of the engine inside."""
        return self._inner.language

    @property
    def about(self) -> str:
        """What runs, for the boot log."""
        disk = f"; stock phrases in {self._store.folder}" if self._store else ""
        return f"{self._inner.about}; phrase cache of {self._max_bytes} bytes{disk}"

    @property
    def inner(self) -> Synthesizer:
        """The engine inside, for its counters."""
        return self._inner

    def counts(self) -> dict[str, int]:
        """Say how often what has happened, here and on disk, for metrics."""
        own = {"hits": self.hits, "misses": self.misses, "evictions": self.evictions}
        return own | (self._store.counts() if self._store is not None else {})

    async def start(self) -> None:
        """Open the store, then start the engine inside, which may ask the store for things.

        Raises:
            EngineError: one of them cannot work here.
        """
        if self._store is not None:
            await self._store.start()
        await self._inner.start()

    async def aclose(self) -> None:
        """Close the engine inside, then the store; what is held in memory stays."""
        await self._inner.aclose()
        if self._store is not None:
            await self._store.aclose()

    async def warm(self, texts: Sequence[str]) -> int:
        """Make texts stock phrases: read them from the store, synthesise those not there.

        Logs one warning with the number of those it could not get.

        Returns:
            How many of them are held afterwards; the engine's failures are not errors here.
        """
        self._stock_texts = self._stock_texts.union(texts)
        for text in texts:
            if not self.holds(text):
                await self._read(text)
        missing = iter([text for text in dict.fromkeys(texts) if not self.holds(text)])
        await self._make_all(missing)
        held = sum(map(self.holds, texts))
        if held < len(texts):
            missed = f"{len(texts) - held} of {len(texts)}"
            logger.warning("🔊 [TTS] Stock phrases not ready: {}; made when needed", missed)
        return held

    def holds(self, text: str) -> bool:
        """Whether a text would be spoken without the engine."""
        return text in self._stock or text in self._phrases

    def synthesize(self, text: str, sink: SynthesisSink) -> Cancellable:
        """Speak a text, from what is held or through the engine."""
        audio = self._stock.get(text) or self._phrases.get(text)
        if audio is None:
            self.misses += 1
            return self._inner.synthesize(text, _Recording(self, text, sink))
        self.hits += 1
        if text in self._phrases:
            self._phrases.move_to_end(text)
        sink(AudioChunk(audio))
        sink(SynthesisDone())
        return FINISHED

    def keep(self, text: str, audio: bytes) -> None:
        """Hold the audio of a text, and a stock phrase on disk too."""
        if not audio or len(audio) > self._max_bytes:
            return
        self._hold(text, audio)
        if self._store is not None and text in self._stock_texts and self._voice():
            self._store.save(self._key(text), audio)

    def _hold(self, text: str, audio: bytes) -> None:
        """Hold it; let go of the least recently used over the bound."""
        before = self._stock.pop(text, b"")
        self._stock_bytes -= len(before)
        self.held_bytes += len(audio) - len(before) - len(self._phrases.pop(text, b""))
        within = self._stock_bytes + len(audio) <= self._max_bytes * STOCK_SHARE
        if text in self._stock_texts and within:
            self._stock[text] = audio
            self._stock_bytes += len(audio)
        else:
            self._phrases[text] = audio
        while self.held_bytes > self._max_bytes:
            _, evicted = self._phrases.popitem(last=False)
            self.held_bytes -= len(evicted)
            self.evictions += 1

    @property
    def max_bytes(self) -> int:
        """The bound."""
        return self._max_bytes

    def _key(self, text: str) -> str:
        return f"{self._inner.name}\n{self._voice()}\n{self._inner.language}\n{text}"

    async def _read(self, text: str) -> None:
        """Hold what the store has of a text."""
        if self._store is None or not self._voice():
            return
        audio = await self._store.load(self._key(text))
        if audio is not None and len(audio) <= self._max_bytes:
            self._hold(text, audio)

    async def _make_all(self, texts: Iterator[str]) -> None:
        """Synthesise texts, a few at a time, unless the engine proves to be down."""
        failures = 0

        async def make_some() -> None:
            nonlocal failures
            for text in texts:
                failures = 0 if await self._make(text) else failures + 1
                if failures >= WARM_FAILURES_MAX:
                    return

        async with asyncio.TaskGroup() as group:
            for _ in range(WARM_AT_ONCE):
                group.create_task(make_some())

    async def _make(self, text: str) -> bool:
        """Synthesise a text for nobody; whether that went well."""
        ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def listen(event: SynthesisEvent) -> None:
            if not isinstance(event, AudioChunk) and not ended.done():
                ended.set_result(isinstance(event, SynthesisDone))

        request = self.synthesize(text, listen)
        try:
            async with asyncio.timeout(WARM_TIMEOUT_S):
                return await ended
        except TimeoutError:
            return False
        finally:
            request.cancel()


class _Recording:
    """A sink that passes everything on and keeps a copy, until it is too long to be held."""

    __slots__ = ("_audio", "_cache", "_sink", "_text")

    def __init__(self, cache: PhraseCache, text: str, sink: SynthesisSink) -> None:
        self._cache = cache
        self._text = text
        self._sink = sink
        self._audio: bytearray | None = bytearray()

    def __call__(self, event: SynthesisEvent) -> None:
        match event:
            case AudioChunk(audio):
                self._record(audio)
            case SynthesisDone() if self._audio is not None:
                self._cache.keep(self._text, bytes(self._audio))
            case SynthesisDone() | SynthesisFailed():
                self._audio = None
        self._sink(event)

    def _record(self, audio: bytes) -> None:
        if self._audio is None:
            return
        self._audio += audio
        if len(self._audio) > self._cache.max_bytes:
            self._audio = None
