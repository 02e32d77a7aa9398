"""What the speaking of a reply tells the agent that owns it: private messages of AgentActor."""

from dataclasses import dataclass

from actors.family import OutOfBand
from speech import ports


@dataclass(frozen=True, slots=True)
class Synthesized(OutOfBand):
    """The synthesiser's next event for a reply."""

    reply: int
    event: ports.SynthesisEvent


@dataclass(frozen=True, slots=True)
class ReplyDue(OutOfBand):
    """Time to look whether a reply still grows."""

    reply: int


@dataclass(frozen=True, slots=True)
class PlaybackOverdue(OutOfBand):
    """The end mark of a playback should long have come back."""

    epoch: int
