"""One-time tokens: what lets a media socket claim a call.

A token is made for the signed webhook's CallSid, travels in the TwiML, and comes back in the
stream's `start`. It works once, for that call, for a while. The table is bounded; the
webhook issues, the call session redeems.
"""

import hmac
import secrets
from collections.abc import Callable
from typing import Final

TOKEN_BYTES: Final = 24
"""Random bytes in a token: 192 bits, 32 characters in a `<Parameter>`."""


class Tokens:
    """The tokens that were issued and not yet used, at most one for each call."""

    def __init__(self, *, ttl_s: float, max_tokens: int, now: Callable[[], float]) -> None:
        """Begin empty.

        Args:
            ttl_s: life of a token in seconds.
            max_tokens: unused tokens kept; the oldest goes when another one comes.
            now: the monotonic clock.
        """
        self._ttl_s = ttl_s
        self._max_tokens = max_tokens
        self._now = now
        self._issued: dict[str, tuple[bytes, float]] = {}

    def __len__(self) -> int:
        return len(self._issued)

    def issue(self, call_sid: str) -> str:
        """Make the token of a call; an older one of the same call works no longer."""
        self._issued.pop(call_sid, None)
        if len(self._issued) >= self._max_tokens:
            del self._issued[next(iter(self._issued))]
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._issued[call_sid] = (token.encode(), self._now() + self._ttl_s)
        return token

    def redeem(self, call_sid: str, token: str) -> bool:
        """Use a token up; False when it is not, or no longer, the one of this call."""
        right, expires_at = self._issued.get(call_sid, (b"", 0.0))
        if not right or not hmac.compare_digest(right, token.encode("utf-8", "replace")):
            return False
        del self._issued[call_sid]
        return self._now() < expires_at
