"""The fields of Twilio's messages: what each may hold, and how it is read.

Owns the bounds and the checks. A field that breaks one raises `WireError`, which names the
field and what was expected, and never repeats what was in it: that may be a digit or a
caller's words. It knows single fields only, `media.twilio` knows the messages.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from media.frame import SAMPLE_RATE_HZ

MAX_MESSAGE_BYTES: Final = 65536
"""Longest message accepted. Twilio states none; its own are about 400 bytes, and public
hardened servers use 64 KiB."""

MAX_SID_CHARS: Final = 64
"""Longest stream, call or account name. Twilio's are 34 characters (two letters, 32 hex)."""

MAX_MARK_CHARS: Final = 256
"""Longest mark name. They are ours, echoed; Twilio states no bound."""

MAX_PARAMETERS: Final = 16
"""Most custom parameters. They are written by our own TwiML."""

MAX_PARAMETER_CHARS: Final = 500
"""Longest name and value together (twilio.com/docs/voice/twiml/stream, `<Parameter>`)."""

MAX_TRACKS: Final = 4
"""Most tracks in `start`; a bidirectional stream has one."""

MAX_NUMBER: Final = 2**53 - 1
"""Largest sequence number or timestamp: what JSON numbers hold exactly (RFC 8259, 6)."""

MAX_NAME_CHARS: Final = 32
"""Longest track or unknown event name that is looked at or repeated."""

DIGITS: Final = frozenset("0123456789*#ABCD")
"""The keys of DTMF (ITU-T Q.23)."""

_MAX_DIGITS: Final = len(str(MAX_NUMBER))


class WireError(ValueError):
    """A message is not what the protocol promises. One line: where, what was expected."""


class FormatError(WireError):
    """A stream of audio that the call path is not built for: nothing of it can be used."""


def part(data: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the object under a key."""
    value: dict[str, Any] | None = data.get(key)
    if type(value) is not dict:
        raise WireError(f"{key}: expected an object")
    return value


def text(value: object, where: str, max_chars: int) -> str:
    """Return a text that is neither empty nor too long."""
    if not isinstance(value, str) or not 0 < len(value) <= max_chars:
        raise WireError(f"{where}: expected text of 1 to {max_chars} characters")
    return value


def sid(data: dict[str, Any], key: str) -> str:
    """Return the stream, call or account name under a key: it goes into every log line."""
    name = data.get(key)
    if not isinstance(name, str) or not 0 < len(name) <= MAX_SID_CHARS:
        raise WireError(f"{key}: expected text of 1 to {MAX_SID_CHARS} characters")
    if not (name.isascii() and name.isalnum()):
        raise WireError(f"{key}: expected letters and digits")
    return name


def number(value: object, where: str) -> int:
    """Return a count that may be written as text: Twilio does, others send numbers."""
    if isinstance(value, str) and len(value) <= _MAX_DIGITS and value.isdecimal():
        value = int(value)
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:  # a bool is an int as well
        raise WireError(f"{where}: expected a whole number from 0 to 2**53 - 1")
    return value


def digit(value: object) -> str:
    """Return the key that was pressed."""
    if not isinstance(value, str) or value not in DIGITS:
        raise WireError("dtmf.digit: expected one of 0-9 * # A-D")
    return value


def parameters(value: object) -> Mapping[str, str]:
    """Return the custom parameters, read-only; null and nothing at all mean none."""
    given = cast("dict[str, object]", {} if value is None else value)
    if type(given) is not dict or len(given) > MAX_PARAMETERS:
        raise WireError(f"start.customParameters: expected an object of up to {MAX_PARAMETERS}")
    return MappingProxyType({name: _parameter(name, text) for name, text in given.items()})


def tracks(value: object) -> tuple[str, ...]:
    """Return the names of the stream's tracks; null and nothing at all mean none."""
    given = cast("list[object]", [] if value is None else value)
    if type(given) is not list or len(given) > MAX_TRACKS:
        raise WireError(f"start.tracks: expected a list of up to {MAX_TRACKS} names")
    return tuple(text(track, "start.tracks", MAX_NAME_CHARS) for track in given)


def check_format(start: dict[str, Any]) -> None:
    """Make sure that the audio is what the whole call path is built for.

    Raises:
        FormatError: it is not, or `start` does not say what it is.
    """
    try:
        _check_format(part(start, "mediaFormat"))
    except WireError as error:
        raise FormatError(str(error)) from None


def _check_format(media_format: dict[str, Any]) -> None:
    if media_format.get("encoding") != "audio/x-mulaw":
        raise WireError("mediaFormat.encoding: expected audio/x-mulaw")
    if number(media_format.get("sampleRate"), "mediaFormat.sampleRate") != SAMPLE_RATE_HZ:
        raise WireError(f"mediaFormat.sampleRate: expected {SAMPLE_RATE_HZ}")
    if number(media_format.get("channels"), "mediaFormat.channels") != 1:
        raise WireError("mediaFormat.channels: expected 1")


def _parameter(name: str, value: object) -> str:
    if not isinstance(value, str) or len(name) + len(value) > MAX_PARAMETER_CHARS:
        raise WireError(
            f"start.customParameters: expected texts of up to {MAX_PARAMETER_CHARS} characters"
        )
    return value
