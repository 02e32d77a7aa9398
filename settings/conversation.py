"""The settings of turn taking: when the caller counts as speaking, and what interrupts.

Owns these fields as one part of `settings.schema.Settings`. Imports nothing of the project.
"""

from pydantic import Field
from pydantic_settings import BaseSettings


class ConversationSettings(BaseSettings):
    """The section "conversation" of the settings."""

    voice_onset_ms: int = Field(
        default=60, ge=20, le=500, description="of voice until the caller counts as speaking"
    )
    barge_in_confirm_ms: int = Field(
        default=160, ge=80, le=2000, description="of voice until it stops the agent's speech"
    )
    barge_in_min_words: int = Field(
        default=1,
        ge=1,
        le=10,
        description="words of the caller, backchannels not counted, that end the agent's reply",
    )
    resume_after_ms: int = Field(
        default=700,
        ge=200,
        le=5000,
        description="quiet without words after which the agent goes on with what it was saying",
    )
    filler_after_ms: int = Field(
        default=2000,
        ge=0,
        le=10_000,
        description="without an answer until the agent says that it is looking; 0 for never",
    )
    reply_max_audio_s: int = Field(
        default=60,
        ge=1,
        le=300,
        description="of speech that waits in one reply; a text longer than this is cut",
    )
    utterance_max_chars: int = Field(
        default=2000, ge=100, le=20_000, description="of one transcript; the rest is cut"
    )
