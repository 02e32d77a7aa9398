"""A small Speech-to-Text server on loopback, scripted by the test; both versions of the API."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

import grpc
import grpc.aio
from google.cloud.speech_v1.types import cloud_speech as v1
from google.cloud.speech_v2.types import cloud_speech as v2

from speech.google_credentials import Credentials

WAIT_S = 10.0
NO_CREDENTIALS = Credentials("none")

REFUSAL = "Invalid recognition 'config': The {} model is currently not supported for language : {}."


@dataclass
class Heard:
    """What one stream has brought."""

    model: str
    language: str
    config: Any
    metadata: dict[str, str]
    version: Any
    requests: Any
    peer: str
    """Address of the client's connection; asking after the stream has ended crashes gRPC."""

    changed: asyncio.Event
    pieces: list[bytes] = field(default_factory=list)
    closed: bool = False

    async def more(self) -> bytes | None:
        """Read the next audio; None: the client has half-closed."""
        request = await self.requests.read()
        if request is grpc.aio.EOF:
            self.closed = True
            return None
        audio = bytes(request.audio_content if self.version is v1 else request.audio)
        self.pieces.append(audio)
        self.changed.set()
        return audio

    async def everything(self) -> None:
        """Read until the half-close."""
        while await self.more() is not None:
            pass

    async def say(self, *results: tuple[str, dict[str, Any]], **fields: Any) -> None:
        """Answer with results, each a text and the fields of the result."""
        made = [
            self.version.StreamingRecognitionResult(
                alternatives=[
                    self.version.SpeechRecognitionAlternative(
                        transcript=text, confidence=extra.pop("confidence", 0.0)
                    )
                ],
                **extra,
            )
            for text, extra in results
        ]
        await self.requests.write(self.version.StreamingRecognizeResponse(results=made, **fields))


OnStream = Callable[[Heard], Awaitable[None]]
OnSingle = Callable[[Any, Any], Awaitable[Any]]


async def listen(heard: Heard) -> None:
    """Hear everything, understand nothing."""
    await heard.everything()


async def answer_nothing(_request: Any, _context: Any) -> Any:
    return v1.RecognizeResponse()


class GoogleServer:
    """The server; `on_stream` decides what a stream says after its configuration."""

    def __init__(self, *, slow: bool = False) -> None:
        self.on_stream: OnStream = listen
        self.on_single: OnSingle = answer_nothing
        self.refused: set[str] = set()
        """Models that are not supported, by name, or `model language`."""

        self.streams: list[Heard] = []
        self._changed = asyncio.Event()
        self.port = 0
        self._slow = slow
        self._server: Any = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a stream's beginning or audio has made something true."""
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; on the same port as before, if there was one."""
        options: list[tuple[str, int]] = [("grpc.so_reuseport", 0)]
        if self._slow:  # a window of the least size, so that writes really back up
            options += [("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.bdp_probe", 0)]
        self._server = grpc.aio.server(options=options)
        for version, name in (
            (v1, "google.cloud.speech.v1.Speech"),
            (v2, "google.cloud.speech.v2.Speech"),
        ):
            self._server.add_generic_rpc_handlers((self._handlers(version, name),))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()

    async def stop(self) -> None:
        """Stop at once; streams break."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None

    def _handlers(self, version: Any, name: str) -> Any:
        async def stream(_requests: Any, context: Any) -> None:
            await self._serve(version, context)

        async def single(request: Any, context: Any) -> Any:
            await self._check(request.config, context)
            return await self.on_single(request, context)

        return grpc.method_handlers_generic_handler(
            name,
            {
                "StreamingRecognize": grpc.stream_stream_rpc_method_handler(
                    stream,
                    version.StreamingRecognizeRequest.deserialize,
                    version.StreamingRecognizeResponse.serialize,
                ),
                "Recognize": grpc.unary_unary_rpc_method_handler(
                    single, version.RecognizeRequest.deserialize, _serialize
                ),
            },
        )

    async def _serve(self, version: Any, context: Any) -> None:
        first = await context.read()
        config = first.streaming_config.config
        heard = Heard(
            config.model,
            _language(config),
            first,
            {key: str(value) for key, value in context.invocation_metadata() or ()},
            version,
            context,
            context.peer(),
            self._changed,
        )
        self.streams.append(heard)
        self._changed.set()
        await self._check(config, context)
        await self.on_stream(heard)

    async def _check(self, config: Any, context: Any) -> None:
        language = _language(config)
        if {config.model, f"{config.model} {language}"} & self.refused:
            text = REFUSAL.format(config.model, language)
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)


def _language(config: Any) -> str:
    return str(
        config.language_codes[0] if hasattr(config, "language_codes") else config.language_code
    )


def _serialize(message: Any) -> bytes:
    return bytes(type(message).serialize(message))
