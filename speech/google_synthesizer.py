"""Google's Text-to-Speech as the agent's voice.

Owns: which voice is in use, and the line of texts on their way. Never blocks. Starts without
Google too, with the voice that was used last: then only stock phrases that were kept can be
spoken until Google is back. One text's life is `speech.synthesis_job`'s business, how it is
asked for `speech.google_speaking`'s. The server makes it through `speech.engines`.
"""

import asyncio
from dataclasses import asdict
from typing import Any, Final, Protocol

from loguru import logger

from speech.google_speaking import Speaking, SpeakingCounters
from speech.google_status import credentials_refused, one_line
from speech.google_tts import GoogleTtsService
from speech.google_tts_options import GoogleTtsOptions
from speech.google_voice import Voice, choose_voice, named_voice, voice_language
from speech.ports import Cancellable, EngineError, SynthesisSink
from speech.synthesis_job import CallFailed, SynthesisJob
from speech.waiting_line import WaitingLine

NEVER_HEALS: Final = frozenset({"INVALID_ARGUMENT", "UNIMPLEMENTED", "NOT_FOUND"})
"""Answers to the first question of all that no waiting changes."""


class VoiceMemory(Protocol):
    """What outlives the process; `speech.phrase_store` is one."""

    async def load(self, key: str) -> bytes | None:
        """Return what was kept."""
        ...

    def save(self, key: str, audio: bytes) -> None:
        """Keep it."""
        ...


class GoogleSynthesizer:
    """Implements `speech.ports.Synthesizer`.

    Args:
        language: BCP 47 tag of the dialogue.
        options: how to use it.
        credentials: of google.auth; None with an emulator.
        memory: remembers the voice from one start to the next; None: nothing does.
    """

    name = "google"

    def __init__(
        self,
        language: str,
        options: GoogleTtsOptions,
        credentials: Any = None,
        memory: VoiceMemory | None = None,
    ) -> None:
        self.language = voice_language(language)
        self._options = options
        self._memory = memory
        self._voice: Voice | None = None
        self._asking = asyncio.Lock()
        host = options.emulator_host
        self._service = GoogleTtsService(host, credentials, options.whole_s)
        self._speaking = Speaking(self._service, self._known_voice)
        self._line: WaitingLine[SynthesisJob] = WaitingLine(options.at_once, options.waiting_max)
        self.syntheses = 0
        """Texts asked for."""

    @property
    def about(self) -> str:
        """What runs, for the boot log."""
        where = self._options.emulator_host or "Google"
        named = self.voice or self._options.voice or "not chosen yet"
        return f"synthesiser Google Text-to-Speech at {where}: voice {named}{self._way}"

    @property
    def voice(self) -> str:
        """Name of the voice in use; empty as long as it is not known."""
        return self._voice.name if self._voice else ""

    @property
    def counters(self) -> SpeakingCounters:
        """What has been asked of Google."""
        return self._speaking.counters

    def counts(self) -> dict[str, int]:
        """Say how often what has happened, for metrics."""
        own = {"syntheses": self.syntheses, "turned_away": self._line.turned_away}
        return asdict(self._speaking.counters) | own

    async def start(self) -> None:
        """Connect and choose the voice.

        Raises:
            EngineError: the credentials are refused, or there is no such voice.
        """
        self._service.open()
        try:
            self._voice = await self._choose()
        except CallFailed as error:
            reason = f"{error.status}: {one_line(error.detail)}"
            refused = credentials_refused(error.status, error.detail)
            if refused or error.status in NEVER_HEALS:
                raise EngineError(
                    f"Google Text-to-Speech: refused ({reason}); expected credentials of a"
                    " project that has the API enabled"
                ) from None
            self._voice = await self._remembered()
            named = self.voice or "not known yet"
            logger.warning("⚠️ [TTS] Google is out of reach ({}): voice {}", reason, named)

    async def aclose(self) -> None:
        """Close the channel; texts on their way fail. Calling twice is harmless."""
        await self._end_jobs()
        await self._service.aclose()

    def synthesize(self, text: str, sink: SynthesisSink) -> Cancellable:
        """Speak a text of any length the times allow."""
        self.syntheses += 1
        return SynthesisJob(
            text,
            sink,
            self._speaking.speak,
            self._line,
            first_audio_s=self._options.first_audio_s,
            whole_s=self._options.whole_s,
        )

    async def _end_jobs(self) -> None:
        tasks = [job.task for job in self._line.close() if job.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def _way(self) -> str:
        if self._voice is None:
            return ""
        streams = self._voice.streams and self._speaking.by_stream
        return ", by stream" if streams else ", by request"

    async def _known_voice(self) -> Voice:
        """Return the voice; where Google was out of reach at boot, ask once more."""
        async with self._asking:
            if self._voice is None:
                try:
                    self._voice = await self._choose()
                except EngineError as error:
                    raise CallFailed("NOT_FOUND", str(error)) from None
                logger.info("🔊 [TTS] Voice {}", self._voice.name)
            return self._voice

    async def _choose(self) -> Voice:
        voices = await self._service.voices(self.language, self._options.voices_s)
        voice = choose_voice(voices, self.language, self._options.voice)
        if self._memory is not None:
            self._memory.save(self._memory_key, voice.name.encode())
        return voice

    async def _remembered(self) -> Voice | None:
        if self._options.voice is not None:
            return named_voice(self._options.voice)
        kept = await self._memory.load(self._memory_key) if self._memory else None
        return named_voice(kept.decode()) if kept else None

    @property
    def _memory_key(self) -> str:
        return f"voice of google for {self.language}"
