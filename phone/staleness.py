"""Notices audio of a playback that a `clear` had already thrown away.

Pure. Three ways of knowing. A predicate of the test, which recognises the old audio itself. A
mark of the old epoch after the `clear`, which says that the audio before it was old. And, with
a server that sets a mark behind the first frame of each playback (its first playback shows it),
a count: of all that comes between a `clear` and the next mark only the one message which that
mark stands behind can be new. Old audio that no mark follows is found as well by the count.
"""

from collections.abc import Callable

from phone.epoch import epoch_of, is_newer


class Staleness:
    """Counts media messages that came after the `clear` meant for them."""

    def __init__(self, is_stale: Callable[[bytes], bool] | None = None) -> None:
        """Begin a call.

        Args:
            is_stale: Says of a payload received after a `clear` whether it is old audio.
        """
        self._is_stale = is_stale
        self._epoch: str | None = None
        self._cleared: str | None = None
        self._cleared_any = False
        self._awaits_first_mark = False
        self._marks_first_frames: bool | None = None
        """Whether this server marks the first frame of a playback; None: not known yet."""
        self._unclaimed = 0
        """Media messages since the last mark or `clear`."""
        self._found = 0

    @property
    def stale_messages(self) -> int:
        """Media messages of a cleared playback so far."""
        return self._found + self._surplus()

    def media(self, payload: bytes) -> None:
        """Audio has come."""
        if self._is_stale is None:
            self._unclaimed += 1
        elif self._cleared_any and self._is_stale(payload):
            self._found += 1

    def mark(self, name: str) -> None:
        """A mark has come: it says to whom the audio before it belonged."""
        epoch = epoch_of(name)
        if epoch is None:
            return
        if self._marks_first_frames is None:
            self._marks_first_frames = self._unclaimed == 1
        if self._cleared is not None and not is_newer(epoch, self._cleared):
            self._found += self._unclaimed
        else:
            self._found += self._surplus()
            self._awaits_first_mark = False
            self._epoch = epoch
        self._unclaimed = 0

    def clear(self) -> None:
        """Everything of the playback so far has been thrown away."""
        self._found += self._surplus()
        self._cleared_any = self._awaits_first_mark = True
        self._cleared = self._epoch
        self._unclaimed = 0

    def _surplus(self) -> int:
        """Messages since the `clear` beyond the one that the next mark will stand behind."""
        if not (self._awaits_first_mark and self._marks_first_frames):
            return 0
        return max(0, self._unclaimed - 1)
