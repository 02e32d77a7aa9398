"""What RX is sent: the caller's frames."""

from dataclasses import dataclass

from actors.family import Media
from media.frame import FRAME_BYTES


@dataclass(frozen=True, slots=True)
class InboundFrame(Media):
    """One frame from the caller. Goes from the socket to RX, and from RX to STT."""

    payload: bytes
    """160 bytes of µ-law."""

    timestamp_ms: int
    """Media time: milliseconds since the start of the stream, as Twilio counts it."""

    voiced: bool
    """Whether the border heard voice in it."""

    arrived_at: float
    """When it arrived."""

    def __post_init__(self) -> None:
        """Refuse what is not a frame: everything behind the border counts on it."""
        if len(self.payload) != FRAME_BYTES:
            raise ValueError(f"InboundFrame: {len(self.payload)} bytes, expected {FRAME_BYTES}")


RxMessage = InboundFrame
