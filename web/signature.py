"""Twilio's signature: was a request signed with a secret of ours, over what it really is?

Owns what is signed (URL, form, hash of another body) and which secret goes with which
algorithm. The URL comes from `PUBLIC_HOST`, never from what the request says of itself. Pure:
computes with Twilio's own package, reads no clock and logs nothing; the guard is its only user.
Facts: twilio.com/docs/usage/security, and the package's `request_validator`.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, cast
from urllib.parse import parse_qs

from twilio import request_validator  # type: ignore[import-untyped]  # ships no types

from web.knock import Knock

SIGNATURE_HEADER: Final = "x-twilio-signature"
"""The signature: an HMAC in base64."""

SETTINGS_HEADER: Final = "x-twilio-webhooks-signature-settings"
"""`key=...,algorithm=HMAC_SHA256` on what Twilio signs with a shared key; absent on what it
signs with the account's auth token, by HMAC-SHA1."""

BODY_HASH: Final = "bodySHA256"
"""The query parameter, signed with the URL, that holds the hash of a body that is no form."""

HTTPS_PORT: Final = ":443"
"""The port that `https` and `wss` URLs mean when they name none."""

MAX_QUERY_FIELDS: Final = 200
"""Most fields of a query that are looked at for the hash of the body."""

_twilio: Any = request_validator

Fields = Mapping[str, Sequence[str]]
"""Every value of every name of a form."""


class _Validator(Protocol):
    """What is used of twilio's untyped `RequestValidator`."""

    def compute_signature(self, uri: str, params: "_Form", algorithm: str) -> str: ...


class Signatures:
    """Checks signatures against our secrets."""

    def __init__(self, auth_tokens: Sequence[str], shared_key: str | None = None) -> None:
        """Take the secrets.

        Args:
            auth_tokens: the account's; two while they are rotated.
            shared_key: the secret of Twilio's signing key for webhooks, for HMAC-SHA256 alone.
        """
        # A secret is tried with its own algorithm only: whoever asks must not choose.
        self._validators = {
            _twilio.HMAC_SHA1: [_validator(token) for token in auth_tokens],
            _twilio.HMAC_SHA256: [_validator(shared_key)] if shared_key else [],
        }

    def match(self, scheme: str, public_host: str, knock: Knock, fields: Fields) -> bool:
        """Whether the request's signature is one of ours over its URL and form.

        Args:
            scheme: `https`, or `wss` for an upgrade.
            public_host: the host name Twilio knows us by, perhaps with a port.
            knock: the request.
            fields: its form; empty where there is none.
        """
        sent = knock.headers.get(SIGNATURE_HEADER, "").encode("latin-1", "replace")
        algorithm = _algorithm(knock.headers.get(SETTINGS_HEADER, ""))
        form = _Form(fields)
        return any(
            hmac.compare_digest(validator.compute_signature(url, form, algorithm).encode(), sent)
            for validator in self._validators.get(algorithm, ())
            for url in signed_urls(scheme, public_host, knock)
        )


def covers(knock: Knock, fields: Fields, body: bytes) -> bool:
    """Whether a right signature vouches for the body too: by the form, or by its hash.

    A hash that is there must be right whatever the body is: else a signed JSON request could be
    sent again with another body and called a form.
    """
    try:
        query = parse_qs(knock.query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        return False
    if BODY_HASH not in query:
        return bool(fields) or not body
    right = hashlib.sha256(body).hexdigest()
    sent = query[BODY_HASH][0].lower().encode("utf-8", "replace")
    return len(query[BODY_HASH]) == 1 and hmac.compare_digest(right.encode(), sent)


def signed_urls(scheme: str, public_host: str, knock: Knock) -> Iterator[str]:
    """Every URL that Twilio may have signed when it sent this request.

    With and without the port, for Twilio does either; with and without the last slash of the
    path, for proxies do.
    """
    name, colon, port = public_host.partition(":")
    bases = (f"{scheme}://{name}", f"{scheme}://{name}{colon + port or HTTPS_PORT}")
    bare = knock.path.removesuffix("/")
    other = bare if bare != knock.path else f"{bare}/"
    query = f"?{knock.query}" if knock.query else ""
    for base in bases:
        yield base + knock.target
        yield base + other + query


def _validator(secret: str) -> _Validator:
    return cast("_Validator", _twilio.RequestValidator(secret))


def _algorithm(settings_header: str) -> str:
    return cast("str", _twilio.get_signature_algorithm(settings_header)).upper()


class _Form(dict[str, Sequence[str]]):
    """A form as the package reads it: `getlist` gives the values of one name."""

    def getlist(self, name: str) -> Sequence[str]:
        """Return every value that was sent under a name, blank ones too."""
        return self[name]
