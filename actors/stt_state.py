"""What outlives an STT incarnation: the ring, the numbers, and the utterance finished early.

Plain data, kept by the call and handed to each successor. Filled by SttActor and its sessions;
knows nothing of recognisers, and decides only whether two texts are of the same utterance.
"""

from dataclasses import dataclass
from typing import Final

from dialogue.revision import words_said
from media.ring import AudioRing

VOICE_OF_ANOTHER_FRAMES: Final = 5
"""Voice (100 ms) after an early final from which on what is heard may be another utterance."""


@dataclass(slots=True)
class EarlyFinal:
    """An utterance finished early, whose real final has not come."""

    utterance: int
    text: str
    voiced_frames: int = 0
    """Voice since."""

    doubted: bool = False
    """Whether a partial said more since; it may have interrupted the answer."""

    def is_of(self, text: str) -> bool:
        """Whether a text is of the same utterance: the real final may never come.

        Nobody has spoken since, or half of the words are the same.
        """
        if self.voiced_frames < VOICE_OF_ANOTHER_FRAMES or not text:
            return True
        before = words_said(self.text)
        same = sum(one == other for one, other in zip(before, words_said(text), strict=False))
        return 2 * same >= len(before)

    def is_exceeded_by(self, text: str) -> bool:
        """Whether a partial has more words."""
        return len(words_said(text)) > len(words_said(self.text))

    def is_settled_by(self, text: str) -> bool:
        """Whether a final leaves everything as it is."""
        return not self.doubted and (not text or words_said(text) == words_said(self.text))


@dataclass(slots=True)
class SttState:
    """What a restarted STT takes over from its predecessor."""

    ring: AudioRing
    utterance: int = 1
    """The number of the utterance being spoken, or of the next one."""

    streams: int = 0
    """Streams and requests so far: tells a late result of an old one from our own."""

    probes: int = 0
    """Tries to stream again since streaming last gave a result."""

    early: EarlyFinal | None = None
    """The utterance finished early, whose real final has not come."""

    def next_number(self) -> int:
        """Number a new stream or request."""
        self.streams += 1
        return self.streams
