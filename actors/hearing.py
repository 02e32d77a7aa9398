"""How well a call hears: restarts of STT, deafness, the fallback and the way back.

A plain class inside CallActor, which passes on whatever concerns STT. Decides by the class of
a failure (`speech.failure`): what may heal is restarted, counted; deafness is restarted,
counted apart; what will not heal, or has failed too often, falls back to single requests,
while STT tries streams in the background. Tells the agent, which owes the caller a word when
it lasts. Touches neither audio nor text.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from actors.call_parts import CallParts
from actors.clock import EARLY_S, Timer
from actors.deafness import DeafnessWatch
from actors.family import OutOfBand
from actors.liveness import Liveness
from actors.messages import (
    ChildFailed,
    FailDeaf,
    HearingGaveOut,
    HearingLost,
    HearingRestored,
    OpenStream,
    SingleFailed,
    VoiceHeard,
)
from actors.peer import to_nobody
from actors.stt_stream import StreamFailed
from actors.supervision import described
from speech.failure import Failure

DEAF_MAX: Final = 3
"""Times in a row that streams may be deaf to speech before single requests are tried."""

DEAF_PROBES: Final = 3
"""Tries that count as failed then: the first one comes after 16 s."""

FATAL_MAX: Final = 2
"""Requests refused for good before the caller is passed on: one may be a slip, of a token."""

JITTER: Final = (0.75, 1.25)
"""What backoffs are multiplied with, so that the calls of a broken channel come back apart."""

EXHAUSTED_FACTOR: Final = 4
"""Longer backoff (0.8 s) for RESOURCE_EXHAUSTED: a quota is not there again in 0.2 s."""


@dataclass(frozen=True, slots=True)
class RestartStt(OutOfBand):
    """The backoff is over."""


@dataclass(frozen=True, slots=True)
class GiveUpDue(OutOfBand):
    """Nothing should have been recognised for so long that it is time to say so."""


class Hearing:
    """Supervises the STT child of one call.

    Args:
        parts: the call.
        after: sends CallActor a message later.
        on_exhausted: called when the fallback has crashed too often as well.
    """

    def __init__(
        self,
        parts: CallParts,
        after: Callable[[float, OutOfBand], Timer],
        on_exhausted: Callable[[ChildFailed], None],
    ) -> None:
        self._parts = parts
        self._context = parts.context
        self._child = parts.children["stt"]
        self._after = after
        self._on_exhausted = on_exhausted
        settings = self._context.settings
        self._deafness = DeafnessWatch(
            Liveness(settings.stt_deaf_after_ms / 1000, settings.stt_ring_ms / 1000),
            self._context.runtime.clock,
            after,
            watchable=parts.engines.recognizer.signs_of_life,
        )
        self._open = False
        self._lost = False
        self._failing_since: float | None = None
        """The first request that failed since anything was recognised."""
        self._gave_out = False
        self._fatal_answers = 0
        self._was_deaf = False
        """Whether streams were given up for deafness, and none has given a result since."""
        self._random = random.Random(self._context.call_sid)  # noqa: S311  # spreads, hides nothing

    def release(self) -> None:
        """Forget the owner: it has ended."""
        self._deafness.release()
        self._after = self._on_exhausted = to_nobody

    # --- signs of life ---------------------------------------------------------------

    def voice_heard(self, voice: VoiceHeard) -> None:
        """Expect the recogniser to react to this."""
        self._deafness.voice_heard(voice)

    def opened(self) -> None:
        """Note a new stream: it gets its time to react. With nothing to react to, all is well."""
        self._open = True
        self._deafness.began_anew()
        if self._deafness.owes_nothing and not self._was_deaf:
            self._restored()

    def alive(self, *, began: bool) -> None:
        """Note a sign of life; one that only says that a voice was noticed promises more."""
        if began:
            self._deafness.noticed()  # The caller is none the better for it yet.
        else:
            self._deafness.alive()
            self._restored()

    def settled(self) -> None:
        """Note that what was said so far is finished, but for what the ring still holds."""
        self._deafness.settled(self._parts.stt_state.ring.voiced_frames)

    def progressed(self, at: float) -> None:
        """Note a real result."""
        self._deafness.progressed()
        self._child.progressed(at)
        if not self._parts.stt_single:
            self._parts.stt_state.probes = 0
            self._was_deaf = self._parts.stt_maybe_noise = False
        self._restored()

    def liveness_due(self) -> None:
        """Look whether the voice was answered."""
        if self._parts.stt_single:
            self._deafness.alive()  # Single requests have time limits of their own.
        elif not self._open:
            self._deafness.began_anew()  # So has the opening of a stream.
        if self._deafness.is_deaf():
            self._parts.stt.post(FailDeaf())

    def _count_deafness(self) -> None:
        self._deafness.declared()
        self._context.stats.stt_deaf += 1
        self._context.metrics.stt_deaf.inc()
        self._context.events.note("stt_deaf", in_a_row=self._deafness.in_a_row)
        self._context.log.warning(
            "🦻 [STT] Deaf: voice and no sign of the recogniser ({} in a row)",
            self._deafness.in_a_row,
        )

    # --- failures --------------------------------------------------------------------

    def failed(self, failure: ChildFailed) -> None:
        """Decide what follows a crash of STT."""
        self._open = False
        self._lose()
        error = failure.error
        kind = error.failure if isinstance(error, StreamFailed) else Failure.TRANSIENT
        if kind is Failure.DEAF:
            self._restart_deaf()
        elif kind is Failure.FATAL and not self._parts.stt_single:
            self._alarm(failure)
        elif self._child.may_restart():
            self._restart(failure)
        elif self._parts.stt_single:
            self._on_exhausted(failure)
        else:
            self._warn(self._child.budget.used + 1, failure)
            self._fall_back("exhausted")

    def restart(self) -> None:
        """Start the next incarnation: the backoff is over."""
        self._child.start()

    def _restart_deaf(self) -> None:
        """Go on at once: it is no sign that the far side is overloaded, and costs no restart."""
        self._count_deafness()
        self._child.lost()
        often = self._deafness.in_a_row >= DEAF_MAX and self._deafness.was_speech
        if often or self._was_deaf:
            self._was_deaf = True
            # That a stream opens proves nothing now: requests first get the time of one.
            self._parts.stt_state.probes = max(self._parts.stt_state.probes, DEAF_PROBES)
            self._parts.stt_maybe_noise = True
            self._fall_back("deaf")
        else:
            self._child.start()

    def _restart(self, failure: ChildFailed) -> None:
        self._context.metrics.child_restarts.labels("stt").inc()
        self._warn(self._child.budget.used, failure)
        self._context.events.note("stt_restarted", attempt=self._child.budget.used)
        backoff_s = self._child.spec.backoff_s * self._random.uniform(*JITTER)
        if getattr(failure.error, "status", None) == "RESOURCE_EXHAUSTED":
            backoff_s *= EXHAUSTED_FACTOR
        self._after(backoff_s, RestartStt())

    def _warn(self, attempt: int, failure: ChildFailed) -> None:
        self._context.log.warning(
            "⚠️ [STT] Streaming start failed (attempt {}): {}", attempt, described(failure.error)
        )

    def _alarm(self, failure: ChildFailed) -> None:
        self._child.lost()
        self._context.log.error(
            "🚨 [STT] Will not heal by itself, look at credentials and configuration: {}",
            described(failure.error),
        )
        self._fall_back("fatal")

    def _fall_back(self, reason: str) -> None:
        self._context.log.error(
            "❌ [STT] All streaming attempts failed — using fallback single request"
        )
        self._context.metrics.stt_fallbacks.labels(reason).inc()
        self._context.events.note("stt_fell_back", reason=reason)
        self._parts.hear_by(single=True)
        self._deafness.alive()
        self._child.refill()
        self._child.start()

    # --- the fallback, and the way back ----------------------------------------------

    def streaming_healthy(self) -> None:
        """Stream again. The next failure falls back at once, until results refill the budget."""
        if not self._parts.stt_single:
            return
        self._context.log.info("✅ [STT] Streaming resumed")
        self._context.metrics.stt_resumed.inc()
        self._context.events.note("stt_resumed")
        self._parts.hear_by(single=False)
        self._child.spend()
        self._open = False
        self._parts.stt.post(OpenStream(single=False))
        if not self._was_deaf:  # A stream that lasts may be mute all the same.
            self._restored()

    def single_failed(self, failed: SingleFailed) -> None:
        """Give out at once, or when it has lasted too long."""
        self._lose()
        self._fatal_answers += failed.fatal
        if self._fatal_answers >= FATAL_MAX:
            self._give_out(failed.status)
            return
        if self._failing_since is None:
            self._failing_since = self._now()
            self._after(self._context.settings.stt_give_up_s, GiveUpDue())

    def give_up_due(self) -> None:
        """Give out, if nothing has been recognised since the first request failed."""
        if self._failing_since is None:
            return
        left_s = self._failing_since + self._context.settings.stt_give_up_s - self._now()
        if left_s > EARLY_S:
            self._after(left_s, GiveUpDue())
        else:
            self._give_out("DEADLINE_EXCEEDED")

    def _give_out(self, status: str) -> None:
        if self._gave_out:
            return
        self._gave_out = True
        self._context.metrics.stt_lost.inc()
        self._context.events.note("stt_lost", status=status)
        self._context.log.error("❌ [STT] Nobody recognises the caller any more: {}", status)
        self._parts.agent.post(HearingGaveOut())

    def _lose(self) -> None:
        if not self._lost:
            self._lost = True
            self._parts.agent.post(HearingLost())

    def _restored(self) -> None:
        self._failing_since = None
        self._fatal_answers = 0
        if self._lost:
            self._lost = self._gave_out = False
            self._parts.agent.post(HearingRestored())

    def _now(self) -> float:
        return self._context.runtime.clock.now()
