"""One text of a playback: where its audio lies, and how much of it was heard.

Plain data and arithmetic on frames. Used by `actors.playback`.
"""

from dataclasses import dataclass
from typing import Final

CHARS_PER_FRAME: Final = 0.3
"""Speed of speech (15 characters a second) as long as a text's length is not known."""


@dataclass(slots=True)
class SpokenText:
    """A text, from the moment it is to be said."""

    text: str
    interruptible: bool = True
    filler: bool = False
    """Said to pass the time: no part of the answer."""

    first_frame: int = 0
    frames: int = 0
    complete: bool = False
    """Whether no more audio of it comes."""

    broken: bool = False
    """Whether that is not all of it: its synthesis failed."""

    def heard_of(self, heard_frames: int) -> str:
        """The words of it that lie before a frame of the playback."""
        whole = self.complete and not self.broken
        heard = min(heard_frames - self.first_frame, self.frames)
        if heard <= 0:
            return ""
        if whole and heard >= self.frames:
            return self.text
        expected = self.frames if whole else len(self.text) / CHARS_PER_FRAME
        chars = int(len(self.text) * min(1.0, heard / max(1.0, expected)))
        return self.text[:chars].rpartition(" ")[0]

    def is_heard(self, heard_frames: int) -> bool:
        """Whether all that there is of it lies before a frame of the playback."""
        return self.complete and heard_frames >= self.first_frame + self.frames
