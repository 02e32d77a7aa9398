"""Whether the recogniser still answers: voice went in, has anything come out?

Pure: times are arguments. Owned by `DeafnessWatch`, told of voice by the border and of signs
of life by STT, so that it works whatever state STT is in. Whatever gRPC says, voice without any
sign is deafness. Music is voice too and a recogniser is right to keep quiet about it:
therefore the patience doubles each time, until a real result comes.
"""

from typing import Final

from actors.clock import EARLY_S

MIN_VOICED_FRAMES: Final = 10
"""Voice (200 ms) below which nobody expects a sign: a cough, a click."""

MAX_PATIENCE_S: Final = 60.0

PAUSE_S: Final = 0.7
"""A gap behind a spurt of voice that makes it speech rather than music."""

SPURT_MIN_S: Final = 0.6
"""A single voice shorter than this is a noise: no request would be made about it either."""

SPURT_MAX_S: Final = 8.0
"""A voice longer than this without a gap is music, whatever follows."""


class Liveness:
    """Watches one call's recogniser.

    Args:
        patience_s: seconds from the first unanswered voice until it counts as deafness.
        forget_after_s: voice as long ago as this no new stream would hear: it is in no ring.
    """

    __slots__ = (
        "_answered_frames",
        "_base_patience_s",
        "_forget_after_s",
        "_last_voice_at",
        "_patience_s",
        "_pauses",
        "_settled_frames",
        "_since",
        "_spurt_at",
        "_voiced_frames",
        "deaf_in_a_row",
    )

    def __init__(self, patience_s: float, forget_after_s: float) -> None:
        self._forget_after_s = forget_after_s
        self._base_patience_s = self._patience_s = patience_s
        self._voiced_frames = self._answered_frames = self._settled_frames = 0
        self._last_voice_at = self._spurt_at = 0.0
        self._pauses = 0
        self._since: float | None = None
        """When the voice that nobody has answered began."""
        self.deaf_in_a_row = 0
        """Times it was deaf since the last real result."""

    def voice_heard(self, voiced_frames: int, at: float) -> None:
        """Note voice: so many frames in the whole call, the newest of them at `at`."""
        if at - self._last_voice_at > PAUSE_S:
            self._pauses += self._since is not None
            self._spurt_at = at
        self._voiced_frames = voiced_frames
        self._last_voice_at = at
        if self._since is None:
            self._since = at

    def alive(self) -> None:
        """Note a sign of life: everything so far is answered."""
        self._since = None
        self._answered_frames = self._voiced_frames
        self._pauses = 0

    def noticed(self, now: float) -> None:
        """Note that the recogniser has noticed the voice: more is to come, it has its time."""
        if self._since is not None:
            self._since = max(self._since, now)

    def progressed(self) -> None:
        """Note a real result."""
        self.alive()
        self._patience_s = self._base_patience_s
        self.deaf_in_a_row = 0

    def settled(self, left_frames: int, now: float) -> None:
        """Note a final: no later stream will hear again what it covers.

        Args:
            left_frames: voice behind its end, of which it says nothing.
            now: when.
        """
        self._settled_frames = self._voiced_frames - left_frames
        if left_frames >= MIN_VOICED_FRAMES:
            self._answered_frames = min(self._answered_frames, self._settled_frames)
            self._since = now if self._since is None else self._since

    def began_anew(self, now: float) -> None:
        """Note a new stream: it has its time, counted from now.

        It hears again what no final has covered, and has to react to that, whatever the
        stream before it had said of it.
        """
        unsettled = self._voiced_frames > self._settled_frames
        if self._since is not None or (unsettled and self._is_held(now)):
            self._since = now
            self._answered_frames = min(self._answered_frames, self._settled_frames)

    @property
    def due_at(self) -> float | None:
        """When to look whether it is deaf; None while nothing is unanswered."""
        return None if self._since is None else self._since + self._patience_s

    def was_speech(self, now: float) -> bool:
        """Whether what was not answered came in spurts, as speech does, or was a long one."""
        over = now - self._last_voice_at > PAUSE_S
        lasted_s = self._last_voice_at - self._spurt_at
        return self._pauses > 0 or (over and SPURT_MIN_S <= lasted_s < SPURT_MAX_S)

    def is_deaf(self, now: float) -> bool:
        """Judge. Too little voice, or voice too long ago, is forgotten."""
        due_at = self.due_at
        if due_at is None or now < due_at - EARLY_S:
            return False
        unanswered = self._voiced_frames - self._answered_frames
        if unanswered >= MIN_VOICED_FRAMES and self._is_held(now):
            return True
        self.alive()
        return False

    def declared(self, now: float) -> None:
        """Note that it was found deaf: the next stream gets twice the time."""
        self.deaf_in_a_row += 1
        self._patience_s = min(self._patience_s * 2, MAX_PATIENCE_S)
        self._since = now

    def _is_held(self, now: float) -> bool:
        """Whether the newest voice is still in the ring, for a new stream to hear."""
        return now - self._last_voice_at <= self._forget_after_s
