"""A voice that breaks over certain texts: what a synthesiser may do to a call.

Stands around the real engine inside the server under test. A text that begins with one of
`VOICE_PLANS` is spoken as badly as that says; every other text is the engine's. Keeps the
port's rule of one thread, and breaks all the others.
"""

from collections.abc import Callable
from typing import Any, Final

from speech.finished import FINISHED
from speech.ports import (
    AudioChunk,
    Cancellable,
    SynthesisDone,
    SynthesisFailed,
    SynthesisSink,
    Synthesizer,
)
from speech.tone import tone

STALLS: Final = "voice stalls"
STOPS_SHORT: Final = "voice stops short"
RAISES: Final = "voice raises"
FAILS: Final = "voice fails"
GARBAGE: Final = "voice gives garbage"
NO_AUDIO: Final = "voice gives no audio type"
FLOODS: Final = "voice floods"
VOICE_PLANS: Final = (STALLS, STOPS_SHORT, RAISES, FAILS, GARBAGE, NO_AUDIO, FLOODS)

FLOOD_CHUNKS: Final = 10
CHUNK: Final = bytes([0x35]) * 8000 * 60
"""A minute of noise in one piece."""


class VoiceBroke(Exception):
    """The fault of a voice."""


class FaultyVoice:
    """Implements `speech.ports.Synthesizer` around another, and breaks where it is told to."""

    def __init__(self, inner: Synthesizer) -> None:
        self.inner: Final = inner
        self.name: Final = inner.name
        self.about: Final = f"{inner.about}, made to break"

    @property
    def language(self) -> str:
        """Language of the engine inside."""
        return self.inner.language

    async def start(self) -> None:
        """Start the engine inside."""
        await self.inner.start()

    async def aclose(self) -> None:
        """Close the engine inside."""
        await self.inner.aclose()

    def synthesize(self, text: str, sink: SynthesisSink) -> Cancellable:
        """Speak, or break."""
        for plan, fault in _FAULTS.items():
            if text.startswith(plan):
                fault(sink)
                return FINISHED
        return self.inner.synthesize(text, sink)


def _stall(_sink: SynthesisSink) -> None:
    """Never answer."""


def _stop_short(sink: SynthesisSink) -> None:
    """Speak half a word, and never go on."""
    sink(AudioChunk(tone("half a")))


def _raise(_sink: SynthesisSink) -> None:
    raise VoiceBroke


def _fail(sink: SynthesisSink) -> None:
    """Speak half a word, and say that this was all."""
    sink(AudioChunk(tone("half a")))
    sink(SynthesisFailed("made to fail"))


def _garbage(sink: SynthesisSink) -> None:
    """Give pieces of every odd length, and go on after the end."""
    for size in (0, 1, 0, 7, 159, 161, 3):
        sink(AudioChunk(bytes(size)))
    sink(SynthesisDone())
    sink(AudioChunk(tone("after")))
    sink(SynthesisDone())


def _no_audio(sink: SynthesisSink) -> None:
    """Give a piece that consists of no bytes."""
    wrong: Any = None
    sink(AudioChunk(wrong))


def _flood(sink: SynthesisSink) -> None:
    """Give ten minutes of audio in one go."""
    for _ in range(FLOOD_CHUNKS):
        sink(AudioChunk(CHUNK))
    sink(SynthesisDone())


_FAULTS: Final[dict[str, Callable[[SynthesisSink], None]]] = {
    STALLS: _stall,
    STOPS_SHORT: _stop_short,
    RAISES: _raise,
    FAILS: _fail,
    GARBAGE: _garbage,
    NO_AUDIO: _no_audio,
    FLOODS: _flood,
}
