"""What the caller's side says on the media socket, in Twilio's JSON.

Owns the sequence and chunk numbers of one stream. Numbers are strings, as Twilio sends them
(twilio.com/docs/voice/media-streams/websocket-messages). Does no I/O; `line` sends it.
"""

import json
from binascii import b2a_base64
from collections.abc import Mapping
from typing import Final

from media.frame import SAMPLE_RATE_HZ
from phone.identity import Identity

CONNECTED: Final = b'{"event":"connected","protocol":"Call","version":"1.0.0"}'
"""The first message; it has no number and no streamSid."""


class CallerMessages:
    """Writes the messages of one stream, in the order of the calls."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._sequence = 0
        self._chunk = 0
        self._media_tail = f'"}},"streamSid":"{identity.stream_sid}"}}'.encode()

    @property
    def media_messages(self) -> int:
        """How many media messages have been written."""
        return self._chunk

    def start(self, parameters: Mapping[str, str]) -> bytes:
        """The `start` message with the TwiML's parameters; sequence number 1."""
        body = {
            "streamSid": self._identity.stream_sid,
            "accountSid": self._identity.account_sid,
            "callSid": self._identity.call_sid,
            "tracks": ["inbound"],
            "customParameters": dict(parameters),
            "mediaFormat": {
                "encoding": "audio/x-mulaw",
                "sampleRate": SAMPLE_RATE_HZ,
                "channels": 1,
            },
        }
        return self._event("start", body)

    def media(self, payload: bytes, timestamp_ms: int) -> bytes:
        """Caller audio, joined from bytes because it is written 50 times a second."""
        self._sequence += 1
        self._chunk += 1
        return b"".join(
            (
                b'{"event":"media","sequenceNumber":"%d","media":{"track":"inbound","chunk":"%d",'
                b'"timestamp":"%d","payload":"' % (self._sequence, self._chunk, timestamp_ms),
                b2a_base64(payload, newline=False),
                self._media_tail,
            )
        )

    def dtmf(self, digit: str) -> bytes:
        """A key press. Twilio names the track differently here than in media."""
        return self._event("dtmf", {"track": "inbound_track", "digit": digit})

    def mark(self, name: str) -> bytes:
        """The echo of one of the server's marks."""
        return self._event("mark", {"name": name})

    def stop(self) -> bytes:
        """The stream has stopped; the last message."""
        ids = {"accountSid": self._identity.account_sid, "callSid": self._identity.call_sid}
        return self._event("stop", ids)

    def _event(self, event: str, body: Mapping[str, object]) -> bytes:
        self._sequence += 1
        message = {
            "event": event,
            "sequenceNumber": str(self._sequence),
            event: body,
            "streamSid": self._identity.stream_sid,
        }
        return json.dumps(message, separators=(",", ":")).encode()
