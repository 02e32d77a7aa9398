"""The settings of what is kept of each call: its log of events, its recording.

Owns these fields as one part of `settings.schema.Settings`. Imports nothing of the project.
"""

from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings


class CallLogSettings(BaseSettings):
    """The section "call log" of the settings."""

    call_log_dir: Path | None = Field(
        default=None,
        description="folder for a log of events of each call, JSON Lines; else none",
    )
    call_log_replay: bool = Field(
        default=False,
        description="record calls there for replay, sound and words included: private",
    )

    @field_validator("call_log_replay")
    @classmethod
    def _with_a_folder(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001
        if value and info.data.get("call_log_dir") is None:
            raise ValueError("expected CALL_LOG_DIR with it: recordings go there")
        return value
