"""What all servicers of the emulator share: the script, the limits, the journal, the network."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.emulator.journal import Journal
from tests.support.stamped_ear import StreamCounter
from tests.support.stamped_faults import FaultBook

REFUSED_FOR_HEBREW: Final = ("phone_call", "latest_long", "latest_short", "video")
"""Models that the live service refuses for Hebrew."""


@dataclass(slots=True)
class Limits:
    """What the service puts up with."""

    stream_s: float = 305.0
    """Length of a stream: by the wall clock, or of its audio, whatever is longer."""

    audio_timeout_s: float = 10.0
    """Without audio."""

    request_bytes: int = 25 * 1024
    """Audio in one request of a stream."""

    quiet_ms: int = 300
    """Quiet that ends an utterance."""

    thinking_s: float = 0.0
    """From the audio to the answer about it; audio is taken all the while."""


@dataclass(slots=True)
class House:
    """The state of one emulator."""

    limits: Limits = field(default_factory=Limits)
    book: FaultBook = field(default_factory=FaultBook)
    journal: Journal = field(default_factory=Journal)
    counter: StreamCounter = field(default_factory=StreamCounter)
    refused_models: tuple[str, ...] = ()
    """Refused whatever the language."""
    cut: Callable[[str], None] = lambda _peer: None
    """Resets the connection of a gRPC peer (`ipv4:127.0.0.1:4711`)."""

    def refusal(self, model: str, languages: tuple[str, ...]) -> str | None:
        """Google's words about a model it does not have for a language; None: it has."""
        codes = [_old_hebrew(language) for language in languages]
        hebrew = any(code.startswith("iw") for code in codes)
        if model in self.refused_models or (hebrew and model in REFUSED_FOR_HEBREW):
            return (
                f"Invalid recognition 'config': The {model} model is currently "
                f"not supported for language : {', '.join(codes)}."
            )
        return None


Servicer = Callable[[House], Any]
"""Makes a gRPC generic handler."""


def _old_hebrew(language: str) -> str:
    """The service speaks of Hebrew by its older code."""
    return f"iw{language[2:]}" if language.startswith("he") else language
