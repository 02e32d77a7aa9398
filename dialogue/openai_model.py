"""The only door to `openai`: any server with OpenAI's Chat Completions API as a `ChatModel`.

Owns the client with its pool of connections, and the words for what goes wrong with it. Never
retries, never waits longer than its timeouts, logs nothing of what is said, and lets no
exception of the library out: whatever goes wrong is a `ModelError`. `dialogue.model_dialogue`
owns one for all calls.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import openai
from loguru import logger

from dialogue.model_events import EventReader, pieces_of
from dialogue.model_stream import Finished, Message, ModelError, Piece

OPENAI_URL: Final = "https://api.openai.com/v1"

IDLE_CONNECTION_S: Final = 120.0
"""A connection is kept this long between turns: a new one costs two to three round trips."""

WARM_TIMEOUT_S: Final = 10.0
"""For the first connection, made at the start of the server; calls are taken all the while."""

DRAIN_S: Final = 0.2
"""For the last bytes behind an answer; read to their end the connection can be used again."""

_SERVER_ERRORS: Final = 500
_LOGGERS: Final = ("openai", "httpx2", "httpcore2")


@dataclass(frozen=True, slots=True)
class OpenAIOptions:
    """How the server is reached and asked."""

    model: str
    base_url: str = OPENAI_URL
    api_key: str = field(default="none", repr=False)
    """Some text, as the library insists on one; local servers take any."""

    max_tokens: int = 400
    connections: int = 200
    """At the most, at once; more answers wait for one."""

    timeout_s: float = 60.0
    """For any single step, such as connecting; a whole answer has limits of its own."""

    extra: dict[str, Any] = field(default_factory=dict[str, Any])
    """More fields of the request, such as `temperature`."""

    @property
    def host(self) -> str:
        """Host and port of the server."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def max_tokens_field(self) -> str:
        """The name of the limit.

        OpenAI's newer models refuse `max_tokens`, most other servers know nothing else.
        """
        return "max_completion_tokens" if self.base_url == OPENAI_URL else "max_tokens"


class OpenAIModel:
    """Implements `dialogue.model_stream.ChatModel`."""

    def __init__(self, options: OpenAIOptions) -> None:
        """Make the client; connects to nothing yet."""
        self._options = options
        for name in _LOGGERS:  # OPENAI_LOG=debug would log what callers say.
            logging.getLogger(name).setLevel(logging.WARNING)
        timeout = httpx2.Timeout(options.timeout_s)
        limits = httpx2.Limits(
            max_connections=options.connections,
            max_keepalive_connections=options.connections,
            keepalive_expiry=IDLE_CONNECTION_S,
        )
        self._client = openai.AsyncOpenAI(
            api_key=options.api_key,
            base_url=options.base_url,
            timeout=timeout,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(timeout=timeout, limits=limits),
        )
        self._completions = self._client.chat.completions.with_streaming_response
        self._warming: asyncio.Task[None] | None = None
        limit = {options.max_tokens_field: options.max_tokens}
        self._extra = {**limit, **options.extra}

    @property
    def about(self) -> str:
        """Name it in one line, for logs; of the URL the host, as a key may stand in the rest."""
        return f"model {self._options.model} at {self._options.host}"

    async def start(self) -> None:
        """Begin to connect."""
        self._warming = asyncio.get_running_loop().create_task(self._warm())

    async def aclose(self) -> None:
        """Close the connections; calling twice is harmless."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.wait({self._warming})
            self._warming = None
        await self._client.close()

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[Message]
    ) -> AsyncGenerator[Piece, None]:
        """Ask, and yield the answer as it comes.

        Raises:
            ModelError: no answer, or one that breaks off.
        """
        body: dict[str, Any] = self._extra if not tools else {**self._extra, "tools": list(tools)}
        asked: Any = messages  # The library's types for messages are looser at run time.
        try:
            async with self._completions.create(
                model=self._options.model, messages=asked, stream=True, extra_body=body
            ) as response:
                chunks: Any = response.iter_bytes()
                async with aclosing(chunks), aclosing(_pieces(chunks)) as pieces:
                    async for piece in pieces:
                        yield piece
        except openai.APIStatusError as error:
            code = error.status_code
            detail = f"model: HTTP {code} ({type(error).__name__})"
            raise ModelError(detail, may_pass=code >= _SERVER_ERRORS) from None
        except (openai.APIConnectionError, httpx2.RequestError) as error:
            cause = type(error.__cause__ or error).__name__
            raise ModelError(f"model: connection lost ({cause})", may_pass=True) from None
        except (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError) as error:
            raise ModelError(f"model: {type(error).__name__}") from None

    async def _warm(self) -> None:
        """Connect once, so that the first caller does not wait for it; a failure is said."""
        try:
            async with asyncio.timeout(WARM_TIMEOUT_S):
                await self._client.get("/models", cast_to=object)
        except openai.NotFoundError:
            pass  # No list of models; connected all the same.
        except openai.APIStatusError as error:
            logger.warning("{}: HTTP {} when trying it", self.about, error.status_code)
        except (openai.OpenAIError, httpx2.HTTPError, ValueError, TimeoutError) as error:
            name = type(error.__cause__ or error).__name__
            logger.warning("{}: not reached ({}), going on", self.about, name)


async def _pieces(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[Piece, None]:
    """Yield the pieces of an answer; a stream that ends before its answer is an error."""
    reader = EventReader()
    async for chunk in chunks:
        for data in reader.push(chunk):
            for piece in pieces_of(data):
                yield piece
                if isinstance(piece, Finished):
                    await _drain(chunks)
                    return
        if reader.done:  # Some servers say no more than this at the end.
            yield Finished("stop")
            await _drain(chunks)
            return
    raise ModelError("model: the stream ended before the answer did", may_pass=True)


async def _drain(chunks: AsyncGenerator[bytes, None]) -> None:
    """Read what is left behind a complete answer; whatever goes wrong here harms nobody."""
    with suppress(TimeoutError, httpx2.HTTPError, httpx2.StreamError):
        async with asyncio.timeout(DRAIN_S):
            async for _ in chunks:
                pass
