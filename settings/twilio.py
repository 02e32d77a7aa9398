"""The settings of what is done with a call from outside its stream: transfer, hang-up, its log.

Owns these fields as one part of `settings.schema.Settings`. Imports nothing of the project.
"""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class TwilioSettings(BaseSettings):
    """The section "calls" of the settings."""

    twilio_account_sid: str | None = Field(
        default=None,
        description="with the token: calls are transferred and ended through Twilio's REST API",
    )
    twilio_api_url: str | None = Field(
        default=None, description="a server in the place of https://api.twilio.com"
    )
    twilio_api_timeout_ms: int = Field(
        default=3000, ge=200, le=30_000, description="for one request to Twilio's REST API"
    )
    admin_token: SecretStr | None = Field(
        default=None, description="demanded as a bearer token by /calls, /metrics and the pages"
    )
    call_log_dir: Path | None = Field(
        default=None,
        description="folder for a log of events of each call, JSON Lines; else none",
    )
