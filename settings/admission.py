"""The settings of admission: when the server has enough calls, and where the others go.

Owns these fields as one part of `settings.schema.Settings`. Imports nothing of the
project but `settings.shapes`.
"""

import posixpath
import re
from typing import Annotated, Final
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings

from settings.shapes import matching

_OVERLOAD_URL: Final = re.compile(
    r"(?:https://[A-Za-z0-9.-]{1,253}|http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?"
    r"(?:[/?][!-~]{0,1000})?"
)
"""An address that Twilio can fetch; `http://` on this machine alone, for the phone of tests."""


OverloadUrl = Annotated[
    str | None, matching(_OVERLOAD_URL, "https:// and a host, or http:// on this machine")
]


class AdmissionSettings(BaseSettings):
    """The section "admission" of the settings."""

    ready_calls_percent: int = Field(
        default=90,
        ge=10,
        le=100,
        description="of MAX_CALLS: /readyz turns red, before calls are refused",
    )
    load_window_s: int = Field(
        default=10,
        ge=2,
        le=60,
        description="over which load is measured: longer than one hiccup, shorter than a rush",
    )
    load_late_percent: int = Field(
        default=15,
        ge=0,
        le=90,
        description="of that time lost to an event loop late by over 20 ms: new calls are refused;"
        " 0 for never",
    )
    load_gaps_per_minute: int = Field(
        default=30,
        ge=0,
        le=3000,
        description="heard in the average call because frames were late: new calls are refused;"
        " 0 for never",
    )
    ready_load_percent: int = Field(
        default=50,
        ge=10,
        le=100,
        description="of either limit of load: /readyz turns red, before calls are refused",
    )
    overload_url: OverloadUrl = Field(
        default=None,
        description="TwiML for calls that do not fit, such as another site's voice webhook;"
        " else they are told so in words",
    )


def leads_back(overload_url: str | None, public_host: str | None) -> bool:
    """Whether calls that do not fit would be sent to this server's own webhooks.

    Args:
        overload_url: as `OverloadUrl` allows it.
        public_host: the name Twilio reaches this server by, perhaps with a port.
    """
    if overload_url is None or public_host is None:
        return False
    theirs, ours = urlsplit(overload_url), urlsplit(f"https://{public_host}")
    # Proxies join slashes, resolve dots and percent signs before they pass a path on.
    path = re.sub("/+", "/", posixpath.normpath(unquote(theirs.path) or "/")).lower()
    return _address(theirs) == _address(ours) and f"{path}/".startswith("/webhook/")


def _address(url: SplitResult) -> tuple[str, int | None]:
    """The host and the port that a URL means, however they are written."""
    host = (url.hostname or "").removesuffix(".")
    try:
        port = url.port
    except ValueError:  # past 65535: nobody's
        return host, None
    return host, port or {"https": 443, "http": 80}[url.scheme]
