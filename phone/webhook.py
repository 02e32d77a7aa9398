"""Twilio's side of HTTP: signed form posts, and the one page the phone reads.

Runs the standard library's client in a thread, which is enough for a few requests a call.
Never goes through a proxy. Talked to by `call`.
"""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final
from urllib.parse import urlencode, urlsplit

from phone.errors import PhoneError
from phone.signature import SIGNATURE_HEADER, sign

WEBHOOK_TIMEOUT_S: Final = 15.0
"""Twilio gives a webhook this long to answer (error 11200)."""

MAX_BODY_BYTES: Final = 1024 * 1024
"""What is read of an answer."""

HTTP_OK: Final = 200
HTTP_REDIRECT: Final = 300

_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request."""

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the server took the request."""
        return HTTP_OK <= self.status < HTTP_REDIRECT

    @property
    def first_line(self) -> str:
        """The beginning of the body, for a message."""
        lines = self.body.decode(errors="replace").strip().splitlines()
        return lines[0][:120] if lines else "(empty)"


async def post(
    url: str, signed_url: str, form: Mapping[str, str], auth_token: str | None
) -> Answer:
    """Post a webhook.

    Args:
        url: Where to.
        signed_url: What the signature covers: the URL as Twilio was told it.
        form: Fields; empty values are sent, as Twilio does.
        auth_token: None to send no signature.

    Raises:
        PhoneError: the server is not reachable.
    """
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    if auth_token:
        headers[SIGNATURE_HEADER] = sign(auth_token, signed_url, form.items())
    return await _request(url, urlencode(form).encode(), headers)


async def get(url: str) -> Answer:
    """Read a page; errors as `post`."""
    return await _request(url, None, {})


async def _request(url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise PhoneError(f"{url}: expected http:// or https://")
    return await asyncio.to_thread(_blocking_request, url, body, headers)


def _blocking_request(url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    # The scheme is checked by the caller: no file: URL comes here.
    request = urllib.request.Request(url, body, dict(headers))  # noqa: S310
    try:
        with _OPENER.open(request, timeout=WEBHOOK_TIMEOUT_S) as response:
            return Answer(response.status, response.read(MAX_BODY_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(MAX_BODY_BYTES))
    except urllib.error.URLError as error:
        raise PhoneError(f"server not reachable: {url} ({error.reason})") from None
    except (OSError, HTTPException) as error:
        raise PhoneError(f"server not reachable: {url} ({type(error).__name__}: {error})") from None
