"""How a line behaves and how it ends: the choices of whoever places a call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from phone.echo import EchoOptions
from phone.microphone import Network
from phone.server_messages import ServerMessage


class HangUp(Enum):
    """How the caller's side ends the stream."""

    STOP = "stop"
    """`stop`, then a close: what Twilio does."""
    CLOSE = "close"
    """A close without `stop`."""
    ABORT = "abort"
    """The connection is dropped."""


@dataclass(frozen=True, slots=True)
class LineOptions:
    """The choices for one line; times are phone time."""

    network: Network = field(default_factory=Network)
    sends_silence: bool = True
    """False: no media at all while the caller is silent."""
    echo: EchoOptions | None = None
    """How the line echoes the agent's voice; None: not at all."""
    recording: Path | None = None
    speed: float = 1.0
    """Phone seconds in a real second, for tests."""
    start_delay_s: float = 0.0
    """Between `connected` and `start`."""
    mark_delay_s: float = 0.0
    """Marks are echoed this much after they were played or flushed: a far-away Twilio."""
    is_stale: Callable[[bytes], bool] | None = None
    """Recognises audio that a `clear` should have thrown away."""
    on_message: Callable[[ServerMessage, float], None] | None = None
    """Told of each message of the server, and by the phone's clock when it came."""
