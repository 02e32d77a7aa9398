"""Chooses Google's voice for a language from those there are.

Pure data. Knows the families of voices, which of them stream, and which is liked best; never
asks Google: `speech.google_tts` does, and keeps what is chosen here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from speech.ports import EngineError

PREFERENCE: Final = ("-Chirp3-HD-", "-Wavenet-", "-Standard-")
"""Families from the most natural voice to the plainest; any other comes behind them."""

STREAMING: Final = ("-Chirp3-HD-", "-Chirp-HD-")
"""Families that answer while they still speak
(cloud.google.com/text-to-speech/docs/create-audio-text-streaming)."""

NAMED_MOST: Final = 12
"""Voices that an error names; Hebrew has about 40."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of Google's."""

    name: str
    """Such as `he-IL-Chirp3-HD-Kore`."""

    language: str
    """BCP 47 tag for the request: that in the voice's own list."""

    @property
    def streams(self) -> bool:
        """Whether it can be asked by stream."""
        return any(family in self.name for family in STREAMING)


def voice_language(language: str) -> str:
    """Return a BCP 47 tag as the voice list writes it: Hebrew is `he` there, never `iw`."""
    primary, *rest = language.replace("_", "-").split("-")
    primary = "he" if primary.lower() == "iw" else primary.lower()
    return "-".join([primary, *rest])


def named_voice(name: str) -> Voice:
    """Return the voice of this name without asking: names begin with their language."""
    return Voice(name, "-".join(name.split("-")[:2]))


def choose_voice(voices: Sequence[Voice], language: str, wanted: str | None) -> Voice:
    """Choose by exact name where one is wanted, else the family liked best.

    The first by name within a family, so that two boots choose the same.

    Args:
        voices: what there is for the language.
        language: BCP 47 tag, for the error.
        wanted: a voice's exact name; None: any.

    Raises:
        EngineError: no such voice, or none at all; names those there are.
    """
    ranked = sorted(voices, key=lambda voice: (_rank(voice.name), voice.name))
    if wanted is None and ranked:
        return ranked[0]
    for voice in ranked:
        if voice.name == wanted:
            return voice
    asked = f"TTS_VOICE={wanted!r}: unknown" if wanted else "text to speech: no voice"
    raise EngineError(f"{asked} for {language}; expected {_listed(ranked)}")


def _rank(name: str) -> int:
    return next((i for i, family in enumerate(PREFERENCE) if family in name), len(PREFERENCE))


def _listed(voices: Sequence[Voice]) -> str:
    if not voices:
        return "a language that Google speaks"
    more = len(voices) - NAMED_MOST
    names = ", ".join(voice.name for voice in voices[:NAMED_MOST])
    return f"one of: {names}" + (f" and {more} more" if more > 0 else "")
