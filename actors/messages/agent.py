"""What the agent is sent: transcripts, the caller's voice and keys, what was played."""

from dataclasses import dataclass
from typing import ClassVar

from actors.family import OutOfBand


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
    """The caller's voice has lasted long enough to hold the reply; words decide the rest."""


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

    early: bool = False
    """Taken from a partial before the recogniser had finished; a revision may follow."""

    revises: bool = False
    """Whether this is the last final of the same number once more, with other words."""


@dataclass(frozen=True, slots=True)
class HearingLost(OutOfBand):
    """The recogniser has trouble: who waits for an answer may have to be told so."""


@dataclass(frozen=True, slots=True)
class HearingRestored(OutOfBand):
    """The recogniser is well again."""


@dataclass(frozen=True, slots=True)
class HearingGaveOut(OutOfBand):
    """Nobody recognises anything any more: the caller is to be told and passed on."""


@dataclass(frozen=True, slots=True)
class FramesWanted(OutOfBand):
    """TX is running low: hand over more speech if there is any."""

    COALESCES: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class PlaybackStarted(OutOfBand):
    """The first frame of a playback, or of a stretch of it, is on the wire."""

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
    | HearingLost
    | HearingRestored
    | HearingGaveOut
    | FramesWanted
    | PlaybackStarted
    | MarkPlayed
    | MarkFlushed
    | DigitPressed
)
