"""Who may come in. Closed unless a check opens it.

Without an auth token only programs on this machine are served: no forwarder in between, no
foreign Host (DNS rebinding), no foreign Origin (a web page in a local browser). With one,
webhooks and media sockets must carry Twilio's signature over the URL that `PUBLIC_HOST`
makes: never over what the request says of itself. Pages that show calls are for this machine,
or, where there is an admin token, for whoever sends it. Pure; every check returns the reason
of the refusal in one word or None, and callers answer 403, or 401 for `NO_BEARER`, and count.
"""

import hmac
from collections.abc import Iterator, Mapping
from typing import Final, Protocol, cast
from urllib.parse import urlsplit

from twilio.request_validator import (  # type: ignore[import-untyped]  # ships no types
    RequestValidator,
)

from settings import is_loopback
from web.knock import Knock

NO_BEARER: Final = "bearer"
"""The reason for a missing or wrong bearer token: the one that more credentials may cure."""

SIGNATURE_HEADER: Final = "x-twilio-signature"
"""Twilio's signature, HMAC-SHA1 in base64 (twilio.com/docs/usage/security)."""

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
    }
)
"""Headers that nothing on this machine sends: they come through a proxy or a tunnel."""

FORWARDER_PREFIXES: Final = ("x-forwarded", "x-envoy-", "cf-", "ngrok-", "x-ngrok-", "fly-")
"""The same by the beginning of the name (Cloudflare, Envoy, ngrok, Fly)."""


class _Validator(Protocol):
    """What is used of twilio's untyped `RequestValidator`."""

    def validate(self, uri: str, params: "_Form", signature: str) -> bool: ...


class Guard:
    """Checks every request and every upgrade."""

    def __init__(
        self, *, auth_token: str | None, public_host: str | None, admin_token: str | None = None
    ) -> None:
        """Set up the checks.

        Args:
            auth_token: Twilio's secret; None: only this machine is served.
            public_host: the host name Twilio knows us by, perhaps with a port.
            admin_token: what operators send; None: they are served on this machine alone.
        """
        self._admin_token = admin_token.encode() if admin_token is not None else None
        self._validator = cast("_Validator", RequestValidator(auth_token)) if auth_token else None
        self._public_host = public_host or ""

    @property
    def signed(self) -> bool:
        """Whether signatures and tokens are demanded."""
        return self._validator is not None

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

    def refuse_webhook(self, knock: Knock, form: Mapping[str, list[str]]) -> str | None:
        """Check the signature of a webhook over its URL and form."""
        return self._refuse_unsigned("https", knock, form)

    def refuse_upgrade(self, knock: Knock) -> str | None:
        """Check the upgrade of a media socket: Twilio signs the `wss` URL of the TwiML."""
        if not self.signed:
            return not_local(knock)
        return self._refuse_unsigned("wss", knock, {})

    def _refuse_unsigned(
        self, scheme: str, knock: Knock, form: Mapping[str, list[str]]
    ) -> str | None:
        if self._validator is None:
            return None
        signature = knock.headers.get(SIGNATURE_HEADER, "")
        url = f"{scheme}://{self._public_host}"
        params = _Form(form)
        for target in _with_and_without_slash(knock):
            if self._validator.validate(url + target, params, signature):
                return None
        return "signature"


class _Form(dict[str, list[str]]):
    """A form as the validator reads it: `getlist` gives the values of one name."""

    def getlist(self, name: str) -> list[str]:
        """Return every value that was sent under a name, blank ones too."""
        return self[name]


def _with_and_without_slash(knock: Knock) -> Iterator[str]:
    """The path as sent, then with its last slash taken away or added: proxies do either."""
    query = f"?{knock.query}" if knock.query else ""
    bare = knock.path.removesuffix("/")
    other = bare if bare != knock.path else f"{bare}/"
    yield knock.target
    yield other + query


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
