"""Google's Text-to-Speech on loopback: a servicer with the generated types, and a server of it.

The servicer is as strict as the live service about the order of messages, the audio format and
the length of a text. What goes wrong is scripted call by call with `Plan`; a call without a
plan is answered with the tones of `speech.tone`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.cloud import texttospeech_v1 as tts

from speech.tone import tone
from tests.support.wav import wav

SERVICE = "google.cloud.texttospeech.v1.TextToSpeech"
HEBREW_VOICES = (
    "he-IL-Standard-A",
    "he-IL-Standard-B",
    "he-IL-Wavenet-A",
    "he-IL-Chirp3-HD-Kore",
    "he-IL-Chirp3-HD-Aoede",
    "en-US-Standard-A",
)
MAX_TEXT_BYTES = 5000
HALF_CLOSE_S = 5.0
"""A stream that gets no more input is ended after this."""


@dataclass
class Plan:
    """How one call goes."""

    status: str | None = None
    """The call ends with it, behind its audio."""

    detail: str = ""
    audio: Sequence[bytes] | None = None
    """What is sent, as it is sent; None: the tones of the text, unless `status` is set."""

    hold: asyncio.Event | None = None
    """Waited for before the first piece of audio that is not in `early`."""

    early: Sequence[bytes] = ()
    """Sent before `hold`; streams only."""


@dataclass(frozen=True)
class Asked:
    """What one call asked for."""

    by: str
    """`stream` or `request`."""

    texts: tuple[str, ...]
    voice: str
    language: str
    profiles: tuple[str, ...] = ()


@dataclass
class SpeakingServicer:
    """Implements the service; one for each test."""

    voices: Sequence[str] = HEBREW_VOICES
    list_plans: deque[Plan] = field(default_factory=deque[Plan])
    plans: deque[Plan] = field(default_factory=deque[Plan])
    """Taken one by one by streams and requests, in the order they come."""

    plan_for_streams: Plan | None = None
    """For each stream, instead of `plans`."""

    asked: list[Asked] = field(default_factory=list[Asked])
    lists: int = 0
    under_way: int = 0
    most_under_way: int = 0
    cancelled: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def handlers(self) -> list[Any]:
        """Return what a gRPC server takes."""
        methods = {
            "ListVoices": grpc.unary_unary_rpc_method_handler(
                self.list_voices,
                tts.ListVoicesRequest.deserialize,
                tts.ListVoicesResponse.serialize,
            ),
            "SynthesizeSpeech": grpc.unary_unary_rpc_method_handler(
                self.synthesize_speech,
                tts.SynthesizeSpeechRequest.deserialize,
                tts.SynthesizeSpeechResponse.serialize,
            ),
            "StreamingSynthesize": grpc.stream_stream_rpc_method_handler(
                self.streaming_synthesize,
                tts.StreamingSynthesizeRequest.deserialize,
                tts.StreamingSynthesizeResponse.serialize,
            ),
        }
        return [grpc.method_handlers_generic_handler(SERVICE, methods)]

    async def list_voices(self, request: Any, context: Any) -> Any:
        self.lists += 1
        plan = self.list_plans.popleft() if self.list_plans else Plan()
        if plan.hold is not None:
            await plan.hold.wait()
        await _abort(context, plan)
        names = [name for name in self.voices if name.startswith(request.language_code)]
        return tts.ListVoicesResponse(
            voices=[tts.Voice(name=name, language_codes=[name[:5]]) for name in names]
        )

    async def synthesize_speech(self, request: Any, context: Any) -> Any:
        plan = self.plans.popleft() if self.plans else Plan()
        text, voice, audio = request.input.text, request.voice, request.audio_config
        profiles = tuple(audio.effects_profile_id)
        self.asked.append(Asked("request", (text,), voice.name, voice.language_code, profiles))
        await self._check(context, audio, [text])
        async with self._counted():
            if plan.hold is not None:
                await plan.hold.wait()
            await _abort(context, plan)
            content = wav(tone(text)) if plan.audio is None else b"".join(plan.audio)
            return tts.SynthesizeSpeechResponse(audio_content=content)

    async def streaming_synthesize(self, requests: Any, context: Any) -> AsyncIterator[Any]:
        plan = self.plan_for_streams or (self.plans.popleft() if self.plans else Plan())
        received = await self._until_half_close(requests, context)
        config = received[0].streaming_config if received else None
        if config is None or "streaming_config" not in received[0]:
            await _refuse(context, "The first message must be a streaming_config.")
            return
        texts = tuple(message.input.text for message in received[1:])
        voice = config.voice
        self.asked.append(Asked("stream", texts, voice.name, voice.language_code))
        await self._check(context, config.streaming_audio_config, texts)
        if "Chirp3-HD" not in voice.name:
            await _refuse(context, "Only Chirp 3: HD voices are supported for streaming.")
        async with self._counted():
            for piece in plan.early:
                yield tts.StreamingSynthesizeResponse(audio_content=piece)
            if plan.hold is not None:
                await plan.hold.wait()
            tones = [] if plan.status else [tone(text) for text in texts]
            for piece in tones if plan.audio is None else plan.audio:
                yield tts.StreamingSynthesizeResponse(audio_content=piece)
            await _abort(context, plan)

    async def until(self, **counts: int) -> None:
        """Wait until the counters of these names have these values; 5 s at most."""
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(
                lambda: all(getattr(self, name) == count for name, count in counts.items())
            )

    @asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self._note()
        try:
            yield
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1
            await self._note()

    async def _note(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _until_half_close(self, requests: Any, context: Any) -> list[Any]:
        received: list[Any] = []
        try:
            async with asyncio.timeout(HALF_CLOSE_S):
                async for request in requests:
                    received.append(request)  # noqa: PERF401  # what came counts on a timeout
        except TimeoutError:
            detail = "Stream aborted due to long duration elapsed without input sent."
            await context.abort(grpc.StatusCode.ABORTED, detail)
        return received

    async def _check(self, context: Any, audio: Any, texts: Sequence[str]) -> None:
        if (audio.audio_encoding, audio.sample_rate_hertz) != (tts.AudioEncoding.MULAW, 8000):
            await _refuse(context, "Expected MULAW, 8000 Hz.")
        if any(len(text.encode()) > MAX_TEXT_BYTES for text in texts):
            await _refuse(context, "input is longer than the limit of 5000 bytes.")
        if not all(text.strip() for text in texts):
            await _refuse(context, "input must not be empty.")


async def _abort(context: Any, plan: Plan) -> None:
    if plan.status is not None:
        await context.abort(grpc.StatusCode[plan.status], plan.detail)


async def _refuse(context: Any, detail: str) -> None:
    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, detail)


@asynccontextmanager
async def serving(servicer: SpeakingServicer, port: int = 0) -> AsyncIterator[str]:
    """Run a server on loopback; gives `host:port`."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers(tuple(servicer.handlers()))
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield f"127.0.0.1:{bound}"
    finally:
        await server.stop(None)
