"""When an utterance may count as finished before the recogniser says so.

Pure: told of partials and frames in their order, counts frames, knows no clock. A strong
partial is taken at once. One that the recogniser calls stable, or that has not changed for the
hangover, is taken once the voice has been quiet for the hangover; one that was new just now,
once the voice has been quiet for the timeout. Used by the streaming session.
"""

from typing import Final

STRONG_CHARS: Final = 15
"""A partial longer than this that ends a sentence is taken as it is; a shorter one
(`No.`) is too often the beginning of something else."""

SENTENCE_ENDS: Final = (".", "?", "!")
"""What a recogniser with automatic punctuation puts at the end of a sentence."""

STABLE: Final = 0.85
"""Stability (0 to 1) from which a recogniser is taken at its word. Google's interims have
0.9 for the head that it will hardly change, and 0.01 for the rest."""

GROWING_FRAMES: Final = 5
"""A partial younger than this (100 ms) may still grow: those of a replay come one by one, long
after the voice has ended."""

_INVISIBLE: Final = (
    "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u200b\u00a0 \t"
)
"""Marks of direction, and of nothing, that may follow the punctuation of Hebrew text; spaces."""


def is_strong(text: str) -> bool:
    """Whether a partial is a whole sentence beyond doubt."""
    text = text.strip(_INVISIBLE)
    return len(text) > STRONG_CHARS and text.endswith(SENTENCE_ENDS)


class TurnEnd:
    """Watches one utterance after the other.

    Args:
        hangover_frames: quiet after which a partial is taken that is stable, or has not changed
            for as long.
        timeout_frames: quiet after which any partial is taken, but one that may still grow.
    """

    __slots__ = ("_hangover", "_stable", "_text", "_timeout", "_unchanged", "quiet_frames")

    def __init__(self, hangover_frames: int, timeout_frames: int) -> None:
        self._hangover = max(1, hangover_frames)
        self._timeout = max(self._hangover, timeout_frames)
        self.quiet_frames = 0
        """Frames since the last voiced one."""
        self.reset()

    def reset(self) -> None:
        """Forget the partial: its utterance has been finished, or never was one."""
        self._text = ""
        self._stable = False
        self._unchanged = 0

    def partial(self, text: str, stability: float) -> bool:
        """Take a partial; say whether it finishes the utterance by itself."""
        if text != self._text:
            self._text = text
            self._unchanged = 0
        self._stable = stability >= STABLE
        return is_strong(text)

    def frame(self, *, voiced: bool) -> bool:
        """Take the next frame; say whether the utterance is finished by now."""
        self.quiet_frames = 0 if voiced else self.quiet_frames + 1
        if not self._text:
            return False
        self._unchanged += 1
        if self.quiet_frames < self._hangover:
            return False
        if self._stable or self._unchanged >= self._hangover:
            return True
        return self.quiet_frames >= self._timeout and self._unchanged >= GROWING_FRAMES
