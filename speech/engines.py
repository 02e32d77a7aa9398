"""Makes engines by the names that settings use.

Owns: the list of names, and which engine can do which language. Never imports a model or a
speech library: engines load those in worker processes when they are started. The server
calls the two functions at boot; both answer with one clear line when it cannot work.
"""

import os
from collections.abc import Sequence
from typing import Final

from speech.espeak import EspeakSynthesizer
from speech.google_credentials import HOW, Credentials, find_credentials
from speech.google_options import GoogleOptions
from speech.google_tts_options import GoogleTtsOptions
from speech.instant import InstantRecognizer
from speech.phrase_cache import PhraseCache
from speech.phrase_store import PhraseStore
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
    name: str,
    language: str,
    phrases: Sequence[str],
    *,
    workers: int | None = None,
    google: GoogleOptions | None = None,
    signed: bool = False,
) -> Recognizer:
    """Make a recogniser; nothing runs before its `start()`. May look for credentials, 5 s.

    Args:
        name: one of `RECOGNIZER_NAMES`; `auto` takes the best that works here: Google's where
            credentials are found, else the embedded one.
        language: BCP 47 tag of the dialogue, such as `en-US`.
        phrases: what callers are expected to say.
        workers: worker processes of `pocketsphinx`, 1 or 2; None: by the CPU count.
        google: how to use Google's; without, `auto` does not look for it.
        signed: whether Twilio's callers are served: then `auto` never settles for less.

    Raises:
        EngineError: unknown name, an engine that cannot do this language, or no credentials.
    """
    if name != "google":
        _check("recogniser", name, RECOGNIZER_NAMES)
    if name == "instant":
        return InstantRecognizer(language=language)
    if name == "google":
        return _google_recognizer(google or GoogleOptions(language), phrases, None)
    if name == "auto" and google is not None:
        return _best_recognizer(language, phrases, google, workers, signed=signed)
    _require_english(name, language, "recogniser")
    return PocketsphinxRecognizer(phrases, workers=workers)


def _best_recognizer(
    language: str,
    phrases: Sequence[str],
    google: GoogleOptions,
    workers: int | None,
    *,
    signed: bool,
) -> Recognizer:
    found = find_credentials(google.emulator_host)
    if found is not None:
        return _google_recognizer(google, phrases, found)
    if signed:
        raise EngineError(
            "STT_ENGINE=auto: TWILIO_AUTH_TOKEN is set and no Google credentials were found;"
            f" {HOW}; or say STT_ENGINE=pocketsphinx, which knows English only"
        )
    _require_english("auto", language, "recogniser")
    embedded = PocketsphinxRecognizer(phrases, workers=workers)
    embedded.about += "; taken because no Google credentials were found"
    return embedded


def _google_recognizer(
    options: GoogleOptions, phrases: Sequence[str], credentials: Credentials | None
) -> Recognizer:
    _quiet_grpc()
    from speech.google_recognizer import GoogleRecognizer  # noqa: PLC0415  # 60 MB of libraries

    return GoogleRecognizer(options, phrases, credentials)


def make_synthesizer(
    name: str,
    language: str,
    *,
    cache_bytes: int = DEFAULT_CACHE_BYTES,
    google: GoogleTtsOptions | None = None,
) -> PhraseCache:
    """Make a synthesiser behind a phrase cache; nothing runs before its `start()`.

    May look for credentials, 5 s.

    Args:
        name: one of `SYNTHESIZER_NAMES`; `auto` takes the best that works here: Google's where
            credentials are found, else the embedded one.
        language: BCP 47 tag of the dialogue, such as `en-US`.
        cache_bytes: bound of the phrase cache in bytes of µ-law.
        google: how to use Google's; without, `auto` does not look for it.

    Raises:
        EngineError: unknown name, an engine that cannot do this language, or no credentials.
    """
    _check("synthesiser", name, SYNTHESIZER_NAMES)
    if name == "tone":
        return PhraseCache(ToneSynthesizer(language=language), max_bytes=cache_bytes)
    if name == "google" or (name == "auto" and google is not None):
        options = google or GoogleTtsOptions()
        found = find_credentials(options.emulator_host)
        if found is not None:
            return _google_synthesizer(language, options, found, cache_bytes)
        if name == "google":
            raise EngineError(f"TTS_ENGINE=google: no Google credentials were found; {HOW}")
    _require_english(name, language, "synthesiser")
    return PhraseCache(EspeakSynthesizer(), max_bytes=cache_bytes)


def _quiet_grpc() -> None:
    """Keep gRPC from writing to stderr by itself, past the log sink, unless asked to.

    It reads this when it is imported.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")


def _google_synthesizer(
    language: str, options: GoogleTtsOptions, credentials: Credentials, cache_bytes: int
) -> PhraseCache:
    _quiet_grpc()
    from speech.google_synthesizer import GoogleSynthesizer  # noqa: PLC0415  # 60 MB of libraries

    folder = options.phrase_folder
    store = PhraseStore(folder, options.phrase_disk_bytes) if folder else None
    engine = GoogleSynthesizer(language, options, credentials.secret, store)
    return PhraseCache(engine, max_bytes=cache_bytes, store=store, voice=lambda: engine.voice)


def _check(kind: str, name: str, names: Sequence[str]) -> None:
    if name not in names:
        raise EngineError(f"{kind} {name!r} is unknown; use one of: {', '.join(names)}")


def _require_english(name: str, language: str, kind: str) -> None:
    primary = language.replace("_", "-").split("-")[0].lower()
    if primary == "en":
        return
    spoken = "Hebrew" if primary in {"he", "iw"} else f"language {language!r}"
    raise EngineError(
        f"{kind} {name}: the embedded engines know English only, and the dialogue is"
        f" {spoken}; {spoken} needs Google's engines: {HOW}"
    )
