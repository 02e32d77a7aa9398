"""Speaks texts as a caller would: JSON in, JSON out, one run for all of them.

Reads `{"language": "en-US", "texts": ["…"]}` from stdin, writes a list of base64 texts,
8000 Hz µ-law each, to stdout. The phone starts it as a program (`python -m recordings.voice`),
because the library behind it is GPL-3 and belongs into a process of its own.
"""

import base64
import json
import sys
from typing import Any, Final

from recordings.make import Recording, speak
from speech.espeak_library import EspeakLibrary
from speech.ports import EngineError

VOICES: Final = {"en": "en-us", "he": "he"}
"""espeak-ng's voice for a language; its Hebrew leaves the vowels out and is no real test of a
recogniser."""

WORDS_PER_MINUTE: Final = 150
PITCH: Final = 45


def voice_of(language: str) -> str:
    """The voice of a BCP 47 tag; another language is asked for by its own name."""
    primary = language.partition("-")[0].lower()
    return VOICES.get(primary, primary)


def main() -> int:
    """Speak what stdin asks for; returns the exit code."""
    order: dict[str, Any] = json.load(sys.stdin)
    voice = voice_of(str(order["language"]))
    try:
        library = EspeakLibrary(voice, WORDS_PER_MINUTE, PITCH)
    except EngineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    spoken = [
        speak(library, Recording("", str(text), voice, WORDS_PER_MINUTE, PITCH))
        for text in order["texts"]
    ]
    json.dump([base64.b64encode(audio).decode() for audio in spoken], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
