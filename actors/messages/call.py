"""What CallActor is told: by its children, by the media socket, by the agent."""

from dataclasses import dataclass
from typing import ClassVar

from actors.family import OutOfBand


@dataclass(frozen=True, slots=True)
class BeginCall(OutOfBand):
    """Start the children and greet the caller. The first message of a call."""


@dataclass(frozen=True, slots=True)
class StreamStopped(OutOfBand):
    """Twilio said `stop`: the caller hung up, or the call was moved elsewhere."""


@dataclass(frozen=True, slots=True)
class SocketClosed(OutOfBand):
    """The media socket is gone."""

    code: int | None
    """The WebSocket close code; None where the connection was lost without one."""


@dataclass(frozen=True, slots=True)
class VoiceHeard(OutOfBand):
    """The border heard the caller's voice."""

    COALESCES: ClassVar[bool] = True

    voiced_frames: int
    """In the call so far, so that no count is lost when a newer one replaces it."""

    heard_at: float
    """When the newest of them arrived."""


@dataclass(frozen=True, slots=True)
class SttOpened(OutOfBand):
    """A stream to the recogniser is open: what it hears is to be answered from now on."""


@dataclass(frozen=True, slots=True)
class SttAlive(OutOfBand):
    """The recogniser gave a sign of life without words."""

    COALESCES: ClassVar[bool] = True

    began: bool
    """Whether it has only noticed a voice, and owes what it makes of it."""


@dataclass(frozen=True, slots=True)
class SttProgress(OutOfBand):
    """The recogniser gave a real result: it is well."""

    COALESCES: ClassVar[bool] = True

    heard_at: float


@dataclass(frozen=True, slots=True)
class SttSettled(OutOfBand):
    """What the caller said so far is finished: no later stream will hear it again."""

    COALESCES: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class StreamingHealthy(OutOfBand):
    """While single requests are the fallback: a stream was tried and lasted."""


@dataclass(frozen=True, slots=True)
class SingleFailed(OutOfBand):
    """A single request failed; it is tried again."""

    status: str
    """A gRPC status name."""

    fatal: bool
    """Whether no other request can do better."""


@dataclass(frozen=True, slots=True)
class ChildFailed(OutOfBand):
    """A child crashed. Sent by `LoopActor`, whatever the way it crashed."""

    child: str
    """Its name in the child specification."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class ControlOverflowed(OutOfBand):
    """A mailbox's control lane reached its cap. One is enough: each refused message says so."""

    COALESCES: ClassVar[bool] = True

    mailbox: str


@dataclass(frozen=True, slots=True)
class EndPolitely(OutOfBand):
    """End the call with a goodbye, for a reason of our own."""

    reason: str


@dataclass(frozen=True, slots=True)
class Transfer(OutOfBand):
    """Connect the caller to somebody else; everything to be said has been said."""

    to: str


@dataclass(frozen=True, slots=True)
class Hangup(OutOfBand):
    """End the call; everything to be said has been said."""

    reason: str


CallMessage = (
    BeginCall
    | StreamStopped
    | SocketClosed
    | VoiceHeard
    | SttOpened
    | SttAlive
    | SttProgress
    | SttSettled
    | StreamingHealthy
    | SingleFailed
    | ChildFailed
    | ControlOverflowed
    | EndPolitely
    | Transfer
    | Hangup
)
