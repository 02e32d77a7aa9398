"""A plain client of the speech API: says audio and keeps what it hears. For the emulator's tests.

Uses the generated types and gRPC's own calls, nothing of ours, so that the emulator is
judged by another voice than the engine's.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import grpc.aio
from google.cloud.speech_v1.types import cloud_speech as v1
from google.cloud.speech_v2.types import cloud_speech as v2

TIMEOUT_S = 20.0


@dataclass
class Said:
    """What a stream brought."""

    status: str = ""
    detail: str = ""
    responses: list[Any] = field(default_factory=list[Any])

    def keep_status(self, call: Any) -> None:
        """Note the status of a call that has just ended.

        Not asked for later: a write that fails meanwhile overwrites it with INTERNAL
        (github.com/grpc/grpc/issues/36066).
        """
        self.status, self.detail = _at_once(call.code()).name, _at_once(call.details())

    @property
    def finals(self) -> list[str]:
        return [
            result.alternatives[0].transcript
            for response in self.responses
            for result in response.results
            if result.is_final
        ]

    @property
    def partials(self) -> list[str]:
        """Interim results of each response, joined as the service means it."""
        joined = (
            "".join(one.alternatives[0].transcript for one in response.results if not one.is_final)
            for response in self.responses
        )
        return [text for text in joined if text]

    @property
    def events(self) -> list[str]:
        return [
            type(response).SpeechEventType.Name(response.speech_event_type).rpartition("_")[2]
            for response in self.responses
            if response.speech_event_type
        ]


def _at_once(answer: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that has nothing to wait for."""
    try:
        answer.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("the status of an ended call had to be waited for")


class SpeechClient:
    """One channel to a server that speaks one version of the API."""

    def __init__(self, host: str, *, api: str = "v1") -> None:
        types: Any = v1 if api == "v1" else v2
        self.api = api
        self.request: Any = types.StreamingRecognizeRequest.pb()
        self._channel = grpc.aio.insecure_channel(
            host, options=[("grpc.use_local_subchannel_pool", 1)]
        )
        service = f"/google.cloud.speech.{api}.Speech"
        self.stream = self._channel.stream_stream(
            f"{service}/StreamingRecognize",
            request_serializer=self.request.SerializeToString,
            response_deserializer=types.StreamingRecognizeResponse.pb().FromString,
        )
        self._single_request: Any = types.RecognizeRequest.pb()
        self._single = self._channel.unary_unary(
            f"{service}/Recognize",
            request_serializer=self._single_request.SerializeToString,
            response_deserializer=types.RecognizeResponse.pb().FromString,
        )

    async def close(self) -> None:
        await self._channel.close()

    def config(self, model: str = "default", language: str = "en-US", **wrong: Any) -> Any:
        """Make the first request; `wrong` changes the recognition's configuration."""
        if self.api == "v1":
            return self.request(
                streaming_config={
                    "config": self._config(model, language) | wrong,
                    "interim_results": True,
                    "enable_voice_activity_events": True,
                }
            )
        return self.request(
            recognizer="projects/p/locations/eu/recognizers/_",
            streaming_config={
                "config": self._config(model, language) | wrong,
                "streaming_features": {
                    "interim_results": True,
                    "enable_voice_activity_events": True,
                },
            },
        )

    def audio(self, audio: bytes) -> Any:
        return self.request(audio_content=audio) if self.api == "v1" else self.request(audio=audio)

    async def say(self, requests: Iterable[Any], *, half_close: bool = True) -> Said:
        """Send requests as fast as they are taken; returns when the stream has ended."""
        said = Said()
        call = self.stream(timeout=TIMEOUT_S)
        call.add_done_callback(said.keep_status)
        reader = asyncio.create_task(self._read(call, said))
        # A stream that ends under a write is no failure here: its status is what is asked for.
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            for request in requests:
                await call.write(request)
            if half_close:
                await call.done_writing()
        await reader
        return said

    async def recognize(self, audio: bytes, model: str = "default") -> list[str]:
        """Ask once; returns the transcripts."""
        config = self._config(model, "en-US")
        request = (
            self._single_request(config=config, audio={"content": audio})
            if self.api == "v1"
            else self._single_request(
                recognizer="projects/p/locations/eu/recognizers/_", config=config, content=audio
            )
        )
        answer = await self._single(request, timeout=TIMEOUT_S)
        return [result.alternatives[0].transcript for result in answer.results]

    async def _read(self, call: Any, said: Said) -> None:
        with suppress(grpc.aio.AioRpcError):
            async for response in call:
                said.responses.append(response)

    def _config(self, model: str, language: str) -> dict[str, Any]:
        if self.api == "v1":
            mulaw = v1.RecognitionConfig.AudioEncoding.MULAW
            return {
                "encoding": mulaw,
                "sample_rate_hertz": 8000,
                "language_code": language,
                "model": model,
            }
        mulaw = v2.ExplicitDecodingConfig.AudioEncoding.MULAW
        return {
            "explicit_decoding_config": {
                "encoding": mulaw,
                "sample_rate_hertz": 8000,
                "audio_channel_count": 1,
            },
            "language_codes": [language],
            "model": model,
        }
