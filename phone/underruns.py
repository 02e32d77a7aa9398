"""Tells an underrun from the end of a reply: both leave the player's buffer empty.

Pure; positions are samples. The buffer ran empty and more came within `SAME_SPURT_S`: that
is an underrun, unless a mark was the last thing the server had sent, which is how a reply
ends. Servers also mark inside a reply; then the next mark tells: of the same epoch, it was
one playback after all. A `clear` excuses everything.
"""

from dataclasses import dataclass
from typing import Final

from media.frame import SAMPLE_RATE_HZ
from phone.epoch import epoch_of
from phone.loudness import voiced_range

SAME_SPURT_S: Final = 0.5
"""Audio after a longer gap is a new talk spurt, not a late part of the old one."""

AUDIBLE_GAP_MS: Final = 30.0
"""A hole in a word is heard from about this length on."""

MAX_KEPT: Final = 1000
"""Underruns kept one by one; all are counted."""


@dataclass(frozen=True, slots=True)
class Underrun:
    """The player had nothing to play in the middle of a talk spurt."""

    at_s: float
    gap_ms: float
    audible: bool
    """Longer than `AUDIBLE_GAP_MS`, with voice on both sides."""


@dataclass(frozen=True, slots=True)
class _Dry:
    position: int
    before: bytes


class Underruns:
    """The underruns of one call."""

    def __init__(self) -> None:
        self.count = 0
        self.audible = 0
        self.kept: list[Underrun] = []
        self._dry: _Dry | None = None
        self._mark_came_last = False
        self._epoch: str | None = None
        self._suspects: list[Underrun] = []

    def ran_dry(self, position: int, before: bytes) -> None:
        """The buffer has run empty after playing `before`."""
        self._dry = _Dry(position, before)

    def received(self, position: int, payload: bytes) -> None:
        """Audio has come and will be played from the position on, or later."""
        dry, self._dry = self._dry, None
        ended, self._mark_came_last = self._mark_came_last, False
        if dry is None or not 0 < position - dry.position <= SAME_SPURT_S * SAMPLE_RATE_HZ:
            return
        underrun = _measure(dry, position, payload)
        if not ended:
            self._confirm(underrun)
        elif self._epoch is not None and len(self._suspects) < MAX_KEPT:
            self._suspects.append(underrun)

    def marked(self, name: str) -> None:
        """A mark has come."""
        epoch = epoch_of(name)
        if epoch is not None and epoch == self._epoch:
            for underrun in self._suspects:
                self._confirm(underrun)
        self._suspects.clear()
        self._epoch = epoch
        self._mark_came_last = True

    def cleared(self) -> None:
        """The buffer was emptied on purpose."""
        self._dry = None
        self._suspects.clear()

    def _confirm(self, underrun: Underrun) -> None:
        self.count += 1
        self.audible += underrun.audible
        if len(self.kept) < MAX_KEPT:
            self.kept.append(underrun)


def _measure(dry: _Dry, position: int, after: bytes) -> Underrun:
    gap_ms = (position - dry.position) * 1000.0 / SAMPLE_RATE_HZ
    audible = (
        gap_ms > AUDIBLE_GAP_MS
        and voiced_range(dry.before) is not None
        and voiced_range(after) is not None
    )
    return Underrun(dry.position / SAMPLE_RATE_HZ, gap_ms, audible)
