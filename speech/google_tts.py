"""The only door to `google.cloud.texttospeech`: Google's three calls as plain coroutines.

Owns: the channel and the messages. Never retries, never chooses, and never lets an exception
of gRPC out: whatever goes wrong is a `CallFailed`. Each call is ended when its caller is
cancelled. `speech.google_synthesizer` talks to it.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

import grpc.aio
from google.cloud import texttospeech_v1 as tts
from google.cloud.texttospeech_v1.services.text_to_speech.transports import (
    TextToSpeechGrpcAsyncIOTransport,
)

from media.frame import SAMPLE_RATE_HZ
from speech.google_channels import CHANNEL_OPTIONS, stay_connected
from speech.google_status import status_name
from speech.google_voice import Voice, named_voice
from speech.synthesis_job import CallFailed

ENDPOINT: Final = "texttospeech.googleapis.com:443"

SERVICE: Final = "/google.cloud.texttospeech.v1.TextToSpeech/"
"""Where the methods lie (google/cloud/texttospeech/v1/cloud_tts.proto)."""

TELEPHONE: Final = ("telephony-class-application",)
"""Audio profile (cloud.google.com/text-to-speech/docs/audio-profiles); not for the voices that
stream: a stream's configuration has no place for one, and both ways must sound the same."""


class GoogleTtsService:
    """Implements `speech.google_speaking.SpeechService` and lists voices.

    Args:
        emulator_host: `host:port` to speak to without TLS and credentials; None: Google.
        credentials: of google.auth; unused with an emulator.
        timeout_s: for one stream or request, from its beginning to its end.
    """

    def __init__(self, emulator_host: str | None, credentials: Any, timeout_s: float) -> None:
        self._emulator_host = emulator_host
        self._credentials = credentials
        self._timeout_s = timeout_s
        self._channel: Any = None
        self._watcher: asyncio.Task[None] | None = None
        self._list: Any = None
        self._request: Any = None
        self._stream: Any = None

    def open(self) -> None:
        """Make the channel and begin to connect. Needs a running loop."""
        channel = self._channel = self._new_channel()
        single, duplex = channel.unary_unary, channel.stream_stream
        self._list = _method(single, "ListVoices", tts.ListVoicesRequest, tts.ListVoicesResponse)
        self._request = _method(
            single, "SynthesizeSpeech", tts.SynthesizeSpeechRequest, tts.SynthesizeSpeechResponse
        )
        self._stream = _method(
            duplex,
            "StreamingSynthesize",
            tts.StreamingSynthesizeRequest,
            tts.StreamingSynthesizeResponse,
        )
        self._watcher = asyncio.get_running_loop().create_task(stay_connected(channel))

    async def aclose(self) -> None:
        """Close the channel; calls on it end. Calling twice is harmless."""
        channel, watcher = self._channel, self._watcher
        self._channel = self._watcher = None
        if channel is None or watcher is None:
            return
        watcher.cancel()
        await asyncio.wait({watcher})
        await channel.close()

    async def voices(self, language: str, timeout_s: float) -> list[Voice]:
        """Ask which voices a language has.

        Raises:
            CallFailed: no answer, or a refusal.
        """
        request = tts.ListVoicesRequest(language_code=language)
        answer = await _answer(self._list(request, timeout=timeout_s))
        return [_voice(voice.name, list(voice.language_codes)) for voice in answer.voices]

    async def request(self, voice: Voice, text: str) -> bytes:
        """Speak one text; answers with a WAV file of µ-law, 8000 Hz.

        Raises:
            CallFailed: it was not spoken.
        """
        request = tts.SynthesizeSpeechRequest(
            input=tts.SynthesisInput(text=text),
            voice=_selection(voice),
            audio_config=tts.AudioConfig(
                audio_encoding=tts.AudioEncoding.MULAW,
                sample_rate_hertz=SAMPLE_RATE_HZ,
                effects_profile_id=() if voice.streams else TELEPHONE,
            ),
        )
        answer = await _answer(self._request(request, timeout=self._timeout_s))
        return bytes(answer.audio_content)

    async def stream(self, voice: Voice, parts: Sequence[str]) -> AsyncGenerator[bytes, None]:
        """Speak the parts of one text in a stream of their own, half-closed behind them.

        A stream that waits for more text is ended by Google after 5 s, so none is kept open.

        Raises:
            CallFailed: it was not spoken, or not to its end.
        """
        call = self._stream(_stream_requests(voice, parts), timeout=self._timeout_s)
        try:
            async for answer in call:
                yield bytes(answer.audio_content)
        except grpc.aio.AioRpcError as error:
            raise _failure(error) from None
        finally:
            call.cancel()  # of no effect on a call that has ended

    def _new_channel(self) -> Any:
        if self._emulator_host is not None:
            return grpc.aio.insecure_channel(self._emulator_host, options=CHANNEL_OPTIONS)
        transport: Any = TextToSpeechGrpcAsyncIOTransport
        return transport.create_channel(
            ENDPOINT, credentials=self._credentials, options=CHANNEL_OPTIONS
        )


def _method(make: Any, name: str, request: Any, response: Any) -> Any:
    """Make a method of the service; the client library's own would retry, and log messages."""
    return make(
        SERVICE + name,
        request_serializer=request.serialize,
        response_deserializer=response.deserialize,
    )


def _stream_requests(voice: Voice, parts: Sequence[str]) -> list[tts.StreamingSynthesizeRequest]:
    configuration = tts.StreamingSynthesizeConfig(
        voice=_selection(voice),
        streaming_audio_config=tts.StreamingAudioConfig(
            audio_encoding=tts.AudioEncoding.MULAW, sample_rate_hertz=SAMPLE_RATE_HZ
        ),
    )
    texts = (tts.StreamingSynthesisInput(text=part) for part in parts)
    return [
        tts.StreamingSynthesizeRequest(streaming_config=configuration),
        *(tts.StreamingSynthesizeRequest(input=text) for text in texts),
    ]


def _selection(voice: Voice) -> tts.VoiceSelectionParams:
    return tts.VoiceSelectionParams(language_code=voice.language, name=voice.name)


def _voice(name: str, languages: Sequence[str]) -> Voice:
    return Voice(name, languages[0]) if languages else named_voice(name)


async def _answer(call: Any) -> Any:
    """Wait for a single answer; a caller that is cancelled takes the call along."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise _failure(error) from None
    finally:
        call.cancel()


def _failure(error: grpc.aio.AioRpcError) -> CallFailed:
    return CallFailed(status_name(error), error.details() or "")
