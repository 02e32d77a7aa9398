"""The private messages of AgentActor: what its own helpers, engines and timers tell it.

Here and not where they are sent, so that all it can be told stands in two files: this one and
`actors.messages.agent`. Results carry the reply or the playback that they belong to, as both
may be over when they come.
"""

from dataclasses import dataclass

from actors.family import OutOfBand
from dialogue.ports import BrainOutput
from speech.ports import SynthesisEvent

# --- of a reply -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BrainSaid(OutOfBand):
    """The brain's next output for a reply."""

    reply: int
    output: BrainOutput


@dataclass(frozen=True, slots=True)
class FillerDue(OutOfBand):
    """The caller has waited for an answer long enough to be told that one is coming."""

    reply: int


@dataclass(frozen=True, slots=True)
class Synthesized(OutOfBand):
    """The synthesiser's next event for a reply."""

    reply: int
    event: SynthesisEvent


@dataclass(frozen=True, slots=True)
class ReplyDue(OutOfBand):
    """Time to look whether a reply still grows."""

    reply: int


@dataclass(frozen=True, slots=True)
class PlaybackOverdue(OutOfBand):
    """The end mark of a playback should long have come back."""

    epoch: int


OfReply = BrainSaid | FillerDue | Synthesized | ReplyDue | PlaybackOverdue

# --- of the caller --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuietDue(OutOfBand):
    """The voice that held the reply had time to become words."""

    epoch: int
    """The playback that was held."""


@dataclass(frozen=True, slots=True)
class KeptDue(OutOfBand):
    """The brain was told of something kept; what was kept behind it comes next."""


@dataclass(frozen=True, slots=True)
class EntryOverdue(OutOfBand):
    """No other key came for the time allowed."""

    key: int
    """The number of the last key then; one that has been followed by another means nothing."""


@dataclass(frozen=True, slots=True)
class LineSilent(OutOfBand):
    """Nobody has spoken for the brain's patience."""


@dataclass(frozen=True, slots=True)
class TroubleDue(OutOfBand):
    """The caller has waited long enough for a recogniser in trouble to be told of it."""


Private = OfReply | QuietDue | KeptDue | EntryOverdue | LineSilent | TroubleDue
