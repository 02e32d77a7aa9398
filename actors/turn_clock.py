"""The timeline of one turn: the caller spoke, was understood, was answered, heard the answer.

Pure bookkeeping of times that others measured, all on the call's clock; it decides nothing.
AgentActor tells it what happened and reports what it returns. It holds one speech and one
answer: what the caller says while an answer is under way is the beginning of the next turn.
"""

from dataclasses import dataclass

from actors.stats import TurnLatency


@dataclass(slots=True)
class _Speech:
    """What the caller says, until it is answered."""

    voice_started_at: float | None = None
    voice_ended_at: float | None = None
    """None while the voice is on, as far as the border has noticed."""

    first_partial_at: float | None = None
    last_partial_at: float | None = None


@dataclass(slots=True)
class _Answer:
    """The way of one answer from the final to the caller's ear."""

    reply: int
    speech: _Speech
    last_partial_at: float | None
    final_at: float
    early: bool
    superseded: int
    has_filler: bool = False
    token_at: float | None = None
    sentence_at: float | None = None
    synthesized_at: float | None = None
    sounded_at: float | None = None
    started_at: float | None = None
    heard_at: float | None = None


class TurnClock:
    """Takes the times of a turn in the order in which they happen, or nearly.

    A *reply* is the number of an answer; it stays the same when the answer is held and goes on
    later. Numbers that answer no turn (a greeting, an apology, the rest that a successor says)
    and those of an answer that was replaced are ignored. The first time of each kind counts.
    """

    def __init__(self) -> None:
        self._speech = _Speech()
        self._answer: _Answer | None = None

    # --- the caller ------------------------------------------------------------------

    def voice_started(self, at: float) -> None:
        """Note the caller's voice; after a final it belongs to the next turn.

        Until a partial comes, the latest beginning counts: what was before it was noise.
        """
        if self._is_answered:
            self._speech = _Speech()
        self._speech.voice_ended_at = None
        if self._speech.first_partial_at is None:
            self._speech.voice_started_at = at

    def voice_ended(self, at: float) -> None:
        """Note the caller's quiet; `at` is the last voiced frame, so a final may come first."""
        self._speech.voice_ended_at = at

    def partial(self, at: float) -> None:
        """Note a partial. After a final, only a revision can still make use of it."""
        self._leave_old_speech()
        if not self._is_answered and self._speech.first_partial_at is None:
            self._speech.first_partial_at = at
        self._speech.last_partial_at = at

    # --- the answer ------------------------------------------------------------------

    def answered_by(self, reply: int, final_at: float, *, early: bool) -> None:
        """Note the final and the reply that will answer it.

        A revision comes here once more: the later final and its reply count. So does a turn
        that follows an answer which was broken off before its first frame.

        Args:
            reply: the number of the answer.
            final_at: when the recogniser, or its partial, was taken at its word.
            early: whether that was a partial.
        """
        self._leave_old_speech()
        before = self._answer
        superseded = 0
        if before is not None and before.started_at is None:
            superseded = before.superseded + 1
        speech = self._speech
        self._answer = _Answer(reply, speech, speech.last_partial_at, final_at, early, superseded)

    def token(self, reply: int, at: float) -> None:
        """Note that the brain has the first piece of the answer."""
        answer = self._of(reply)
        if answer is not None and answer.token_at is None:
            answer.token_at = at

    def filler(self, reply: int, at: float) -> None:  # noqa: ARG002  # all events have a time
        """Note that a filler is said before the answer: the next start is the filler's."""
        answer = self._of(reply)
        if answer is not None:
            answer.has_filler = True

    def sentence(self, reply: int, at: float) -> None:
        """Note the first sentence of the answer itself; a filler is none."""
        answer = self._of(reply)
        if answer is not None and answer.sentence_at is None:
            answer.sentence_at = at

    def synthesized(self, reply: int, at: float) -> None:
        """Note audio of the answer; what comes before its first sentence is a filler's."""
        answer = self._of(reply)
        if answer is not None and answer.sentence_at is not None and answer.synthesized_at is None:
            answer.synthesized_at = at

    def started(self, reply: int, at: float) -> TurnLatency | None:
        """Note that a first frame is on the wire: the filler's if there is one, or the answer's.

        After a filler the answer's own first frame is to be told by another call, perhaps
        ahead of its time: frames that wait for TX go out at a known pace.

        Returns:
            the latencies so far, once, when it is the answer's.
        """
        answer = self._of(reply)
        if answer is None or answer.started_at is not None:
            return None
        is_first = answer.sounded_at is None
        if is_first:
            answer.sounded_at = at
        if answer.has_filler and (is_first or answer.sentence_at is None):
            return None
        answer.started_at = at
        return _latency(answer)

    def heard(self, reply: int, at: float) -> TurnLatency | None:
        """Note that a mark was played; one from before the answer's start is a filler's.

        Returns:
            the same latencies completed, once.
        """
        answer = self._of(reply)
        if answer is None or answer.started_at is None or answer.heard_at is not None:
            return None
        if at < answer.started_at:  # The start may be told ahead of its time.
            return None
        answer.heard_at = at
        return _latency(answer)

    # --- which is which --------------------------------------------------------------

    @property
    def _is_answered(self) -> bool:
        """Whether the speech we have is that of the answer under way."""
        return self._answer is not None and self._answer.speech is self._speech

    def _leave_old_speech(self) -> None:
        """Words without voice, after the answer has begun, are another turn's.

        The border did not hear that voice. To measure from the old one would be wrong by the
        length of the answer; better not to measure.
        """
        if self._is_answered and self._answer is not None and self._answer.started_at is not None:
            self._speech = _Speech()

    def _of(self, reply: int) -> _Answer | None:
        answer = self._answer
        return answer if answer is not None and answer.reply == reply else None


def _latency(answer: _Answer) -> TurnLatency:
    speech, final_at = answer.speech, answer.final_at
    ended_at = speech.voice_ended_at
    since_at = final_at if ended_at is None else ended_at
    token_s, sentence_s, synthesis_s, wire_s = _steps(
        final_at, answer.token_at, answer.sentence_at, answer.synthesized_at, answer.started_at
    )
    return TurnLatency(
        reply=answer.reply,
        final_at=final_at,
        early=answer.early,
        superseded=answer.superseded,
        partial_s=_between(speech.voice_started_at, speech.first_partial_at),
        final_s=_between(ended_at, final_at),
        total_s=_between(since_at, answer.started_at),
        settled_s=_between(answer.last_partial_at, final_at),
        token_s=token_s,
        sentence_s=sentence_s,
        synthesis_s=synthesis_s,
        wire_s=wire_s,
        sound_s=_between(since_at, answer.sounded_at),
        heard_s=_between(since_at, answer.heard_at),
    )


def _steps(start: float, *ends: float | None) -> list[float | None]:
    """Measure each step from the last one before it that happened."""
    steps: list[float | None] = []
    for end in ends:
        steps.append(_between(start, end))
        start = start if end is None else max(start, end)
    return steps


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(0.0, end - start)
