"""What a Twilio media stream can tell its server: one class for each message.

Plain facts with checked types and bounds; `media.twilio` makes them and passes them on under
its own name, the media socket turns them into the actors' messages. Nothing here reads JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Connected:
    """The first message of a socket; nothing is known yet."""


@dataclass(frozen=True, slots=True)
class Started:
    """The stream began; always µ-law, 8000 Hz, one channel."""

    stream_sid: str
    call_sid: str
    account_sid: str
    parameters: Mapping[str, str]
    """What our TwiML's `<Parameter>` elements said."""
    tracks: tuple[str, ...]


class MediaReceived(NamedTuple):
    """Audio of the caller. A tuple: made for every frame, in a third of a dataclass's time."""

    stream_sid: str
    payload: bytes
    """µ-law bytes, any length, also none."""
    timestamp_ms: int
    """Media time of the first byte since the stream began."""


@dataclass(frozen=True, slots=True)
class DigitReceived:
    """The caller pressed a key."""

    stream_sid: str
    digit: str
    """One of `DIGITS`; personal data."""


@dataclass(frozen=True, slots=True)
class MarkEchoed:
    """What was queued before our mark has been played, or was cleared."""

    stream_sid: str
    name: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The stream ended; Twilio closes the socket next."""

    stream_sid: str
    call_sid: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A well-formed message that means nothing to a server."""

    reason: str
    """One line of at most 60 characters."""


TwilioEvent = Connected | Started | MediaReceived | DigitReceived | MarkEchoed | Stopped | Ignored
