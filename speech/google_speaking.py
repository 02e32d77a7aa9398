"""How a text is asked of Google's voice: by stream where that works, else by request.

Owns: what has been learnt about streaming, and the one retry. Never knows gRPC: it is given
a service. Google's synthesiser has one for the process.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Protocol

from loguru import logger

from speech.google_voice import Voice
from speech.reason import short_reason
from speech.riff import RiffError, RiffReader
from speech.synthesis_job import CallFailed
from speech.text_parts import text_parts

STREAM_REFUSALS: Final = frozenset({"INVALID_ARGUMENT", "UNIMPLEMENTED"})
"""What Google answers to a stream that this voice, or this endpoint, does not offer."""


FIRST_REQUEST_BYTES: Final = 800
"""Longest first request: 400 Hebrew letters, half a minute of speech, during which the rest
is made."""


class SpeechService(Protocol):
    """What Google offers; both raise `CallFailed`, and end their call when they are closed."""

    def stream(self, voice: Voice, parts: Sequence[str]) -> AsyncGenerator[bytes, None]:
        """Speak parts of a text in one stream."""
        ...

    async def request(self, voice: Voice, text: str) -> bytes:
        """Speak one text; answers with a WAV file."""
        ...


@dataclass(slots=True)
class SpeakingCounters:
    """What has been asked since the process began; only ever growing."""

    streams: int = 0
    """Streams opened."""

    requests: int = 0
    """Single requests sent, retries among them."""

    retries: int = 0
    """Requests sent a second time."""

    refused_streams: int = 0
    """Streams refused, so that the text was asked for by request."""


class Speaking:
    """Makes the audio of texts.

    Args:
        service: whom to ask.
        voice: says which voice; may have to find out first, and raises `CallFailed`.
    """

    def __init__(self, service: SpeechService, voice: Callable[[], Awaitable[Voice]]) -> None:
        self._service = service
        self._voice = voice
        self._no_streams = False
        self.counters = SpeakingCounters()

    @property
    def by_stream(self) -> bool:
        """Whether streams have not been refused so far."""
        return not self._no_streams

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        """Make the µ-law of a text, in pieces of any length, as they come.

        Raises:
            CallFailed: it was not spoken, or not to its end.
        """
        text = text.encode("utf-8", "replace").decode()  # a lone surrogate is no text
        if not text.strip():
            return
        voice = await self._voice()
        refusal: CallFailed | None = None
        if voice.streams and not self._no_streams:
            heard = False
            try:
                async with aclosing(self._streamed(voice, text)) as pieces:
                    async for piece in pieces:
                        heard = True
                        yield piece
            except CallFailed as error:
                if heard or error.status not in STREAM_REFUSALS:
                    raise
                refusal = CallFailed(error.status, error.detail)  # without the call's frames
            else:
                return
        async with aclosing(self._requested(voice, text)) as pieces:
            async for piece in pieces:
                if refusal is not None:
                    self._step_down(voice, refusal, text)
                    refusal = None
                yield piece

    async def _streamed(self, voice: Voice, text: str) -> AsyncGenerator[bytes, None]:
        """Ask by stream. It is said to come without a WAV header; if it has one, it goes."""
        self.counters.streams += 1
        file = RiffReader(bare=True)
        parts = _spoken(text_parts(text))
        async with aclosing(self._service.stream(voice, parts)) as pieces:
            async for piece in pieces:
                samples = _samples(file, piece)
                if samples:
                    yield samples
        _close(file)

    async def _requested(self, voice: Voice, text: str) -> AsyncGenerator[bytes, None]:
        """Ask by request: a short one first, for its audio comes only when all of it is made."""
        first = next(text_parts(text, FIRST_REQUEST_BYTES))
        parts = _spoken([first, *text_parts(text[len(first) :])])
        for number, part in enumerate(parts):
            file = RiffReader()
            yield _samples(file, await self._request(voice, part, again=number == 0))
            _close(file)

    async def _request(self, voice: Voice, text: str, *, again: bool) -> bytes:
        """Ask once, and where nothing has been heard yet a second time if nobody was there."""
        self.counters.requests += 1
        try:
            return await self._service.request(voice, text)
        except CallFailed as error:
            if not again or error.status != "UNAVAILABLE":
                raise
        self.counters.requests += 1
        self.counters.retries += 1
        return await self._service.request(voice, text)

    def _step_down(self, voice: Voice, refusal: CallFailed, text: str) -> None:
        """Stream no more: the same text was refused by stream and spoken by request.

        A text that is refused both ways is itself at fault, and says nothing about streams.
        """
        self.counters.refused_streams += 1
        if not self._no_streams:
            self._no_streams = True
            reason = short_reason(refusal.status, refusal.detail, text)
            logger.warning("🧭 [TTS] No streams of {} ({}): by request now", voice.name, reason)


def _spoken(parts: Iterable[str]) -> list[str]:
    """Leave out parts without a letter or sign: Google refuses them."""
    return [part for part in parts if part.strip()]


def _samples(file: RiffReader, data: bytes) -> bytes:
    try:
        return file.feed(data)
    except RiffError as error:
        raise CallFailed("DATA_LOSS", str(error)) from None


def _close(file: RiffReader) -> None:
    try:
        file.close()
    except RiffError as error:
        raise CallFailed("DATA_LOSS", str(error)) from None
