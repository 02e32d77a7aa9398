"""Notices audio of a playback that a `clear` had already thrown away.

Pure. Two ways of knowing: a predicate of the test, which recognises the old audio itself,
or the marks: one of the old epoch after the `clear` says that the audio between was old.
Audio of an epoch from which no mark was seen before the `clear` passes the second way.
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
        self._after_clear = False
        self._unclaimed = 0
        self.stale_messages = 0

    def media(self, payload: bytes) -> None:
        """Audio has come."""
        if not self._after_clear:
            return
        if self._is_stale is None:
            self._unclaimed += 1
        elif self._is_stale(payload):
            self.stale_messages += 1

    def mark(self, name: str) -> None:
        """A mark has come: it says to whom the audio before it belonged."""
        epoch = epoch_of(name)
        if epoch is None:
            return
        if self._cleared is not None and not is_newer(epoch, self._cleared):
            self.stale_messages += self._unclaimed
        else:
            self._epoch = epoch
        self._unclaimed = 0

    def clear(self) -> None:
        """Everything of the playback so far has been thrown away."""
        self._after_clear = True
        self._cleared = self._epoch
        self._unclaimed = 0
