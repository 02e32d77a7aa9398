"""Makes engines by the names that settings use.

Owns: the list of names, and which engine can do which language. Never imports a model or a
speech library: engines load those in worker processes when they are started. The server
calls the two functions at boot; both answer with one clear line when it cannot work.
"""

from collections.abc import Sequence
from typing import Final

from speech.espeak import EspeakSynthesizer
from speech.instant import InstantRecognizer
from speech.phrase_cache import PhraseCache
from speech.pocketsphinx import PocketsphinxRecognizer
from speech.ports import EngineError, Recognizer
from speech.tone import ToneSynthesizer

RECOGNIZER_NAMES: Final = ("auto", "pocketsphinx", "instant", "google")
"""What `make_recognizer` takes."""

SYNTHESIZER_NAMES: Final = ("auto", "espeak", "tone", "google")
"""What `make_synthesizer` takes."""

DEFAULT_CACHE_BYTES: Final = 8_000_000
"""Synthesised phrases kept: about 17 minutes of µ-law."""


def make_recognizer(
    name: str, language: str, phrases: Sequence[str], *, workers: int | None = None
) -> Recognizer:
    """Make a recogniser; nothing runs before its `start()`.

    Args:
        name: one of `RECOGNIZER_NAMES`; `auto` takes the best that works here.
        language: BCP 47 tag of the dialogue, such as `en-US`.
        phrases: what callers are expected to say.
        workers: worker processes of `pocketsphinx`, 1 or 2; None: by the CPU count.

    Raises:
        EngineError: unknown name, or an engine that cannot do this language.
    """
    _check("recogniser", name, RECOGNIZER_NAMES)
    if name == "instant":
        return InstantRecognizer(language=language)
    _require_english(name, language, "recogniser")
    return PocketsphinxRecognizer(phrases, workers=workers)


def make_synthesizer(
    name: str, language: str, *, cache_bytes: int = DEFAULT_CACHE_BYTES
) -> PhraseCache:
    """Make a synthesiser behind a phrase cache; nothing runs before its `start()`.

    Args:
        name: one of `SYNTHESIZER_NAMES`; `auto` takes the best that works here.
        language: BCP 47 tag of the dialogue, such as `en-US`.
        cache_bytes: bound of the phrase cache in bytes of µ-law.

    Raises:
        EngineError: unknown name, or an engine that cannot do this language.
    """
    _check("synthesiser", name, SYNTHESIZER_NAMES)
    if name == "tone":
        return PhraseCache(ToneSynthesizer(language=language), max_bytes=cache_bytes)
    _require_english(name, language, "synthesiser")
    return PhraseCache(EspeakSynthesizer(), max_bytes=cache_bytes)


def _check(kind: str, name: str, names: Sequence[str]) -> None:
    if name == "google":
        raise EngineError(f"{kind} google is not available in this version; use auto")
    if name not in names:
        raise EngineError(f"{kind} {name!r} is unknown; use one of: {', '.join(names)}")


def _require_english(name: str, language: str, kind: str) -> None:
    primary = language.replace("_", "-").split("-")[0].lower()
    if primary == "en":
        return
    spoken = "Hebrew" if primary in {"he", "iw"} else f"language {language!r}"
    raise EngineError(
        f"{kind} {name}: the embedded engines know English only, and the dialogue is"
        f" {spoken}; {spoken} needs Google's engines, which this version does not have yet"
    )
