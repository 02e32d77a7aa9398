"""The ledger of one mailbox: where every frame and every control message went.

Pure counting, owned by the mailbox, read by telemetry every second and checked when the
call ends. A ledger that does not balance means that audio vanished uncounted.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Ledger:
    """Counts since the call began; it outlives every incarnation of the actor."""

    entered: int = 0
    """Frames that were put in."""

    created: int = 0
    """Frames the owner made itself and sent on: silence filled into gaps."""

    delivered: int = 0
    """Frames that the owner took and dealt with."""

    crashed: int = 0
    """Frames that the owner held in its hand when it crashed."""

    discarded: int = 0
    """Frames left when the call ended."""

    dropped: dict[str, int] = field(default_factory=dict[str, int])
    """Frames dropped on the way, by reason. The reasons are few and fixed."""

    reported: dict[str, int] = field(default_factory=dict[str, int])
    """Those of them that `take_new_drops` has told of already."""

    control_entered: int = 0
    control_delivered: int = 0
    control_crashed: int = 0
    control_discarded: int = 0

    control_coalesced: int = 0
    """Messages replaced by a newer one of their kind, where the latest wins."""

    control_flushed: int = 0
    """Marks that a `Clear` took out; their sender is told of each."""

    control_refused: int = 0
    """Messages that came when the lane was at its cap; the call ends over the first."""

    def drop(self, reason: str, frames: int = 1) -> None:
        """Count frames dropped."""
        self.dropped[reason] = self.dropped.get(reason, 0) + frames

    def take_new_drops(self) -> dict[str, int]:
        """Say what was dropped since this was last asked, by reason: each frame once."""
        new = {reason: n - self.reported.get(reason, 0) for reason, n in self.dropped.items()}
        self.reported.update(self.dropped)
        return new

    @property
    def drops(self) -> int:
        """All frames dropped, whatever the reason."""
        return sum(self.dropped.values())

    def missing(self, held_frames: int) -> int:
        """How many frames nobody can account for; 0 in a sound ledger."""
        gone = self.delivered + self.drops + self.crashed + self.discarded
        return self.entered - gone - held_frames

    def control_missing(self, held_messages: int) -> int:
        """How many control messages nobody can account for; 0 in a sound ledger."""
        gone = self.control_delivered + self.control_crashed + self.control_discarded
        gone += self.control_coalesced + self.control_flushed
        return self.control_entered - gone - held_messages
