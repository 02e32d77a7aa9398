"""Every message of the public protocol, grouped by the actor that receives it.

The base class (`actors.family`) alone decides a message's fate in a mailbox. Commands are
imperative, facts are in the past tense. Messages that an actor sends to itself are private
and stand in its own file. Times ending in `_at` are seconds of the call's monotonic clock.
An *epoch* is one playback (one reply); epochs only grow.
"""

from dataclasses import dataclass
from typing import ClassVar

from actors.family import InBand, Media, OutOfBand
from media.frame import FRAME_BYTES

# --- RX -------------------------------------------------------------------------------


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


# --- STT ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenStream(OutOfBand):
    """Begin to recognise. Sent once to every incarnation, as its first message."""

    single: bool
    """Recognise by single requests instead: streaming has failed too often, or is off."""


SttMessage = OpenStream | InboundFrame


# --- Agent ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallConnected(OutOfBand):
    """The caller can hear us. Sent once to every incarnation, as its first message."""


@dataclass(frozen=True, slots=True)
class SayGoodbye(OutOfBand):
    """Say goodbye and hang up, whatever is going on."""

    reason: str
    """Why the call ends, one word for logs and metrics."""


@dataclass(frozen=True, slots=True)
class SpeechStarted(OutOfBand):
    """The caller's voice was heard at the border."""

    started_at: float
    """When its first voiced frame arrived."""


@dataclass(frozen=True, slots=True)
class SpeechConfirmed(OutOfBand):
    """The caller has spoken long enough for it to be meant: it interrupts."""


@dataclass(frozen=True, slots=True)
class SpeechStopped(OutOfBand):
    """The caller has been quiet for the hangover."""

    ended_at: float
    """When the last voiced frame arrived: the hangover is not part of the speech."""


@dataclass(frozen=True, slots=True)
class PartialTranscript(OutOfBand):
    """What the caller seems to be saying."""

    COALESCES: ClassVar[bool] = True

    utterance: int
    """Counts the call's utterances from 1; the final that ends it has the same number."""

    text: str
    """The whole hypothesis so far."""

    heard_at: float
    """When the recogniser said so."""


@dataclass(frozen=True, slots=True)
class FinalTranscript(OutOfBand):
    """What the caller said."""

    utterance: int
    text: str
    """The words; empty for speech that nobody could make out."""

    heard_at: float


@dataclass(frozen=True, slots=True)
class FramesWanted(OutOfBand):
    """TX is running low: hand over more speech if there is any."""

    COALESCES: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class PlaybackStarted(OutOfBand):
    """The first frame of a playback is on the wire."""

    epoch: int
    started_at: float


@dataclass(frozen=True, slots=True)
class MarkPlayed(OutOfBand):
    """Everything in front of this mark was played to the caller."""

    name: str
    epoch: int


@dataclass(frozen=True, slots=True)
class MarkFlushed(OutOfBand):
    """This mark came back, or was taken out, because of a `Clear`: not heard."""

    name: str
    epoch: int


@dataclass(frozen=True, slots=True)
class DigitPressed(OutOfBand):
    """The caller pressed a key."""

    digit: str


AgentMessage = (
    CallConnected
    | SayGoodbye
    | SpeechStarted
    | SpeechConfirmed
    | SpeechStopped
    | PartialTranscript
    | FinalTranscript
    | FramesWanted
    | PlaybackStarted
    | MarkPlayed
    | MarkFlushed
    | DigitPressed
)


# --- TX -------------------------------------------------------------------------------


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


# --- Call -----------------------------------------------------------------------------


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
class SttProgress(OutOfBand):
    """The recogniser gave a real result: it is well."""

    COALESCES: ClassVar[bool] = True

    heard_at: float


@dataclass(frozen=True, slots=True)
class ChildFailed(OutOfBand):
    """A child crashed. Sent by the loop actor's adapter, whatever the way it crashed."""

    child: str
    """Its name in the child specification."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class ControlOverflowed(OutOfBand):
    """A mailbox's control lane reached its cap."""

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
    | SttProgress
    | ChildFailed
    | ControlOverflowed
    | EndPolitely
    | Transfer
    | Hangup
)
