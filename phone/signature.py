"""Twilio's request signature, made from the caller's side.

HMAC-SHA1 with the account's auth token over the URL and the sorted form fields
(twilio.com/docs/usage/security). Pure. Knows nothing of how requests are sent.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

SIGNATURE_HEADER: Final = "X-Twilio-Signature"
"""Header that carries it, on webhooks and on the WebSocket upgrade."""


def sign(token: str, url: str, fields: Iterable[tuple[str, str]] = ()) -> str:
    """Sign a request.

    Args:
        token: The account's auth token.
        url: The URL exactly as Twilio was told it; for a stream the `wss://` one.
        fields: Form fields; a repeated name counts once for each different value.

    Returns:
        The value of `X-Twilio-Signature`.
    """
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
