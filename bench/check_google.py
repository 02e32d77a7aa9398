"""`python -m bench.check_google`: is a real Google project set up so that a call would work?

Speaks one phrase of the dialogue with Google's voice and lets Google's recogniser hear it, in
the rhythm of a call, with the settings of the server. Prints what was chosen, what was heard
and how long it took; costs a few seconds of both services. Exits with 1 if nothing was
heard, with 2 if it cannot be tried.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, field
from typing import Final

from dialogue.fields import DialogueError
from dialogue.loader import load_dialogue
from media.frame import BYTES_PER_MS, FRAME_BYTES, SILENCE_FRAME
from settings import Settings, SettingsError, load_settings
from speech.engines import make_recognizer, make_synthesizer
from speech.google_options import google_options
from speech.google_stream import GoogleStream
from speech.google_tts_options import google_tts_options
from speech.ports import (
    AudioChunk,
    EngineError,
    Partial,
    Recognizer,
    RecognizerEvent,
    StreamEnded,
    StreamOpened,
    SynthesisDone,
    SynthesisEvent,
    SynthesisFailed,
    Synthesizer,
)
from speech.ports import (
    Final as FinalResult,
)

SYNTHESIS_TIMEOUT_S: Final = 15.0
OPEN_TIMEOUT_S: Final = 5.0
END_TIMEOUT_S: Final = 15.0
"""For the last final after the audio has ended."""

BATCH_S: Final = 0.06
QUIET_FRAMES: Final = 50
"""A second of quiet behind the phrase: what makes a recogniser end an utterance."""


class CheckError(Exception):
    """It cannot be tried. One line."""


@dataclass
class Spoken:
    """What the voice said."""

    audio: bytearray = field(default_factory=bytearray)
    first_audio_s: float | None = None


def main() -> int:
    """Run the check; the exit code says what came of it."""
    try:
        settings = load_settings()
        dialogue = load_dialogue(settings.dialogue_path)
        stt = make_recognizer(
            "google",
            dialogue.language,
            dialogue.phrases(),
            google=google_options(settings, dialogue.language),
        )
        return asyncio.run(_check(settings, stt, dialogue.language, dialogue.phrases()[0]))
    except (SettingsError, DialogueError, EngineError, CheckError) as error:
        sys.stderr.write(f"check_google: {error}\n")
        return 2


async def _check(settings: Settings, stt: Recognizer, language: str, phrase: str) -> int:
    tts = make_synthesizer("google", language, google=google_tts_options(settings))
    try:
        await stt.start()
        await tts.start()
        print(stt.about)
        print(tts.about)
        return await _listen(stt, await _speak(tts, phrase), phrase)
    finally:
        await stt.aclose()
        await tts.aclose()


async def _speak(tts: Synthesizer, phrase: str) -> bytes:
    spoken, began_at = Spoken(), time.monotonic()
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def hear(event: SynthesisEvent) -> None:
        match event:
            case AudioChunk(audio=audio):
                spoken.audio += audio
                spoken.first_audio_s = spoken.first_audio_s or time.monotonic() - began_at
            case SynthesisDone():
                done.set_result(None)
            case SynthesisFailed(detail=detail):
                done.set_exception(CheckError(f"the voice failed: {detail}"))

    tts.synthesize(phrase, hear)
    async with asyncio.timeout(SYNTHESIS_TIMEOUT_S):
        await done
    length_s = len(spoken.audio) / BYTES_PER_MS / 1000
    print(f"voice       {length_s:.1f} s of speech, first audio after {spoken.first_audio_s:.2f} s")
    return bytes(spoken.audio)


async def _listen(stt: Recognizer, audio: bytes, phrase: str) -> int:
    began_at = time.monotonic()
    opened, ended = asyncio.Event(), asyncio.Event()
    finals: list[str] = []

    def hear(event: RecognizerEvent) -> None:
        at_s = time.monotonic() - began_at
        match event:
            case StreamOpened():
                print(f"recogniser  open after {at_s:.2f} s")
                opened.set()
            case Partial(text=text):
                print(f"{at_s:9.2f} s  partial  {text}")
            case FinalResult(text=text):
                print(f"{at_s:9.2f} s  final    {text}")
                finals.append(text)
            case StreamEnded(status=status, detail=detail):
                print(f"{at_s:9.2f} s  ended    {status} {detail}".rstrip())
                opened.set()
                ended.set()
            case _:
                pass

    stream = stt.open(hear)
    async with asyncio.timeout(OPEN_TIMEOUT_S):
        await opened.wait()
    said = audio + SILENCE_FRAME * QUIET_FRAMES
    batch_bytes = round(BATCH_S * 1000) * BYTES_PER_MS
    for start in range(0, len(said), batch_bytes):
        stream.write(said[start : start + batch_bytes].ljust(FRAME_BYTES, b"\xff"))
        await asyncio.sleep(BATCH_S)
    print(f"{time.monotonic() - began_at:9.2f} s  all of it was said: {phrase}")
    # No part of the port: ended politely, it gives its last finals first. Else it is over already.
    if isinstance(stream, GoogleStream):
        stream.half_close()
    async with asyncio.timeout(END_TIMEOUT_S):
        await ended.wait()
    return 0 if any(finals) else 1


if __name__ == "__main__":
    sys.exit(main())
