"""What a line does to the agent's voice before it comes back: learned while the agent speaks.

Owns, for every delay up to a second, a coupling: the level of the echo that the line may have
there, as a ratio of the level played. Pure: one step is one frame of 20 ms. The echo guard
talks to it; whether a frame is the caller's is not decided here.

All couplings begin at the prior. After each block of eight frames, a delay at which loud
speech was played and less was heard than its coupling says is disproved and falls. A delay
without echo is disproved again and again, because the agent begins and pauses at other times
than it would be heard; the delay of an echo never is by much. A caller makes a block louder,
which disproves nothing: nothing is learned from the caller. The one way up, beside a slow
leak, is that what was heard follows what was played over a second.

A line whose loudest possible echo is too quiet for a voice has none that matters. As long as
nothing audible comes back from it, there is nothing to learn, and most lines are like that.
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from media.echo_level import MAX_LEVEL, QUIET, level_of, ratio_of

Levels = NDArray[np.float32]
"""One value for each delay, the longest first, so that windows of time are plain slices."""

DELAYS: Final = 50
"""Delays looked at: 0 to 980 ms. 600 ms of echo path leave 380 ms for network and player."""

BLOCK_FRAMES: Final = 8
"""Frames learned from at a time (160 ms, a syllable). The level of one frame depends on how
the line colours its sound and how the two frame grids lie; that of eight does much less."""

FOLLOW_FRAMES: Final = 48
"""Frames (0.96 s) over which inbound must follow outbound for a coupling to be raised."""

MARGIN: Final = ratio_of(6.0)
"""What a frame of echo may be above its coupling. Of 800 replies through random handset filters
(swings of 10 dB between their bands), 6 dB let one be confirmed as a voice, 5 dB 39 of them."""

PRIOR: Final = ratio_of(-6.0) / MARGIN
"""With the margin, 6 dB below what was played: the least loss of a hybrid that echo cancellers
are built for (ITU-T G.168), and therefore the bound of every Geigel detector."""

SPREAD: Final = 3
"""A coupling counts for delays this many frames (60 ms) shorter and longer as well: a frame
lies across two others, and a jitter buffer moves after the line was learned."""

LEARNED_BLOCKS: Final = 16
"""Loud blocks (2.6 s of speech) after which the loudest coupling is that of the main echo."""

REST_BLOCKS: Final = 4
"""Once the line is known, one block in so many is learned from (one in 0.64 s): it is the same
line, and learning is most of what the guard costs."""

LOUD: Final = ratio_of(-12.0)
"""Blocks further than this below the loudest teach nothing: their echo drowns in noise."""

TEACHING: Final = BLOCK_FRAMES * level_of(300.0)
"""Quietest block that teaches (-41 dBov): the echo of less is below what counts as a voice."""

KEPT: Final = 0.7
"""Of a disproved coupling in a block, the rest being what was heard: a block a little below is
the colour of the line, and one dull syllable shall not rule."""

KEPT_OF_NO_ECHO: Final = 0.5
"""The same when nothing came back: 12 dB a block."""

_FAR: Final = ratio_of(-10.0)  # where what was heard is too little for colour, and both rules meet
_SLOPE: Final = (KEPT + (1.0 - KEPT) * _FAR - KEPT_OF_NO_ECHO) / _FAR

LEAK: Final = ratio_of(0.5)
"""How far a coupling rises in a block that agrees with it (3 dB a second of speech)."""

FOLLOWS: Final = 0.9
"""Correlation from which inbound follows outbound. Echoes gave 0.76 to 0.97; callers who speak
at the same time 0.3 to 0.77 at the delay that fits them best."""

SUSPECT_FRAMES: Final = 10
"""Frames of voice over the agent, of 48, from which it is asked whether they were echo. Asked
in their first pause: a caller who begins as the agent once began ends at another time."""

_PLAYED_FRAMES: Final = DELAYS - 1 + FOLLOW_FRAMES
_BLOCK_START: Final = _PLAYED_FRAMES - BLOCK_FRAMES
_KEPT_BLOCKS: Final = FOLLOW_FRAMES // BLOCK_FRAMES
_QUIET_BLOCK: Final = BLOCK_FRAMES * QUIET  # heard less: nothing audible came back
_FLAT: Final = 1e6  # variance of a sequence without any shape, far below that of speech


class EchoPath:
    """The echo of one line, as far as it is known. About 2 KiB."""

    __slots__ = (
        "_blocks",
        "_bound",
        "_coupling",
        "_end",
        "_heard",
        "_main",
        "_padded",
        "_played",
        "_sums",
        "_turn",
        "_voices",
        "_windows",
        "block_heard",
        "silent",
    )

    def __init__(self) -> None:
        self._blocks = 0
        self._turn = 0
        self._main = 0
        self._end = _BLOCK_START
        self.block_heard = 0
        """Sum of the levels heard in the block that has just ended, or is under way."""
        self.silent = False
        """Whether no echo can be as loud as a voice, whatever is played."""
        self._voices = [0] * _KEPT_BLOCKS
        self._played: Levels = np.zeros(_PLAYED_FRAMES, np.float32)
        self._heard: Levels = np.zeros(FOLLOW_FRAMES, np.float32)
        self._sums: Levels = np.zeros(DELAYS + BLOCK_FRAMES, np.float32)
        self._coupling: Levels = np.full(DELAYS, PRIOR, np.float32)
        self._bound: Levels = np.full(DELAYS, PRIOR * MARGIN, np.float32)
        self._padded: Levels = np.zeros(DELAYS + 2 * SPREAD, np.float32)
        # A view: for each delay, what was played in the time that `_heard` covers.
        self._windows = sliding_window_view(self._played, FOLLOW_FRAMES)

    @property
    def known(self) -> bool:
        """Whether enough was played to know the line."""
        return self.silent or self._blocks >= LEARNED_BLOCKS

    def push(self, played: int, heard: int) -> None:
        """Take one frame of each direction.

        Args:
            played: level of the agent's frame played in this time.
            heard: level of the caller's frame of the same time.
        """
        end = self._end
        if end == _BLOCK_START:
            self.block_heard = 0
        self._played[end] = played
        self._heard[end - DELAYS + 1] = heard
        self.block_heard += heard
        self._end = end + 1

    def echoes(self) -> Levels:
        """Return the loudest echo that each delay may have brought in the newest frame.

        One value for each two neighbouring delays: a frame lies across two that were played.
        """
        single = self._played[self._end - DELAYS : self._end] * self._bound
        pairs: Levels = np.maximum(single[1:], single[:-1])
        return pairs

    def main_echo(self) -> float:
        """Return the loudest that the main echo may have brought in the newest frame."""
        main = self._main
        return float(self._played[self._end - DELAYS + main] * self._bound[main])

    def judged(self, *, voice: bool) -> bool:
        """Note whether the frame just pushed was the caller's; True at the end of a block."""
        self._voices[-1] += voice
        if self._end < _PLAYED_FRAMES:
            return False
        self._learn()
        return True

    def _learn(self) -> None:
        voices = self._voices
        suspicious = not voices[-1] and voices[-2] > 0 and sum(voices) >= SUSPECT_FRAMES
        self._turn = (self._turn + 1) % REST_BLOCKS
        teaches = not self.silent or self.block_heard >= _QUIET_BLOCK
        if suspicious or (teaches and not (self._turn and self.known)):
            self._learn_block(suspicious=suspicious)
        self._played[:-BLOCK_FRAMES] = self._played[BLOCK_FRAMES:]
        self._heard[:-BLOCK_FRAMES] = self._heard[BLOCK_FRAMES:]
        self._voices = [*self._voices[1:], 0]
        self._end = _BLOCK_START

    def _learn_block(self, *, suspicious: bool) -> None:
        played = self._played
        np.cumsum(played[-(DELAYS - 1 + BLOCK_FRAMES) :], out=self._sums[1:])
        block: Levels = self._sums[BLOCK_FRAMES:] - self._sums[:-BLOCK_FRAMES]
        loudest = float(np.maximum.reduce(block))
        if loudest > TEACHING:
            self._blocks += 1
            self._compare(block, max(loudest * LOUD, TEACHING))
        if suspicious:
            self._suspect()
        if suspicious or loudest > TEACHING:
            self._widen()

    def _compare(self, block: Levels, loud: float) -> None:
        """Lower the couplings that a block disproves; let those that it bears out leak."""
        coupling = self._coupling
        ratio = np.where(block >= loud, self.block_heard / np.maximum(block, 1.0), coupling)
        # Without branches: the lowest of the three rules is the one that applies.
        lowered = np.minimum(
            coupling * KEPT + ratio * (1.0 - KEPT), coupling * KEPT_OF_NO_ECHO + ratio * _SLOPE
        )
        np.minimum(lowered, coupling * (1.0 if self._voices[-1] else LEAK), out=coupling)
        np.minimum(coupling, PRIOR, out=coupling)

    def _suspect(self) -> None:
        """Raise the coupling of the delay at which the voice heard follows what was played."""
        heard = self._heard - np.add.reduce(self._heard) / FOLLOW_FRAMES
        windows = self._windows
        mean = np.add.reduce(windows, axis=1) / FOLLOW_FRAMES
        variance = np.einsum("ij,ij->i", windows, windows) - FOLLOW_FRAMES * mean * mean
        variance = np.maximum(variance, _FLAT)
        common = windows @ heard
        follows = common / np.sqrt(variance * max(float(heard @ heard), _FLAT))
        best = int(follows.argmax())
        if follows[best] >= FOLLOWS:
            slope = min(float(common[best] / variance[best]), PRIOR)
            self._coupling[best] = max(float(self._coupling[best]), slope)

    def _widen(self) -> None:
        """Make the bound of the couplings: each with its neighbours, and the margin on top."""
        padded = self._padded
        np.multiply(self._coupling, MARGIN, out=padded[SPREAD:-SPREAD])
        two = np.maximum(padded[1:], padded[:-1])
        four = np.maximum(two[2:], two[:-2])
        np.maximum(four[SPREAD:], four[:-SPREAD], out=self._bound)  # 7 places, 2 * SPREAD + 1
        self._main = int(self._coupling.argmax())
        self.silent = float(self._coupling[self._main]) * MARGIN * MAX_LEVEL < QUIET
