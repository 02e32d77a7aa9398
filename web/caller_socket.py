"""The sending side of a media socket, as TxActor sees it (`actors.socket.CallerSocket`).

Writes Twilio's three messages on one stream and remembers which marks are out, so that an
echo nobody asked for is told from a real one. Everything is synchronous; a socket that is
gone takes what it is given and forgets it.
"""

from collections import deque
from typing import Final, Protocol

from media.frame import SILENCE_FRAME
from media.twilio import StreamEncoder

MAX_MARKS_OUT: Final = 64
"""Marks waiting for their echo; the oldest is forgotten. At one each 0.5 s that is 32 s of
speech, and only some frames are ever ahead of the caller's ear. Half of the smallest control
lane that settings allow: all of them may come back at once."""

FRAME_HEADER_BYTES: Final = 4
"""WebSocket header of a server's message of 126 to 65535 bytes (RFC 6455, 5.2)."""


class Transport(Protocol):
    """The connection below: what is left once WebSockets are hidden."""

    @property
    def unsent_bytes(self) -> int:
        """Bytes written here that the kernel has not taken."""
        ...

    def send_text(self, message: bytes) -> None:
        """Send one text message, or nothing when the connection is not open."""
        ...

    def finish(self, code: int, reason: str) -> None:
        """Begin to close; harmless when it has begun."""
        ...

    def abort(self) -> None:
        """Drop the connection; harmless when it is gone."""
        ...


class Player(Protocol):
    """Who follows what the far side plays: the part of `media.echo.EchoGuard` that is used."""

    def played(self, payload: bytes) -> None:
        """Audio is on its way to be played."""
        ...

    def cleared(self) -> None:
        """What was not played yet is thrown away."""
        ...


class TwilioCallerSocket:
    """A `CallerSocket` that speaks Twilio's protocol on one stream."""

    def __init__(self, transport: Transport, stream_sid: str, player: Player) -> None:
        """Send on this connection, in the name of this stream; tell the player of it."""
        self._transport = transport
        self._player = player
        self._encoder = StreamEncoder(stream_sid)
        self._marks_out: deque[str] = deque(maxlen=MAX_MARKS_OUT)
        self._message_bytes = len(self._encoder.media(SILENCE_FRAME)) + FRAME_HEADER_BYTES

    def send_media(self, payload: bytes) -> None:
        """Send µ-law audio, any length, to be played after what was sent before."""
        self._transport.send_text(self._encoder.media(payload))
        self._player.played(payload)

    def send_mark(self, name: str) -> None:
        """Ask to be told when everything sent before has been played."""
        self._marks_out.append(name)
        self._transport.send_text(self._encoder.mark(name))

    def send_clear(self) -> None:
        """Throw away what the far side has not played yet."""
        self._transport.send_text(self._encoder.clear())
        self._player.cleared()

    def close(self, reason: str) -> None:
        """Close the socket properly. Calling twice is harmless."""
        self._transport.finish(1000, reason)

    def abort(self) -> None:
        """Drop the connection without another word. Calling twice is harmless."""
        self._transport.abort()

    @property
    def owed_messages(self) -> int:
        """How many media messages the unsent bytes amount to, rounded up."""
        return -(-self._transport.unsent_bytes // self._message_bytes)

    def take_mark(self, name: str) -> bool:
        """Note the echo of a mark; False for one that is not out."""
        try:
            self._marks_out.remove(name)
        except ValueError:
            return False
        return True
