"""`python -m bench.conversation_voice`: Google's voice of known pace, on loopback.

The servicer of the tests, with a time to think before each first audio, and with audio whose
every frame tells which reply it is of. Remembers when each text came and when its first audio
left. Speaks with the bench as `tests.support.child_process` has it.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from typing import Any

from google.cloud import texttospeech_v1 as tts

from bench.conversation_words import audio_of
from tests.support.child_process import serve_orders
from tests.support.google_tts_server import SpeakingServicer, serving
from tests.support.wav import wav

VOICES = ("en-US-Chirp3-HD-Kore",)
"""A voice that streams."""


@dataclass(slots=True)
class Spoken:
    """One text."""

    text: str
    asked_at: float
    """When the whole text was here; `time.monotonic()`, which all processes share."""
    audio_at: float | None = None
    """When its first audio was handed to gRPC."""


@dataclass
class PacedServicer(SpeakingServicer):
    """Speaks after a while."""

    first_audio_s: float = 0.15
    spoken: list[Spoken] = field(default_factory=list[Spoken])

    async def streaming_synthesize(self, requests: Any, context: Any) -> AsyncIterator[Any]:
        """Speak in a stream; the first audio comes after its time, the rest at once."""
        received = await self._until_half_close(requests, context)
        async for audio in self._speak("".join(one.input.text for one in received[1:])):
            yield tts.StreamingSynthesizeResponse(audio_content=audio)

    async def synthesize_speech(self, request: Any, context: Any) -> Any:
        """Speak in one piece."""
        del context
        pieces = [audio async for audio in self._speak(request.input.text)]
        return tts.SynthesizeSpeechResponse(audio_content=wav(b"".join(pieces)))

    def report(self, _order: str) -> dict[str, Any]:
        """Tell of all texts so far."""
        return {"spoken": [asdict(one) for one in self.spoken]}

    async def _speak(self, text: str) -> AsyncIterator[bytes]:
        spoken = Spoken(text, time.monotonic())
        self.spoken.append(spoken)
        await asyncio.sleep(max(0.0, spoken.asked_at + self.first_audio_s - time.monotonic()))
        for audio in audio_of(text):
            if spoken.audio_at is None:
                spoken.audio_at = time.monotonic()
            yield audio


async def run(first_audio_s: float) -> None:
    """Serve until stdin ends."""
    servicer = PacedServicer(voices=VOICES, first_audio_s=first_audio_s)
    async with serving(servicer) as host:
        await serve_orders(int(host.rpartition(":")[2]), servicer.report)


def main() -> int:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(prog="bench.conversation_voice", description=__doc__)
    parser.add_argument("--first-audio-s", type=float, default=0.15)
    asyncio.run(run(parser.parse_args().first_audio_s))
    return 0


if __name__ == "__main__":
    sys.exit(main())
