"""What STT is sent: when to begin, how, when to fail; and the caller's frames, from RX."""

from dataclasses import dataclass

from actors.family import OutOfBand
from actors.messages.rx import InboundFrame


@dataclass(frozen=True, slots=True)
class OpenStream(OutOfBand):
    """Begin to recognise: the first message of every incarnation, and again on the way back."""

    single: bool
    """Recognise by single requests instead: streaming has failed too often, or is off."""

    maybe_noise: bool = False
    """Whether what the ring holds may be no speech: it is asked about, but that nobody can
    make out anything in it is then no utterance."""


@dataclass(frozen=True, slots=True)
class FailDeaf(OutOfBand):
    """Fail: voice went in and nothing came out. The successor opens a new stream."""


SttMessage = OpenStream | FailDeaf | InboundFrame
