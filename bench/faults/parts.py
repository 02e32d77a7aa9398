"""How long each part of a run took: told as it ends, and kept for the document."""

import time
from collections.abc import Callable


class Parts:
    """A watch for parts that come one after the other.

    Args:
        tell: told of each, a line.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.took_s: dict[str, float] = {}
        self._tell = tell
        self._began_at = self._at = time.monotonic()

    @property
    def total_s(self) -> float:
        """Since the watch was made."""
        return time.monotonic() - self._began_at

    def over(self, part: str) -> None:
        """Note that a part is over; the next one begins now."""
        now = time.monotonic()
        took_s, self._at = now - self._at, now
        self.took_s[part] = took_s
        self._tell(f"-- {part}: {took_s:.0f} s")
