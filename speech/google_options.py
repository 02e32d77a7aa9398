"""How Google's recogniser is to be used: one value made of the settings, and the phrase hints.

Pure data. The recogniser takes it, so that tools can use the engine without the server.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from settings import Settings

MAX_HINTS: Final = 500
"""Phrases given to the recogniser as hints; Google takes 5000, each costs at every opening."""

MAX_HINT_CHARACTERS: Final = 100
"""Google's limit for one phrase; longer ones are left out."""

_HEBREW: Final = frozenset({"he", "iw", "he-il", "iw-il"})


@dataclass(frozen=True, slots=True)
class GoogleOptions:
    """The settings of the section "Google", and the language of the dialogue."""

    language: str = "he-IL"
    api: Literal["v1", "v2"] = "v1"
    models: tuple[str, ...] = ()
    """What to try, in order; empty: what is known to be best."""

    region: str | None = None
    project: str | None = None
    """Only the second version needs it; None: the project of the credentials."""

    use_enhanced: bool = True
    punctuation: bool = True
    hints: tuple[str, ...] = ()
    """More phrases to expect than the dialogue has."""

    hint_boost: int = 10
    """0 to 20; 0: hints without weight."""

    emulator_host: str | None = None
    """`host:port` of an emulator, spoken to without TLS and credentials."""

    channels: int = 2
    early_finals: bool = True
    """Whether a partial may be answered before its final has come."""


def google_options(settings: Settings, language: str) -> GoogleOptions:
    """Take from the settings what concerns the recogniser."""
    return GoogleOptions(
        language=language,
        api=settings.stt_api,
        models=_listed(settings.stt_models),
        region=settings.google_cloud_region,
        project=settings.google_cloud_project,
        use_enhanced=settings.stt_use_enhanced,
        punctuation=settings.stt_punctuation,
        hints=_listed(settings.stt_phrase_hints),
        hint_boost=settings.stt_hint_boost,
        emulator_host=settings.speech_emulator_host,
        channels=settings.stt_channels,
        early_finals=settings.stt_early_finals,
    )


def phrase_hints(*sources: Iterable[str]) -> tuple[str, ...]:
    """Return the hints that may be sent: each once, none too long, the first 500."""
    texts = (text.strip() for source in sources for text in source)
    fitting = (text for text in texts if 0 < len(text) <= MAX_HINT_CHARACTERS)
    return tuple(dict.fromkeys(fitting))[:MAX_HINTS]


def is_hebrew(language: str) -> bool:
    """Whether a tag means Hebrew; Google knows it by the old code as well."""
    return language.replace("_", "-").lower() in _HEBREW


def _listed(text: str | None) -> tuple[str, ...]:
    parts = (part.strip() for part in (text or "").split(","))
    return tuple(part for part in parts if part)
