"""Twilio's webhook forms: read with bounds, blank values kept (they are signed too).

Knows `application/x-www-form-urlencoded` alone: Twilio sends nothing else, and the signature
needs every name and value as it was sent.
"""

import asyncio
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

MAX_FORM_BYTES: Final = 65_536
"""Longest body. Twilio's have about 2 KiB."""

BODY_TIMEOUT_S: Final = 5.0
"""For a body to arrive whole. Twilio sends it at once."""

MAX_FIELDS: Final = 200
"""Most fields. Twilio's voice webhooks have about 30."""

MAX_SID_CHARS: Final = 64
"""Longest CallSid. Twilio's have 34 characters."""

Form = dict[str, list[str]]
"""Every value of every name."""


class FormError(ValueError):
    """A body that is no form of Twilio's. One line: what was expected."""


async def read_form(request: Request) -> Form:
    """Read the body of a request; empty for a GET.

    Raises:
        FormError: too long, too many fields, or not a form.
    """
    body = await _read_body(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/x-www-form-urlencoded":
        raise FormError("body: expected application/x-www-form-urlencoded")
    return _fields(body.decode("utf-8", "replace"))


def read_query(request: Request) -> Form:
    """Read the query of a request.

    Raises:
        FormError: too many fields.
    """
    return _fields(request.scope["query_string"].decode("latin-1"))


def call_sid_of(*forms: Form) -> str:
    """Return the CallSid from the first form that has one.

    Raises:
        FormError: none has, or it cannot be one.
    """
    values: list[str] = next((form["CallSid"] for form in forms if "CallSid" in form), [""])
    value = values[0] if len(values) == 1 else ""
    if not (0 < len(value) <= MAX_SID_CHARS and value.isascii() and value.isalnum()):
        raise FormError(f"CallSid: expected one of 1 to {MAX_SID_CHARS} letters and digits")
    return value


def _fields(text: str) -> Form:
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise FormError(f"form: expected at most {MAX_FIELDS} fields") from None


async def _read_body(request: Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _all_of(request)
    except TimeoutError:
        raise FormError(f"body: expected all of it within {BODY_TIMEOUT_S:.0f} s") from None
    except ClientDisconnect:
        raise FormError("body: expected all of it, the peer went away") from None


async def _all_of(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise FormError(f"body: expected at most {MAX_FORM_BYTES} bytes")
    return bytes(body)
