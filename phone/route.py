"""Where the phone really goes for a URL that the server believes to be public.

Pure. A server on this machine gives out its public name (`wss://agent.example.com/…`); the
phone signs that name, as Twilio would, and connects to the machine it was told to call.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from phone.twiml import is_loopback

_PLAIN: Final = {"https": "http", "wss": "ws"}
_SECURE: Final = {"http": "https", "ws": "wss"}


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one server."""

    server_url: str
    """Where the server is reached, such as `http://localhost:8080`."""

    public_url: str | None = None
    """What Twilio would know it as; None when that is the same."""

    ws_url: str | None = None
    """Overrides where the media socket is dialled; the signature still covers the TwiML's."""

    def public(self, path: str) -> str:
        """The URL Twilio would call for a path, which is the one that is signed."""
        return (self.public_url or self.server_url).rstrip("/") + path

    def reachable(self, url: str) -> str:
        """Map a URL as Twilio sees it to one that works from here."""
        server, wanted = urlsplit(self.server_url), urlsplit(url)
        known = self.public_url is not None and wanted.netloc == urlsplit(self.public_url).netloc
        if not known and not (server.scheme == "http" and is_loopback(server.hostname)):
            return url
        schemes = _SECURE if server.scheme == "https" else _PLAIN
        scheme = schemes.get(wanted.scheme, wanted.scheme)
        return urlunsplit((scheme, server.netloc, wanted.path, wanted.query, ""))

    def socket(self, url: str) -> str:
        """The same for the media socket."""
        return self.ws_url or self.reachable(url)
