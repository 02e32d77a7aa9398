"""Who may come in. Closed unless a check opens it.

Without an auth token only programs on this machine are served: no forwarder in between, no
foreign Host (DNS rebinding), no page in a local browser: a foreign Origin, or Sec-Fetch-Site where
a browser sends no Origin. With a token, webhooks and media sockets must carry Twilio's signature
over the URL that `PUBLIC_HOST` makes: never over what the request says of itself. Pages that show
calls are for this machine, or, where there is an admin token, for whoever sends it. Pure; every
check returns the reason of the refusal in one word or None, and callers answer 403, or 401 for
`NO_BEARER`, and count.
"""

import hmac
from typing import Final
from urllib.parse import urlsplit

from settings import is_loopback
from web.knock import Knock
from web.signature import SETTINGS_HEADER, SIGNATURE_HEADER, Fields, Signatures, covers

NO_BEARER: Final = "bearer"
"""The reason for a missing or wrong bearer token: the one that more credentials may cure."""

UNSIGNED: Final = "signature"
"""The reason for a missing or wrong signature of Twilio's."""

FORWARDER_HEADERS: Final = frozenset(
    {
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "true-client-ip",
        "x-original-host",
        "i-twilio-idempotency-token",
        SIGNATURE_HEADER,
        SETTINGS_HEADER,
    }
)
"""Headers that nothing on this machine sends: they come through a proxy or a tunnel."""

OWN_FETCHES: Final = frozenset({"same-origin", "none"})
"""What a browser calls a fetch by our own pages, and one by its user (W3C Fetch Metadata, 2.4). It
sends `Sec-Fetch-Site` where it sends no `Origin`: with pictures, frames, links."""

FORWARDER_PREFIXES: Final = ("x-forwarded", "x-envoy-", "cf-", "ngrok-", "x-ngrok-", "fly-")
"""The same by the beginning of the name (Cloudflare, Envoy, ngrok, Fly)."""


class Guard:
    """Checks every request and every upgrade."""

    def __init__(
        self,
        *,
        auth_token: str | None,
        public_host: str | None,
        admin_token: str | None = None,
        old_auth_token: str | None = None,
        shared_key: str | None = None,
    ) -> None:
        """Set up the checks.

        Args:
            auth_token: Twilio's secret; None: only this machine is served.
            public_host: the host name Twilio knows us by, perhaps with a port.
            admin_token: what operators send; None: they are served on this machine alone.
            old_auth_token: valid besides `auth_token`, while they are rotated.
            shared_key: the secret of Twilio's signing key, for HMAC-SHA256.
        """
        self._admin_token = admin_token.encode() if admin_token is not None else None
        tokens = [token for token in (auth_token, old_auth_token) if token]
        self._signatures = Signatures(tokens, shared_key) if auth_token else None
        self._public_host = public_host or ""

    @property
    def signed(self) -> bool:
        """Whether signatures and tokens are demanded."""
        return self._signatures is not None

    def refuse_request(self, knock: Knock) -> str | None:
        """Check any HTTP request; webhooks are checked for their signature besides."""
        return None if self.signed else not_local(knock)

    def refuse_operator(self, knock: Knock) -> str | None:
        """Check a request for a page that shows calls: the admin token, else this machine."""
        if self._admin_token is None:
            return not_local(knock)
        scheme, _, sent = knock.headers.get("authorization", "").partition(" ")
        # Headers came as Latin-1 (RFC 9110, 5.5): this is what was on the wire.
        right = hmac.compare_digest(sent.strip().encode("latin-1", "replace"), self._admin_token)
        return None if right and scheme.lower() == "bearer" else NO_BEARER

    def refuse_unsigned(self, knock: Knock) -> str | None:
        """Check that there is a signature at all: before a byte of the body is read."""
        return UNSIGNED if self.signed and SIGNATURE_HEADER not in knock.headers else None

    def refuse_webhook(self, knock: Knock, form: Fields, body: bytes = b"") -> str | None:
        """Check the signature of a webhook over its URL, and over its form or its body."""
        if self._signatures is None:
            return None
        whole = covers(knock, form, body)
        right = self._signatures.match("https", self._public_host, knock, form)
        return None if right and whole else UNSIGNED

    def refuse_upgrade(self, knock: Knock) -> str | None:
        """Check the upgrade of a media socket: Twilio signs the `wss` URL of the TwiML."""
        if self._signatures is None:
            return not_local(knock)
        right = self._signatures.match("wss", self._public_host, knock, {})
        return None if right else UNSIGNED


def not_local(knock: Knock) -> str | None:
    """Return why a request is not surely from a program on this machine, or None."""
    if not is_loopback(knock.peer_host):
        return "remote"
    if any(_forwarded(name) for name in knock.headers):
        return "forwarded"
    if not is_loopback(host_name(knock.headers.get("host", ""))):
        return "host"
    origin = knock.headers.get("origin")
    if origin is not None and not is_loopback(_origin_name(origin)):
        return "origin"
    if knock.headers.get("sec-fetch-site", "none") not in OWN_FETCHES:
        return "origin"
    return None


def host_name(authority: str) -> str:
    """Return the name in `name:port`, lower-case; empty where it is not of that shape."""
    try:
        parts = urlsplit(f"//{authority}")
        named = parts.hostname is not None and parts.port != 0
    except ValueError:
        return ""
    clean = parts.netloc == authority and "@" not in authority
    return parts.hostname or "" if named and clean else ""


def _origin_name(origin: str) -> str:
    scheme, separator, authority = origin.partition("://")
    return host_name(authority) if separator and scheme in {"http", "https"} else ""


def _forwarded(header: str) -> bool:
    return header in FORWARDER_HEADERS or header.startswith(FORWARDER_PREFIXES)
