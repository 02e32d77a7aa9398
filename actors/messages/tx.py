"""What TX is sent: frames and marks in their order, and what overtakes them."""

from dataclasses import dataclass

from actors.family import InBand, Media, OutOfBand


@dataclass(frozen=True, slots=True)
class OutboundFrame(Media):
    """One frame for the caller."""

    payload: bytes
    """160 bytes of µ-law."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Mark(InBand):
    """Ask the caller's side to say when everything before this has been played."""

    name: str
    """Ends in `#epoch`, so that an echo can be told from one of an older playback."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Clear(OutOfBand):
    """Throw away every frame and mark up to this epoch, here and at the far side."""

    epoch: int


@dataclass(frozen=True, slots=True)
class MarkEchoed(OutOfBand):
    """The caller's side sent a mark back."""

    name: str


@dataclass(frozen=True, slots=True)
class CloseSocket(InBand):
    """Close the caller's socket once everything in front of this has been sent."""

    reason: str


TxMessage = OutboundFrame | Mark | Clear | MarkEchoed | CloseSocket
