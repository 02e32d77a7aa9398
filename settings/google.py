"""The settings of Google's engines, and the presets of the recogniser's pace.

Owns these fields as one part of `settings.schema.Settings`, which has all checks across fields.
Imports nothing else of the project but `settings.shapes`.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from settings.shapes import matching

PRESETS: Final = {
    "fast": (40, 90, 320, 180),
    "balanced": (60, 110, 320, 180),
    "relaxed": (80, 120, 450, 220),
}
"""What `STT_PRESET` stands for, in milliseconds, in the order of `PRESET_NAMES`."""

PRESET_NAMES: Final = ("stt_batch_ms", "stt_debounce_ms", "stt_timeout_ms", "stt_hangover_ms")

_HOST_AND_PORT: Final = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\]):[1-9]\d{0,4}")
HostAndPort = Annotated[str | None, matching(_HOST_AND_PORT, "host:port, such as 127.0.0.1:50051")]


class GoogleSettings(BaseSettings):
    """The pace of recognition, and the section "Google" of the settings."""

    stt_preset: Literal["fast", "balanced", "relaxed"] = Field(
        default="balanced",
        description="batch, debounce, timeout and hangover in ms where not set by themselves:"
        " fast 40/90/320/180, balanced 60/110/320/180, relaxed 80/120/450/220",
    )
    stt_batch_ms: int = Field(
        default=60, ge=20, le=500, description="audio in one write to the recogniser"
    )
    stt_debounce_ms: int = Field(
        default=110, ge=0, le=1000, description="least time between partials passed on"
    )
    stt_timeout_ms: int = Field(
        default=320,
        ge=100,
        le=5000,
        description="quiet after which an utterance ends without a final",
    )
    stt_hangover_ms: int = Field(
        default=180, ge=40, le=2000, description="quiet after which a voice counts as ended"
    )
    stt_early_finals: bool = Field(
        default=True,
        description="answer Google's stable partials without waiting for the final, which comes"
        " 0.5 to 1 s after the voice",
    )
    stt_api: Literal["v1", "v2"] = Field(
        default="v1", description="version of Google's API; v2 needs a project"
    )
    stt_models: str | None = Field(
        default=None, description="models to try in order, with commas; else those known to be best"
    )
    google_cloud_region: str | None = Field(
        default=None,
        description="such as europe-west4: its endpoint is tried first, then others, at last"
        " the global one",
    )
    google_cloud_project: str | None = Field(
        default=None, description="the project, needed by v2 only; else that of the credentials"
    )
    stt_use_enhanced: bool = Field(
        default=True, description="ask for the enhanced version of a model, where there is one"
    )
    stt_punctuation: bool = Field(
        default=True, description="ask for punctuation, for languages that have it"
    )
    stt_phrase_hints: str | None = Field(
        default=None,
        description="phrases to expect besides the dialogue's, with commas; 500 in all",
    )
    stt_hint_boost: int = Field(
        default=10, ge=0, le=20, description="weight of the phrase hints; 20 is Google's limit"
    )
    stt_channels: int = Field(
        default=2, ge=1, le=8, description="connections to Google; each carries about 100 streams"
    )
    speech_emulator_host: HostAndPort = Field(
        default=None,
        description="host:port of an emulator in Google's place; no TLS, no credentials",
    )
    tts_voice: str | None = Field(
        default=None,
        description="exact name of Google's voice; else Chirp3-HD, Wavenet or Standard",
    )
    tts_at_once: int = Field(
        default=32, ge=1, le=100, description="texts that Google speaks at the same time; more wait"
    )
    tts_first_audio_ms: int = Field(
        default=2500, ge=200, le=30_000, description="from a text to its first audio from Google"
    )
    tts_emulator_host: HostAndPort = Field(
        default=None,
        description="host:port of an emulator of Google's voice; no TLS, no credentials",
    )
    phrase_cache_dir: Path | None = Field(
        default=None,
        description="folder where Google's stock phrases outlive the process; else nowhere",
    )
    phrase_cache_disk_mib: int = Field(
        default=64, ge=1, le=4096, description="room of that folder; 1 MiB is 2 minutes of speech"
    )

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, given: dict[str, Any]) -> dict[str, Any]:
        """A number that is set by itself wins over the preset's."""
        numbers = PRESETS.get(str(given.get("stt_preset", "balanced")), PRESETS["balanced"])
        return dict(zip(PRESET_NAMES, numbers, strict=True)) | given
