"""Twilio's webhook forms: read with bounds, blank values kept (they are signed too).

Knows `application/x-www-form-urlencoded` alone: Twilio sends these webhooks nothing else. A body
of another kind is kept as bytes until its signature has been checked, and only then refused.
"""

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request

MAX_FORM_BYTES: Final = 65_536
"""Longest body. Twilio's have about 2 KiB."""

MAX_LENGTH_DIGITS: Final = 20
"""Longest Content-Length that is read as a number: h11 lets no longer one through."""

BODY_TIMEOUT_S: Final = 5.0
"""For a body to arrive whole. Twilio sends it at once."""

MAX_FIELDS: Final = 200
"""Most fields. Twilio's voice webhooks have about 30."""

MAX_SID_CHARS: Final = 64
"""Longest CallSid. Twilio's have 34 characters."""

Form = dict[str, list[str]]
"""Every value of every name."""


_TOO_LONG: Final = f"body: expected at most {MAX_FORM_BYTES} bytes"

FORM_TYPE: Final = "application/x-www-form-urlencoded"
"""The one content type that is read."""


class FormError(ValueError):
    """A body that is no form of Twilio's. One line: what was expected."""


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request, read whole and not yet trusted."""

    raw: bytes
    form: Form
    """What it says; empty where it is no form."""
    is_form: bool
    """Whether it is a form, or nothing at all."""

    def expect_form(self) -> Form:
        """Return the form.

        Raises:
            FormError: it is something else.
        """
        if not self.is_form:
            raise FormError(f"body: expected {FORM_TYPE}")
        return self.form


async def read_body(request: Request) -> Body:
    """Read the body of a request; an empty form for a GET.

    Raises:
        FormError: too long, too slow, broken off, or too many fields.
    """
    raw = await _read_body(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = kind == FORM_TYPE or not raw
    return Body(raw, _fields(raw.decode("utf-8", "replace")) if is_form else {}, is_form)


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
    announced = request.headers.get("content-length", "0")
    is_number = announced.isdecimal() and len(announced) <= MAX_LENGTH_DIGITS
    if not is_number or int(announced) > MAX_FORM_BYTES:
        raise FormError(_TOO_LONG)
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
            raise FormError(_TOO_LONG)
    return bytes(body)
