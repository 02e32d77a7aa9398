"""The settings of what is between us and Twilio: names, secrets, its REST API.

Owns these fields as one part of `settings.schema.Settings`. Imports nothing of the
project but `settings.shapes`.
"""

import re
from typing import Annotated, Final

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from settings.shapes import matching

_ACCOUNT_SID: Final = re.compile(r"AC[0-9a-fA-F]{32}")
"""Twilio's account names (twilio.com/docs/glossary/what-is-a-sid)."""

_API_URL: Final = re.compile(
    r"(?:https://[A-Za-z0-9.-]{1,253}|http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?/?"
)
"""The account's secret goes there with every request: in clear on this machine alone."""

_HOST_NAME: Final = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::([1-9]\d{0,4}))?"
)

MAX_PORT: Final = 65535

_SECRET: Final = re.compile(r"[!-~]{1,256}")
"""Visible ASCII: a blank or a line end that slipped in would spoil every signature in silence."""


AccountSid = Annotated[str | None, matching(_ACCOUNT_SID, "AC and 32 hexadecimal digits")]
ApiUrl = Annotated[
    str | None, matching(_API_URL, "https:// and a host, or http:// on this machine; no path")
]
Secret = Annotated[
    SecretStr | None, matching(_SECRET, "1 to 256 visible ASCII characters without spaces")
]


class TwilioSettings(BaseSettings):
    """The section "Twilio" of the settings."""

    public_host: str | None = Field(
        default=None,
        description="host name Twilio reaches, perhaps with :port; signatures are checked"
        " against it",
    )
    twilio_auth_token: Secret = Field(
        default=None,
        description="checks Twilio's signatures; without it only loopback callers are served",
    )
    twilio_account_sid: AccountSid = Field(
        default=None,
        description="with the token: calls are transferred and ended through Twilio's REST API",
    )
    twilio_api_url: ApiUrl = Field(
        default=None,
        description="in the place of https://api.twilio.com: that of a region, or a test double",
    )
    twilio_api_timeout_ms: int = Field(
        default=3000, ge=200, le=30_000, description="for one request to Twilio's REST API"
    )
    twilio_auth_token_old: Secret = Field(
        default=None,
        description="the auth token before TWILIO_AUTH_TOKEN, valid besides it while you rotate",
    )
    twilio_shared_key: Secret = Field(
        default=None,
        description="secret of Twilio's signing key for webhooks, where HMAC-SHA256 is switched on",
    )

    @field_validator("public_host")
    @classmethod
    def _host_only(cls, value: str | None) -> str | None:
        """Signatures are over the literal URL: a scheme or a path here would break them all."""
        match = _HOST_NAME.fullmatch(value or "localhost")
        if match is None or int(match[1] or 0) > MAX_PORT:
            raise ValueError("expected a host name only, such as voice.example.com")
        return value
