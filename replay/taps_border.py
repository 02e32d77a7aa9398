"""Taps at the border of one call: its mailboxes' outer side, its socket, its carrier, its log.

Sound that leaves is noted by a checksum, everything else as it is. What the socket owes is
looked at before each frame and noted when it changes. The taps decide nothing.
"""

import zlib
from collections.abc import Callable
from typing import Any

from actors.outcome import CallControl, Outcome, Told
from actors.peer import MediaPeer
from actors.socket import CallerSocket
from call_log import CallLog
from replay.tape import TapeSink


class TappedPeer:
    """Notes what the border posts to one mailbox."""

    __slots__ = ("_name", "_peer", "_tape")

    def __init__(self, name: str, peer: MediaPeer[Any], tape: TapeSink) -> None:
        self._name = name
        self._peer = peer
        self._tape = tape

    def post(self, message: Any) -> None:
        """Put a message into the mailbox."""
        self._tape.enters("in", self._name, message)
        self._peer.post(message)

    @property
    def room_frames(self) -> int:
        """How many frames fit."""
        return self._peer.room_frames

    @property
    def held_frames(self) -> int:
        """How many frames wait."""
        return self._peer.held_frames


class TappedSocket:
    """Notes what is sent to the caller."""

    def __init__(self, socket: CallerSocket, tape: TapeSink) -> None:
        self._socket = socket
        self._tape = tape
        self._owed = 0

    def send_media(self, payload: bytes) -> None:
        """Send µ-law audio."""
        self._tape.leaves("media", len(payload), zlib.crc32(payload))
        self._socket.send_media(payload)

    def send_mark(self, name: str) -> None:
        """Send a mark."""
        self._tape.leaves("mark", name)
        self._socket.send_mark(name)

    def send_clear(self) -> None:
        """Send a clear."""
        self._tape.leaves("clear")
        self._socket.send_clear()

    def close(self, reason: str) -> None:
        """Close it properly."""
        self._tape.leaves("close", reason)
        self._socket.close(reason)

    def abort(self) -> None:
        """Drop the connection."""
        self._tape.leaves("abort")
        self._socket.abort()

    @property
    def owed_messages(self) -> int:
        """How many messages a slow peer has not yet taken."""
        owed = self._socket.owed_messages
        if owed != self._owed:
            self._owed = owed
            self._tape.enters("owed", owed)
        return owed


class TappedControl:
    """Notes what the carrier is told, and its answer."""

    def __init__(self, control: CallControl, tape: TapeSink) -> None:
        self._control = control
        self._tape = tape

    def bring_about(
        self, call_sid: str, outcome: Outcome, told: Callable[[Told, str], None]
    ) -> None:
        """Ask the carrier for an outcome."""
        self._tape.leaves("carrier", outcome)
        tape = self._tape

        def noted(what: Told, detail: str) -> None:
            tape.enters("told", what.value, detail)
            told(what, detail)

        self._control.bring_about(call_sid, outcome, noted)


class TappedLog:
    """Notes what the call finds worth noting: its decisions."""

    __slots__ = ("_events", "_tape")

    def __init__(self, events: CallLog, tape: TapeSink) -> None:
        self._events = events
        self._tape = tape

    def note(self, event: str, /, **fields: object) -> None:
        """Note an event."""
        self._tape.leaves("note", event, fields)
        self._events.note(event, **fields)
