"""The settings of what is done with a call from outside its stream: transfer, hang-up, its log.

Owns these fields as one part of `settings.schema.Settings`. Imports nothing of the project.
"""

import re
from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

_ACCOUNT_SID: Final = re.compile(r"AC[0-9a-fA-F]{32}")
"""Twilio's account names (twilio.com/docs/glossary/what-is-a-sid)."""

_API_URL: Final = re.compile(
    r"(?:https://[A-Za-z0-9.-]{1,253}|http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?/?"
)
"""The account's secret goes there with every request: in clear on this machine alone."""

_ADMIN_TOKEN: Final = re.compile(r"[!-~]{16,256}")
"""Visible ASCII, as a header carries it; long enough that guessing is hopeless."""

_SECRET: Final = re.compile(r"[!-~]{1,256}")
"""Visible ASCII: a blank or a line end that slipped in would spoil every signature in silence."""


class TwilioSettings(BaseSettings):
    """The section "calls" of the settings."""

    twilio_account_sid: str | None = Field(
        default=None,
        description="with the token: calls are transferred and ended through Twilio's REST API",
    )
    twilio_api_url: str | None = Field(
        default=None,
        description="in the place of https://api.twilio.com: that of a region, or a test double",
    )
    twilio_api_timeout_ms: int = Field(
        default=3000, ge=200, le=30_000, description="for one request to Twilio's REST API"
    )
    twilio_auth_token_old: SecretStr | None = Field(
        default=None,
        description="the auth token before TWILIO_AUTH_TOKEN, valid besides it while you rotate",
    )
    twilio_shared_key: SecretStr | None = Field(
        default=None,
        description="secret of Twilio's signing key for webhooks, where HMAC-SHA256 is switched on",
    )
    admin_token: SecretStr | None = Field(
        default=None, description="demanded as a bearer token by /calls, /metrics and the pages"
    )
    call_log_dir: Path | None = Field(
        default=None,
        description="folder for a log of events of each call, JSON Lines; else none",
    )
    call_log_replay: bool = Field(
        default=False,
        description="record calls there for replay, sound and words included: private",
    )

    @field_validator("twilio_account_sid")
    @classmethod
    def _account_sid(cls, value: str | None) -> str | None:
        if value is not None and not _ACCOUNT_SID.fullmatch(value):
            raise ValueError("expected AC and 32 hexadecimal digits")
        return value

    @field_validator("twilio_api_url")
    @classmethod
    def _api_url(cls, value: str | None) -> str | None:
        if value is not None and not _API_URL.fullmatch(value):
            raise ValueError("expected https:// and a host, or http:// on this machine; no path")
        return value

    @field_validator("call_log_replay")
    @classmethod
    def _call_log_replay(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001
        if value and info.data.get("call_log_dir") is None:
            raise ValueError("expected CALL_LOG_DIR with it: recordings go there")
        return value

    @field_validator("admin_token")
    @classmethod
    def _admin_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _ADMIN_TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("expected 16 to 256 visible ASCII characters without spaces")
        return value

    @field_validator(
        "twilio_auth_token", "twilio_auth_token_old", "twilio_shared_key", check_fields=False
    )
    @classmethod
    def _secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _SECRET.fullmatch(value.get_secret_value()):
            raise ValueError("expected 1 to 256 visible ASCII characters without spaces")
        return value
