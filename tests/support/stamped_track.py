"""What arrived of a stamped speech: which frames, in which order, and which words were whole.

One track belongs to one stream, or to one call as one listener heard it. It never judges
what should have arrived beyond what the stamps say. Pure, no clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from media.frame import FRAME_BYTES
from tests.support.stamped_frame import Sound, Stamp, stamp_of
from tests.support.stamped_words import word_text


@dataclass(slots=True)
class Track:
    """Frames as they arrived."""

    call: int | None = None
    """Whose frames they are, once known."""

    ranges: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Runs of frames without a hole, in the order they came: first, and one past the last."""

    words: list[str] = field(default_factory=list[str])
    """Words of which every frame came, in order."""

    frames: int = 0
    """Frames that arrived, whatever they were."""

    stamped: int = 0
    lost: int = 0
    """Frames missing between two that came."""

    doubled: int = 0
    """Frames that came again at once after themselves."""

    reordered: int = 0
    """Other frames that came after a later one."""

    unstamped: int = 0
    """Frames that no stamped caller sent: silence made on the way, or damage."""

    foreign: int = 0
    """Frames of another call; they are in no range and make no word."""

    _position: int = 0
    """The place in its word of the frame that would continue the word under way."""

    def push(self, payload: bytes) -> Stamp | None:
        """Take the next frame; returns its stamp."""
        self.frames += 1
        stamp = stamp_of(payload)
        if stamp is None:
            self.unstamped += 1
            return None
        if self.call is None:
            self.call = stamp.call
        if stamp.call != self.call:
            self.foreign += 1
            return stamp
        self.stamped += 1
        self._hear_word(stamp, follows=self._place(stamp.index))
        return stamp

    @property
    def newest(self) -> int:
        """The index of the frame that came last; -1 before any."""
        return self.ranges[-1][1] - 1 if self.ranges else -1

    @property
    def in_order(self) -> bool:
        """Whether every frame came once, after its predecessor, from the first on."""
        return not (self.lost or self.doubled or self.reordered or self.foreign)

    def _place(self, index: int) -> bool:
        """Note a frame; says whether it is the successor of the last one."""
        if not self.ranges:
            self.ranges.append((index, index + 1))
            return True
        start, end = self.ranges[-1]
        if index == end:
            self.ranges[-1] = (start, end + 1)
            return True
        if index > end:
            self.lost += index - end
        elif index == end - 1:
            self.doubled += 1
            return False
        else:
            self.reordered += 1
        self.ranges.append((index, index + 1))
        return False

    def _hear_word(self, stamp: Stamp, *, follows: bool) -> None:
        if stamp.sound is not Sound.WORD:
            self._position = 0
            return
        # A first frame begins a word whatever came before it; a later one must continue it.
        continues = follows and stamp.position == self._position
        self._position = stamp.position + 1 if continues or stamp.position == 0 else 0
        if self._position == stamp.length:
            self._position = 0
            self.words.append(word_text(stamp.call, stamp.word, hebrew=stamp.hebrew))


def listen(frames: Iterable[bytes]) -> Track:
    """Hear frames of 160 bytes, in order."""
    track = Track()
    for payload in frames:
        track.push(payload)
    return track


def frames_in(audio: bytes) -> list[bytes]:
    """Cut audio into frames; a rest of less than a frame is left out."""
    whole = len(audio) - len(audio) % FRAME_BYTES
    return [audio[at : at + FRAME_BYTES] for at in range(0, whole, FRAME_BYTES)]


def covered(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join ranges that overlap or touch; in order."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def missing(ranges: Iterable[tuple[int, int]], start: int, end: int) -> int:
    """Count the frames from `start` to before `end` that no range has."""
    inside = (max(0, min(last, end) - max(first, start)) for first, last in covered(ranges))
    return end - start - sum(inside)
