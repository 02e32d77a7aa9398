"""The caller's socket as TX sees it: a protocol, so that no actor knows of WebSockets.

The web layer implements it; only TxActor calls it. Every method returns at once and none
raises for a peer that is slow or gone: a dead socket shows as `SocketClosed` at the call.
"""

from typing import Final, Protocol

UNSENT_MAX_BYTES: Final = 262_144
"""Unsent bytes of one socket above which a peer that keeps pinging and reads nothing is
dropped. TX gives up long before, at `TX_OWED_MESSAGES`."""


class CallerSocket(Protocol):
    """The sending side of one media socket."""

    def send_media(self, payload: bytes) -> None:
        """Send µ-law audio, any length, to be played after what was sent before."""
        ...

    def send_mark(self, name: str) -> None:
        """Ask to be told when everything sent before has been played."""
        ...

    def send_clear(self) -> None:
        """Throw away what the far side has not played yet."""
        ...

    def close(self, reason: str) -> None:
        """Close the socket properly. Calling twice is harmless."""
        ...

    def abort(self) -> None:
        """Drop the connection without another word. Calling twice is harmless."""
        ...

    @property
    def owed_messages(self) -> int:
        """How many messages written here a slow peer has not yet taken, estimated."""
        ...
