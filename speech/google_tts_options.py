"""How Google's synthesiser is to be used: one value made of the settings.

Pure data. The synthesiser takes it, so that tools can use the engine without the server.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from settings import ROOT, Settings

BYTES_PER_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class GoogleTtsOptions:
    """The settings of Google's voice, and the times that are no settings."""

    voice: str | None = None
    """A voice's exact name; None: the one liked best of those the language has."""

    emulator_host: str | None = None
    """`host:port` of an emulator, spoken to without TLS and credentials."""

    at_once: int = 32
    """Syntheses under way; Google's default quota is some 100 streams at the same time."""

    waiting_max: int = 128
    """Texts that wait for their turn; further ones fail at once."""

    first_audio_s: float = 2.5
    """From the text to its first audio, time in line included: nobody waits longer than 3 s
    in silence without thinking that the line is dead. Usual are 0.2 to 0.7 s."""

    whole_s: float = 30.0
    """From the text to its last audio: two minutes of speech come in about a fifth of that."""

    voices_s: float = 5.0
    """For the list of voices at boot."""

    phrase_folder: Path | None = None
    """Where stock phrases outlive the process; None: nowhere."""

    phrase_disk_bytes: int = 64 * BYTES_PER_MIB
    """Bound of what lies there."""


def google_tts_options(settings: Settings) -> GoogleTtsOptions:
    """Take from the settings what concerns the synthesiser."""
    folder = settings.phrase_cache_dir
    return GoogleTtsOptions(
        voice=settings.tts_voice,
        emulator_host=settings.tts_emulator_host,
        at_once=settings.tts_at_once,
        first_audio_s=settings.tts_first_audio_ms / 1000,
        phrase_folder=ROOT / folder if folder else None,
        phrase_disk_bytes=settings.phrase_cache_disk_mib * BYTES_PER_MIB,
    )
