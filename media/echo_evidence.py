"""Is it the caller? Evidence against every echo there might be, over a few frames.

Owns one number for each delay: how many of the last frames an echo of that delay does not
explain. A frame is the caller's when no delay explains the last ones. Pure. One delay must
explain all frames: the echo of a line does not change its delay from frame to frame, while a
caller who is no louder than the agent is outdone by one delay now, by another then. The echo
guard talks to it.
"""

from typing import Final

import numpy as np

from media.echo_level import ratio_of
from media.echo_path import DELAYS, Levels

KEPT: Final = 0.92
"""What is left of the evidence after a frame: it fades within about 12 frames (0.25 s)."""

ENOUGH: Final = 1.5
"""Unexplained frames, two of the last few, that make a voice."""

FULL: Final = 2.0
"""Evidence of a frame that no delay comes near: enough by itself, and for three frames more,
as the quiet sounds of a word are."""

NOT_NEAR: Final = ratio_of(3.0)
"""A frame this far above every echo there might be is a voice at once."""


class Evidence:
    """The evidence for one caller's voice."""

    __slots__ = ("_fades", "_least", "_unexplained")

    def __init__(self) -> None:
        self._unexplained: Levels = np.zeros(DELAYS - 1, np.float32)
        self._fades = 0
        self._least = 0.0

    @property
    def enough(self) -> bool:
        """Whether the last frames are a caller's."""
        return self._least > ENOUGH

    def fade(self) -> None:
        """Take a frame that is no evidence: too quiet, or the main echo explains it."""
        self._fades += 1
        self._least *= KEPT

    def add(self, heard: int, echoes: Levels) -> None:
        """Weigh a frame.

        Args:
            heard: its level.
            echoes: the loudest echo that each delay may have brought in it.
        """
        if heard > np.maximum.reduce(echoes) * NOT_NEAR:
            self.complete()
            return
        unexplained = self._unexplained
        unexplained *= KEPT ** (self._fades + 1)
        unexplained += heard > echoes
        self._least = float(np.minimum.reduce(unexplained))
        self._fades = 0

    def complete(self) -> None:
        """Take a frame that no echo can be."""
        self._unexplained.fill(FULL)
        self._least = FULL
        self._fades = 0
