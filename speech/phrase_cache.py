"""Keeps what has been synthesised, so that a phrase said again costs nothing.

Owns: the audio of complete syntheses, least recently used first out, bounded in bytes.
Never keeps a failed or cancelled synthesis and never changes the audio. It is a
`Synthesizer` around another; agents and the boot sequence talk to it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from speech.finished import FINISHED
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


class PhraseCache:
    """Implements `speech.ports.Synthesizer`; a hit reaches the sink before the call returns.

    Args:
        inner: the engine that speaks what is not held.
        max_bytes: bound of all audio held; a phrase longer than it is never held.
    """

    def __init__(self, inner: Synthesizer, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._inner = inner
        self._max_bytes = max_bytes
        self._phrases: OrderedDict[str, bytes] = OrderedDict()
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
        return f"{self._inner.about}; phrase cache of {self._max_bytes} bytes"

    @property
    def inner(self) -> Synthesizer:
        """The engine inside, for its counters."""
        return self._inner

    async def start(self) -> None:
        """Start the engine inside.

        Raises:
            EngineError: the engine cannot work here.
        """
        await self._inner.start()

    async def aclose(self) -> None:
        """Close the engine inside; what is held stays."""
        await self._inner.aclose()

    async def warm(self, texts: Sequence[str]) -> int:
        """Synthesise texts before they are needed, one after the other.

        Returns:
            How many of them are held afterwards; the engine's failures are not errors here.
        """
        for text in texts:
            if text not in self._phrases:
                await self._make(text)
        return sum(text in self._phrases for text in texts)

    def synthesize(self, text: str, sink: SynthesisSink) -> Cancellable:
        """Speak a text, from what is held or through the engine."""
        audio = self._phrases.get(text)
        if audio is None:
            self.misses += 1
            return self._inner.synthesize(text, _Recording(self, text, sink))
        self.hits += 1
        self._phrases.move_to_end(text)
        sink(AudioChunk(audio))
        sink(SynthesisDone())
        return FINISHED

    def keep(self, text: str, audio: bytes) -> None:
        """Hold the audio of a text, and let go of the least recently used over the bound."""
        if len(audio) > self._max_bytes:
            return
        self.held_bytes += len(audio) - len(self._phrases.pop(text, b""))
        self._phrases[text] = audio
        while self.held_bytes > self._max_bytes:
            _, evicted = self._phrases.popitem(last=False)
            self.held_bytes -= len(evicted)
            self.evictions += 1

    @property
    def max_bytes(self) -> int:
        """The bound."""
        return self._max_bytes

    async def _make(self, text: str) -> None:
        ended = asyncio.Event()

        def listen(event: SynthesisEvent) -> None:
            if not isinstance(event, AudioChunk):
                ended.set()

        request = self.synthesize(text, listen)
        try:
            async with asyncio.timeout(WARM_TIMEOUT_S):
                await ended.wait()
        except TimeoutError:
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
