"""Twilio's side of HTTP: signed form posts, and the pages that an operator reads.

Runs the standard library's client in a thread, which is enough for a few requests a call.
Never goes through a proxy, and takes an operator's token nowhere but to the server that was
named. Talked to by `call`, `transcript` and `check_view`.
"""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO, Final
from urllib.parse import urlencode, urlsplit

from phone.errors import PhoneError
from phone.signature import SIGNATURE_HEADER, sign

WEBHOOK_TIMEOUT_S: Final = 15.0
"""Twilio gives a webhook this long to answer (error 11200)."""

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
"""What is read of an answer; more than the page of a call of thousands of words."""

HTTP_OK: Final = 200
HTTP_REDIRECT: Final = 300


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The standard library would send the token along."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """Follow nothing: the redirect's status is the answer."""


_NO_PROXY: Final = urllib.request.ProxyHandler({})
_POSTS: Final = urllib.request.build_opener(_NO_PROXY)
_PAGES: Final = urllib.request.build_opener(_NO_PROXY, _NoRedirects())


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
    body = urlencode(form).encode()
    request = urllib.request.Request(_checked(url), body, headers)  # noqa: S310
    return await asyncio.to_thread(_answer, _POSTS, request, WEBHOOK_TIMEOUT_S)


async def get(url: str, token: str | None = None, timeout_s: float = WEBHOOK_TIMEOUT_S) -> Answer:
    """Read a page; a redirect is an answer like any other. Errors as `post`.

    Args:
        url: Which one.
        token: The server's ADMIN_TOKEN, sent as a bearer token; None to send none.
        timeout_s: For the answer.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(_checked(url), None, headers)  # noqa: S310
    return await asyncio.to_thread(_answer, _PAGES, request, timeout_s)


def _checked(url: str) -> str:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise PhoneError(f"{url}: expected http:// or https://")
    return url


def _answer(
    opener: urllib.request.OpenerDirector, request: urllib.request.Request, timeout_s: float
) -> Answer:
    url = request.full_url
    try:
        with opener.open(request, timeout=timeout_s) as response:
            return Answer(response.status, response.read(MAX_BODY_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(MAX_BODY_BYTES))
    except urllib.error.URLError as error:
        raise PhoneError(f"server not reachable: {url} ({error.reason})") from None
    except (OSError, HTTPException) as error:
        raise PhoneError(f"server not reachable: {url} ({type(error).__name__}: {error})") from None
