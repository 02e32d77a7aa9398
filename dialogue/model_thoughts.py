"""Keeps a model's thoughts from being spoken: `<think>…</think>` before an answer.

Open reasoning models served without a parser for them write their thoughts into the answer
itself. Pure and incremental; any division of the text gives the same. `dialogue.model_reply`
lets every text pass through here.
"""

from typing import Final

_BEGIN: Final = "<think>"
_END: Final = "</think>"


class Thoughts:
    """One answer; drops a thought that stands at its beginning, blanks before it included."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        self._over = False

    def spoken(self, delta: str) -> str:
        """Take the next piece and return what of it belongs to the answer."""
        if self._over:
            return delta
        self._held += delta
        if not self._thinking:
            start = self._held.lstrip()
            if len(start) < len(_BEGIN) and _BEGIN.startswith(start):
                return ""
            if not start.startswith(_BEGIN):
                return self._rest()
            self._thinking = True
        at = self._held.find(_END)
        if at < 0:
            self._held = self._held[-len(_END) :]
            return ""
        self._held = self._held[at + len(_END) :]
        return self._rest()

    def finish(self) -> str:
        """Return what was held back, as the text has ended; a thought without end is dropped."""
        return "" if self._thinking and not self._over else self._rest()

    def _rest(self) -> str:
        self._over = True
        held, self._held = self._held, ""
        return held
