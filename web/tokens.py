"""One-time tokens: what lets a media socket claim a call.

A token is made for the signed webhook's CallSid, travels in the TwiML, and comes back in the
stream's `start`. It holds its expiry and a nonce, under a MAC over both and the CallSid, with a
key that only this process has. It works once, for that call, for a while, and only where it was
made: several processes behind one name would need the socket of a call to reach the process that
answered its webhook, or a key and a memory of burnt tokens in common.

The table of unused tokens is bounded; the webhook issues, the call session redeems.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Final

NONCE_BYTES: Final = 16
"""Random bytes in a token, so that no two are alike: 128 bits."""

KEY_BYTES: Final = 32
"""Length of the key, as long as the hash it is used with (RFC 2104, 3)."""

MAX_TOKEN_CHARS: Final = 200
"""Longest text that is looked at as a token. Ours have about 80 characters."""


class Tokens:
    """The tokens that were issued and not yet used, at most one for each call."""

    def __init__(self, *, ttl_s: float, max_tokens: int, now: Callable[[], float]) -> None:
        """Begin empty, with a key of its own.

        Args:
            ttl_s: life of a token in seconds.
            max_tokens: unused tokens kept; the oldest goes when another one comes. Where every
                token that lost its place is revoked, that one has expired.
            now: the monotonic clock.
        """
        self._ttl_s = ttl_s
        self._max_tokens = max_tokens
        self._now = now
        self._key = secrets.token_bytes(KEY_BYTES)
        self._unused: dict[str, str] = {}
        """The nonce of each call's latest token."""

    def __len__(self) -> int:
        return len(self._unused)

    def issue(self, call_sid: str) -> str:
        """Make the token of a call; an older one of the same call works no longer."""
        self._unused.pop(call_sid, None)
        if len(self._unused) >= self._max_tokens:
            del self._unused[next(iter(self._unused))]
        nonce = self._unused[call_sid] = secrets.token_urlsafe(NONCE_BYTES)
        expiry = str(round((self._now() + self._ttl_s) * 1000))
        return f"{expiry}.{nonce}.{self._mac(call_sid, expiry, nonce)}"

    def revoke(self, call_sid: str) -> None:
        """Make the token of a call work no longer. Harmless without one."""
        self._unused.pop(call_sid, None)

    def redeem(self, call_sid: str, token: str) -> bool:
        """Use a token up; False when it is not, or no longer, the one of this call."""
        expiry, _, rest = token[:MAX_TOKEN_CHARS].partition(".")
        nonce, _, mac = rest.partition(".")
        right = self._mac(call_sid, expiry, nonce)
        if not hmac.compare_digest(right.encode(), mac.encode("utf-8", "replace")):
            return False
        # From here on the token is one of ours, for this call, so its expiry is a number.
        if self._unused.get(call_sid) != nonce:
            return False
        del self._unused[call_sid]
        return self._now() * 1000 < int(expiry)

    def _mac(self, call_sid: str, expiry: str, nonce: str) -> str:
        text = f"{call_sid}\n{expiry}\n{nonce}".encode("utf-8", "replace")
        return urlsafe_b64encode(hmac.digest(self._key, text, "sha256")).decode()
