"""Reads what the server sends, and says what Twilio would have objected to.

Pure and total: any message becomes a `Media`, `Mark`, `Clear` or a `Fault`, and nothing
raises. As with Twilio, a faulty message is thrown away whole and the call goes on
(errors 31950 and 31951; twilio.com/docs/voice/media-streams/websocket-messages).
"""

import binascii
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeGuard

MAX_DETAIL_CHARS: Final = 80
"""Bound of what a fault repeats from the message."""


class FaultKind(StrEnum):
    """What is wrong with a message; the values are the keys of the report."""

    BINARY = "binary_message"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_EVENT = "unknown_event"
    BAD_FIELDS = "bad_fields"
    STREAM_SID = "wrong_stream_sid"
    BAD_BASE64 = "bad_base64"
    EMPTY_PAYLOAD = "empty_payload"
    WAV_HEADER = "wav_header"
    MARK_WITHOUT_NAME = "mark_without_name"
    BEFORE_START = "before_start"
    OVERFULL = "more_than_10_minutes_buffered"
    TOO_MANY_MARKS = "too_many_pending_marks"


@dataclass(frozen=True, slots=True)
class Media:
    """Audio to play."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """To be sent back once everything before it has been played."""

    name: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Throw away what has not been played yet."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A message that Twilio would have thrown away."""

    kind: FaultKind
    detail: str


ServerMessage = Media | Mark | Clear | Fault

_FIELDS: Final = {
    "media": {"event", "streamSid", "media"},
    "mark": {"event", "streamSid", "mark"},
    "clear": {"event", "streamSid"},
}


def parse(data: bytes, *, text: bool, stream_sid: str) -> ServerMessage:
    """Read one message of the server.

    Args:
        data: The message.
        text: Whether it came as a text message; Twilio takes no other (31950).
        stream_sid: The stream it must name.

    Returns:
        The message, or what is wrong with it.
    """
    if not text:
        return Fault(FaultKind.BINARY, f"{len(data)} bytes")
    try:
        message: object = json.loads(data.decode())
    except (ValueError, RecursionError):
        return Fault(FaultKind.NOT_JSON, f"{len(data)} bytes")
    if not _is_object(message):
        return Fault(FaultKind.NOT_AN_OBJECT, type(message).__name__)
    return _envelope_fault(message, stream_sid) or _body(message)


def _envelope_fault(message: dict[str, Any], stream_sid: str) -> Fault | None:
    event = message.get("event")
    fields = _FIELDS.get(event) if isinstance(event, str) else None
    if fields is None:
        return Fault(FaultKind.UNKNOWN_EVENT, _short(event))
    if message.get("streamSid") != stream_sid:
        return Fault(FaultKind.STREAM_SID, _short(message.get("streamSid")))
    if message.keys() != fields:
        odd = sorted(message.keys() ^ fields)
        return Fault(FaultKind.BAD_FIELDS, _short(f"{event}: {', '.join(odd)}"))
    return None


def _body(message: dict[str, Any]) -> ServerMessage:
    match message:
        case {"event": "clear"}:
            return Clear()
        case {"media": {"payload": str() as payload, **rest}} if not rest:
            return _media(payload)
        case {"mark": {"name": str() as name, **rest}} if name and not rest:
            return Mark(name)
        case {"mark": {"name": str() as name}} if name:
            return Fault(FaultKind.BAD_FIELDS, "mark: expected {name} alone")
        case {"mark": other}:
            return Fault(FaultKind.MARK_WITHOUT_NAME, _short(other))
        case _:
            return Fault(FaultKind.BAD_FIELDS, "media: expected {payload} alone, a string")


def _media(encoded: str) -> ServerMessage:
    try:
        payload = binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError:
        return Fault(FaultKind.BAD_BASE64, f"{len(encoded)} characters")
    if not payload:
        return Fault(FaultKind.EMPTY_PAYLOAD, "")
    if payload.startswith((b"RIFF", b"RIFX")):
        return Fault(FaultKind.WAV_HEADER, f"{len(payload)} bytes")
    return Media(payload)


def _is_object(message: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(message, dict)


def _short(value: object) -> str:
    return str(value)[:MAX_DETAIL_CHARS]
