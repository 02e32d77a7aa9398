"""Looks at the right moment whether the recogniser has answered the caller's voice.

A plain class inside CallActor's `Hearing`: gives `Liveness` its times and keeps the one timer
that wakes it. Judges, and decides nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from actors.clock import Clock, Timer
from actors.family import OutOfBand
from actors.liveness import Liveness
from actors.messages import VoiceHeard
from actors.peer import to_nobody


@dataclass(frozen=True, slots=True)
class LivenessDue(OutOfBand):
    """Time to see whether the voice was answered."""


class DeafnessWatch:
    """Watches one call's recogniser.

    Args:
        liveness: what is known.
        clock: the call's.
        after: sends CallActor a message later.
        watchable: whether the recogniser is one that shows signs of life.
    """

    def __init__(
        self,
        liveness: Liveness,
        clock: Clock,
        after: Callable[[float, OutOfBand], Timer],
        *,
        watchable: bool,
    ) -> None:
        self._liveness = liveness
        self._clock = clock
        self._after = after
        self._watchable = watchable
        self._timer: Timer | None = None
        self._due_at = 0.0

    def release(self) -> None:
        """Forget the owner: it has ended."""
        self._after = to_nobody

    @property
    def owes_nothing(self) -> bool:
        """Whether everything said so far was answered."""
        return self._liveness.due_at is None

    @property
    def in_a_row(self) -> int:
        """Times it was deaf since the last real result."""
        return self._liveness.deaf_in_a_row

    @property
    def was_speech(self) -> bool:
        """Whether what was not answered was speech, rather than music or a noise."""
        return self._liveness.was_speech(self._clock.now())

    def voice_heard(self, voice: VoiceHeard) -> None:
        """Expect the recogniser to react to this, if it is one that does."""
        if self._watchable:
            self._liveness.voice_heard(voice.voiced_frames, voice.heard_at)
            self._look_later()

    def began_anew(self) -> None:
        """Note a new stream, or one that is still opening: it has its time from now."""
        self._liveness.began_anew(self._clock.now())
        self._look_later()

    def noticed(self) -> None:
        """Note that a voice was noticed, and nothing made of it yet."""
        self._liveness.noticed(self._clock.now())
        self._look_later()

    def alive(self) -> None:
        """Note that everything so far is answered."""
        self._liveness.alive()

    def progressed(self) -> None:
        """Note a real result."""
        self._liveness.progressed()

    def settled(self, left_frames: int) -> None:
        """Note a final that leaves so much voice behind its end: that is owed its own."""
        self._liveness.settled(left_frames, self._clock.now())
        if self._watchable:
            self._look_later()

    def is_deaf(self) -> bool:
        """Judge, now that it is due; looks again by itself."""
        self._timer = None
        deaf = self._liveness.is_deaf(self._clock.now())
        if deaf:
            # Declared when STT has failed of it: a stream that is being changed is not deaf.
            self._liveness.began_anew(self._clock.now())
        self._look_later()
        return deaf

    def declared(self) -> None:
        """Note that STT has failed of it: the next stream gets twice the time."""
        self._liveness.declared(self._clock.now())

    def _look_later(self) -> None:
        """Look again when it is due; a real result makes that sooner than it was."""
        due_at = self._liveness.due_at
        if due_at is None or (self._timer is not None and self._due_at <= due_at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due_at = due_at
        self._timer = self._after(max(0.0, due_at - self._clock.now()), LivenessDue())
