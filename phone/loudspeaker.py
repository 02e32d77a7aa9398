"""The agent's direction of a call: takes the server's messages, plays, answers marks.

Pure: told the time with every message, returns the names of the marks to send back. Owns
the playout buffer and everything measured about what the server sends. Talked to by `line`.
"""

from collections.abc import Callable
from typing import Final

from media.frame import FRAME_S
from phone.cadence import Cadence
from phone.faults import Faults
from phone.playout import Playout
from phone.server_messages import Clear, Fault, FaultKind, Mark, Media, ServerMessage
from phone.staleness import Staleness

LATE_MARK_S: Final = FRAME_S
"""A mark echoed later than this after its time tells that the phone itself is overloaded."""


class Loudspeaker:
    """What the caller hears of one call."""

    def __init__(self, started_at: float, is_stale: Callable[[bytes], bool] | None = None) -> None:
        """Begin to play silence.

        Args:
            started_at: When the stream began.
            is_stale: See `Staleness`.
        """
        self.playout = Playout(started_at)
        self.cadence = Cadence()
        self.staleness = Staleness(is_stale)
        self.faults = Faults()
        self.media_messages = 0
        self.media_bytes = 0
        self.marks_received = 0
        self.marks_played = 0
        self.marks_flushed = 0
        self.marks_late = 0
        self.clears = 0

    def receive(self, message: ServerMessage, now: float) -> list[str]:
        """Take a message; returns marks to be sent back at once."""
        match message:
            case Media(payload):
                self._media(payload, now)
            case Mark(name):
                self._mark(name, now)
            case Clear():
                return self._clear(now)
            case Fault():
                self.faults.add(message)
        return self.advance(now)

    def advance(self, now: float) -> list[str]:
        """Play up to now; returns the marks that have become due."""
        due_at = self.playout.next_mark_at
        names = self.playout.due_marks(now)
        self.marks_played += len(names)
        if names and due_at is not None and now - due_at > LATE_MARK_S:
            self.marks_late += 1
        return names

    def _media(self, payload: bytes, now: float) -> None:
        if not self.playout.push(payload, now):
            self.faults.add(Fault(FaultKind.OVERFULL, ""))
            return
        self.media_messages += 1
        self.media_bytes += len(payload)
        self.cadence.arrived(len(payload), now)
        self.staleness.media(payload)

    def _mark(self, name: str, now: float) -> None:
        self.marks_received += 1
        self.staleness.mark(name)
        if not self.playout.mark(name, now):
            self.faults.add(Fault(FaultKind.TOO_MANY_MARKS, ""))

    def _clear(self, now: float) -> list[str]:
        played = self.advance(now)
        flushed = self.playout.clear(now)
        self.clears += 1
        self.marks_flushed += len(flushed)
        self.cadence.restart()
        self.staleness.clear()
        return played + flushed
