"""Whether the recogniser still answers: voice went in, has anything come out?

Pure: times are arguments. Owned by CallActor, told of voice by the border and of signs of
life by STT, so that it works whatever state STT is in. Whatever gRPC says, voice without any
sign is deafness. Music is voice too and a recogniser is right to keep quiet about it:
therefore the patience doubles each time, until a real result comes.
"""

from typing import Final

MIN_VOICED_FRAMES: Final = 10
"""Voice (200 ms) below which nobody expects a sign: a cough, a click."""

MAX_PATIENCE_S: Final = 60.0

EARLY_S: Final = 0.001
"""A timer may fire as much too early, by rounding or by the loop's own clock."""

PAUSE_S: Final = 0.7
"""A gap between two spurts of voice that makes them speech rather than music."""


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
        "_since",
        "_voiced_frames",
        "deaf_in_a_row",
    )

    def __init__(self, patience_s: float, forget_after_s: float) -> None:
        self._forget_after_s = forget_after_s
        self._base_patience_s = self._patience_s = patience_s
        self._voiced_frames = self._answered_frames = 0
        self._last_voice_at = 0.0
        self._pauses = 0
        self._since: float | None = None
        """When the voice that nobody has answered began."""
        self.deaf_in_a_row = 0
        """Times it was deaf since the last real result."""

    def voice_heard(self, voiced_frames: int, at: float) -> None:
        """Note voice: so many frames in the whole call, the newest of them at `at`."""
        if self._since is not None and at - self._last_voice_at > PAUSE_S:
            self._pauses += 1
        self._voiced_frames = voiced_frames
        self._last_voice_at = at
        if self._since is None:
            self._since = at

    def alive(self) -> None:
        """Note a sign of life: everything so far is answered."""
        self._since = None
        self._answered_frames = self._voiced_frames
        self._pauses = 0

    def progressed(self) -> None:
        """Note a real result."""
        self.alive()
        self._patience_s = self._base_patience_s
        self.deaf_in_a_row = 0

    def began_anew(self, now: float) -> None:
        """Note a new stream: it has its time, counted from now."""
        if self._since is not None:
            self._since = now

    @property
    def due_at(self) -> float | None:
        """When to look whether it is deaf; None while nothing is unanswered."""
        return None if self._since is None else self._since + self._patience_s

    @property
    def was_speech(self) -> bool:
        """Whether what was not answered came in spurts, as speech does."""
        return self._pauses > 0

    def is_deaf(self, now: float) -> bool:
        """Judge. Too little voice, or voice too long ago, is forgotten."""
        due_at = self.due_at
        if due_at is None or now < due_at - EARLY_S:
            return False
        unanswered = self._voiced_frames - self._answered_frames
        if unanswered >= MIN_VOICED_FRAMES and now - self._last_voice_at <= self._forget_after_s:
            return True
        self.alive()
        return False

    def declared(self, now: float) -> None:
        """Note that it was found deaf: the next stream gets twice the time."""
        self.deaf_in_a_row += 1
        self._patience_s = min(self._patience_s * 2, MAX_PATIENCE_S)
        self._since = now
