"""The wire of Twilio Media Streams, seen from the server: JSON text to events and back.

Whatever arrives either becomes an event or raises `WireError`. It keeps no state: stream
and token checks belong to the media socket, its only user in the server.
Facts: twilio.com/docs/voice/media-streams/websocket-messages.
"""

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import Any, Final

import orjson

from media import twilio_fields as field
from media.twilio_events import (
    Connected,
    DigitReceived,
    Ignored,
    MarkEchoed,
    MediaReceived,
    Started,
    Stopped,
    TwilioEvent,
)
from media.twilio_fields import DIGITS, MAX_MARK_CHARS, MAX_MESSAGE_BYTES, FormatError, WireError

__all__ = [
    "DIGITS",
    "MAX_MARK_CHARS",
    "MAX_MESSAGE_BYTES",
    "Connected",
    "DigitReceived",
    "FormatError",
    "Ignored",
    "MarkEchoed",
    "MediaReceived",
    "Started",
    "Stopped",
    "StreamEncoder",
    "TwilioEvent",
    "WireError",
    "decode",
]


def decode(message: bytes) -> TwilioEvent:
    """Return the event of one text message.

    Raises:
        FormatError: it is a `start` of audio in another format.
        WireError: it is malformed, mistyped or out of bounds.
    """
    data = _object(message)
    event = data.get("event")
    if event == "media":
        return _media(data)
    if not isinstance(event, str):
        raise WireError("event: expected text")
    read = _READERS.get(event)
    if read is None:
        return Ignored(f"unknown event {ascii(event[: field.MAX_NAME_CHARS])[:40]}")
    return read(data)


def _object(message: bytes) -> dict[str, Any]:
    if len(message) > MAX_MESSAGE_BYTES:
        raise WireError(f"message: expected at most {MAX_MESSAGE_BYTES} bytes, got {len(message)}")
    try:
        data: dict[str, Any] = orjson.loads(message)
    except orjson.JSONDecodeError:
        raise WireError(f"message: expected JSON, got {len(message)} other bytes") from None
    if type(data) is not dict:
        raise WireError("message: expected a JSON object")
    return data


def _media(data: dict[str, Any]) -> MediaReceived | Ignored:
    media = field.part(data, "media")
    if media.get("track") != "inbound":
        field.text(media.get("track"), "media.track", field.MAX_NAME_CHARS)
        return Ignored("media of a track other than inbound")
    try:
        payload = a2b_base64(media["payload"], strict_mode=True)
    except (KeyError, TypeError, ValueError):
        raise WireError("media.payload: expected base64 text") from None
    return MediaReceived(
        field.sid(data, "streamSid"),
        payload,
        field.number(media.get("timestamp"), "media.timestamp"),
    )


def _connected(_data: dict[str, Any]) -> Connected:
    return Connected()


def _started(data: dict[str, Any]) -> Started:
    start = field.part(data, "start")
    stream_sid = field.sid(data, "streamSid")
    if start.get("streamSid", stream_sid) != stream_sid:
        raise WireError("start.streamSid: expected the streamSid of the message")
    field.check_format(start)
    return Started(
        stream_sid,
        field.sid(start, "callSid"),
        field.sid(start, "accountSid"),
        field.parameters(start.get("customParameters")),
        field.tracks(start.get("tracks")),
    )


def _digit(data: dict[str, Any]) -> DigitReceived:
    digit = field.digit(field.part(data, "dtmf").get("digit"))
    return DigitReceived(field.sid(data, "streamSid"), digit)


def _mark(data: dict[str, Any]) -> MarkEchoed:
    name = field.text(field.part(data, "mark").get("name"), "mark.name", MAX_MARK_CHARS)
    return MarkEchoed(field.sid(data, "streamSid"), name)


def _stopped(data: dict[str, Any]) -> Stopped:
    call_sid = field.sid(field.part(data, "stop"), "callSid")
    return Stopped(field.sid(data, "streamSid"), call_sid)


_READERS: Final[dict[str, Callable[[dict[str, Any]], TwilioEvent]]] = {
    "connected": _connected,
    "start": _started,
    "dtmf": _digit,
    "mark": _mark,
    "stop": _stopped,
}


class StreamEncoder:
    """Writes the three messages a server may send on one stream."""

    def __init__(self, stream_sid: str) -> None:
        sid = orjson.dumps(stream_sid)
        self._media_head = b'{"event":"media","streamSid":' + sid + b',"media":{"payload":"'
        self._mark_head = b'{"event":"mark","streamSid":' + sid + b',"mark":{"name":'
        self._clear = b'{"event":"clear","streamSid":' + sid + b"}"

    def media(self, payload: bytes) -> bytes:
        """Return the message that queues µ-law bytes for playing."""
        return self._media_head + b2a_base64(payload, newline=False) + b'"}}'

    def mark(self, name: str) -> bytes:
        """Return the message that asks for an echo once all before it has been played.

        Raises:
            ValueError: the name is empty or longer than `MAX_MARK_CHARS`.
        """
        if not 0 < len(name) <= MAX_MARK_CHARS:
            raise ValueError(f"mark name: expected 1 to {MAX_MARK_CHARS} characters")
        return self._mark_head + orjson.dumps(name) + b"}}"

    def clear(self) -> bytes:
        """Return the message that empties the player and returns all its marks."""
        return self._clear
