"""The steps of `phone check` on a line: greet, answer, be silent, hear a long sentence, stop.

Owns the course of each step and its verdict; the times of an answer are judged elsewhere. A
stream that ends in the middle of a step raises `LineEndedError`. Talked to by `check_calls`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from media.frame import SAMPLE_RATE_HZ
from phone.check_limits import ANSWER_WAIT_S, LEAST_ANSWER_S, SILENT_MS
from phone.check_plan import CheckPlan
from phone.check_row import Row, row
from phone.errors import WaitTimeoutError
from phone.line import Line
from phone.play_sounds import audible
from phone.scenario_judge import Heard, Moment, Verdict, judge
from phone.spans import PAUSE_SAMPLES, Span

Tell = Callable[[str], None]
"""Takes one line of progress."""

SETTLE_S: Final = 2.0
"""How much longer than its limit something may take to be decided."""

UNANSWERED: Final = (
    "The log: [FINAL] but no reply is the agent or its voice; neither partial nor final "
    "is the recogniser, or a caller's sentence in another language (--answer, --long)."
)
SHORT_ANSWER: Final = "Give a question with a longer answer: --answer FILE."


@dataclass(frozen=True, slots=True)
class LongSentence:
    """When the long sentence was said, for those who count turns; seconds of the stream."""

    began_s: float
    answered_s: float


class Steps:
    """The steps on one line."""

    def __init__(self, line: Line, plan: CheckPlan, tell: Tell) -> None:
        self.long: LongSentence | None = None
        self._line = line
        self._plan = plan
        self._tell_line = tell

    async def greeting(self) -> Row:
        """Hear the greeting to its end."""
        try:
            late_s = await self._line.wait_for_speech(ANSWER_WAIT_S, 0)
        except WaitTimeoutError:
            advice = "The log: was the call taken? Does the voice speak ([TTS])?"
            return row(
                "greeting", go=False, detail=f"silence for {ANSWER_WAIT_S:g} s", advice=advice
            )
        await self._line.wait_for_quiet()
        long_s = _seconds(self._line.ear.agent.spans[0])
        detail = f"heard after {late_s:.2f} s, {long_s:.1f} s long"
        return row("greeting", go=True, detail=detail)

    async def answer(self) -> Row:
        """Ask, and hear an answer of some length to its end."""
        moment = await self._say(self._plan.question, "asks a question")
        late_s = await self._answered(moment)
        if late_s is None:
            return _unanswered("answer")
        await self._line.wait_for_quiet()
        long_s = self._answer_s(moment)
        return row(
            "answer",
            go=long_s >= LEAST_ANSWER_S,
            detail=f"after {late_s:.2f} s, {long_s:.1f} s long",
            advice=f"At least {LEAST_ANSWER_S:g} s are needed. {SHORT_ANSWER}",
        )

    async def silence(self) -> Row:
        """Say nothing for a while, then ask again: the call must live and hear."""
        line = self._line
        began = line.position
        self._tell(f"caller: is silent for {self._plan.silence_s:g} s")
        until = began + int(self._plan.silence_s * SAMPLE_RATE_HZ)
        left_s = self._plan.silence_s + SETTLE_S
        await line.until(lambda: line.position >= until, "the end of the silence", left_s)
        spoke = line.ear.agent.first_after(began)
        how = "patience"
        if spoke is not None:
            how = f"a prompt after {(spoke.start - began) / SAMPLE_RATE_HZ:.1f} s"
        moment = await self._say(self._plan.question, "asks again")
        late_s = await self._answered(moment)
        if late_s is None:
            advice = f"The agent no longer hears or answers. {UNANSWERED}"
            return row("silence", go=False, detail=f"{how}, then no answer", advice=advice)
        await line.wait_for_quiet()
        return row("silence", go=True, detail=f"{how}; then answered after {late_s:.2f} s")

    async def long_sentence(self) -> Row:
        """Say a long sentence: the agent must wait for its end and answer once."""
        line = self._line
        moment = await self._say(self._plan.long, "says a long sentence")
        late_s = await self._answered(moment)
        inside = [
            span for span in line.ear.agent.spans if moment.began <= span.start < moment.ended
        ]
        said = f"{(moment.ended - moment.began) / SAMPLE_RATE_HZ:.1f} s"
        if inside:
            at_s = (inside[0].start - moment.began) / SAMPLE_RATE_HZ
            advice = (
                "A pause was taken for the end: STT_PRESET=relaxed, STT_TIMEOUT_MS, "
                "STT_HANGOVER_MS, or the recogniser's own endpointing."
            )
            detail = f"the agent spoke {at_s:.1f} s into {said}"
            return row("long sentence", go=False, detail=detail, advice=advice)
        if late_s is None:
            return _unanswered("long sentence")
        answered_s = line.position / SAMPLE_RATE_HZ
        self.long = LongSentence(moment.began / SAMPLE_RATE_HZ, answered_s)
        await line.wait_for_quiet()
        return row("long sentence", go=True, detail=f"{said}, one answer after {late_s:.2f} s")

    async def barge_in(self) -> Row:
        """Interrupt an answer: silence at once, nothing of it afterwards, an answer to this."""
        line, wanted = self._line, int(self._plan.interrupt_after_s * SAMPLE_RATE_HZ)
        asked = await self._say(self._plan.question, "asks a question")
        if await self._answered(asked) is None:
            return _unanswered("barge-in")
        answer = line.ear.agent.spans[-1]
        await line.until(
            lambda: (
                answer.end - answer.start >= wanted or line.position - answer.end >= PAUSE_SAMPLES
            ),
            "the middle of the answer",
            self._plan.interrupt_after_s + ANSWER_WAIT_S,
        )
        if line.position - answer.end >= PAUSE_SAMPLES:
            detail = f"the answer was over after {_seconds(answer):.1f} s"
            return row("barge-in", go=False, detail=detail, advice=SHORT_ANSWER)
        return await self._interrupt()

    async def _interrupt(self) -> Row:
        line, speaker = self._line, self._line.loudspeaker
        clears, stale = speaker.clears, speaker.staleness.stale_messages
        self._tell("caller: interrupts")
        moment = _moment(line.position, self._plan.interruption)
        line.say(self._plan.interruption)
        late = await self._media_after_clear(clears, moment.ended)
        verdict = await self._silent(moment)
        self._tell(f"agent:  {verdict.detail}")
        answered = await self._answered(moment)
        late = max(late, speaker.staleness.stale_messages - stale)
        faults = [] if verdict.ok else [verdict.detail]
        if speaker.clears == clears:
            faults.append("no clear was sent")
        if late:
            faults.append(f"{late} frames of the old answer after clear")
        if answered is None:
            faults.append("no answer to the interruption")
        advice = (
            "BARGE_IN_CONFIRM_MS, an answer that may not be interrupted, a network that is far "
            "away; or the caller's voice was not taken for one (VOICE_ONSET_MS)."
        )
        detail = "; ".join(faults) or f"{verdict.detail}, then answered after {answered:.2f} s"
        return row("barge-in", go=not faults, detail=detail, advice=advice)

    async def _media_after_clear(self, clears: int, until: int) -> int:
        """Frames after the `clear` while the caller still spoke: no answer can be among them."""
        line, speaker = self._line, self._line.loudspeaker
        first: int | None = None
        latest = 0

        def over() -> bool:
            nonlocal first, latest
            if line.position < until and speaker.clears > clears:
                latest = speaker.media_messages
                first = latest if first is None else first
            return line.position >= until

        left_s = (until - line.position) / SAMPLE_RATE_HZ + SETTLE_S
        await line.until(over, "the end of the interruption", left_s)
        return latest - (first or 0)

    async def _silent(self, moment: Moment) -> Verdict:
        line = self._line
        found: list[Verdict] = []

        def decided() -> bool:
            heard = Heard(line.ear.agent.spans, line.position)
            verdict = judge("agent_stops_within_ms", SILENT_MS, moment, heard)
            if verdict is not None:
                found.append(verdict)
            return bool(found)

        await line.until(decided, "silence or too much speech", SILENT_MS / 1000 + SETTLE_S)
        return found[0]

    # --- what the steps have in common ------------------------------------------------

    async def _say(self, audio: bytes, what: str) -> Moment:
        await self._line.wait_for_quiet()
        self._tell(f"caller: {what}")
        moment = _moment(self._line.position, audio)
        await self._line.speak(audio)
        return moment

    async def _answered(self, moment: Moment) -> float | None:
        """Seconds until the agent's answer; None: it did not come."""
        try:
            late_s = await self._line.wait_for_speech(ANSWER_WAIT_S, moment.ended)
        except WaitTimeoutError:
            self._tell("agent:  does not answer")
            return None
        self._tell(f"agent:  answers after {late_s:.2f} s")
        return late_s

    def _answer_s(self, moment: Moment) -> float:
        spans = self._line.ear.agent.spans
        return sum(_seconds(span) for span in spans if span.start >= moment.ended)

    def _tell(self, text: str) -> None:
        self._tell_line(f"{self._line.position / SAMPLE_RATE_HZ:6.1f} s  {text}")


def _moment(position: int, audio: bytes) -> Moment:
    first, last = audible(audio)
    return Moment(position + first, position + last)


def _seconds(span: Span) -> float:
    return (span.end - span.start) / SAMPLE_RATE_HZ


def _unanswered(name: str) -> Row:
    detail = f"no answer in {ANSWER_WAIT_S:g} s"
    return row(name, go=False, detail=detail, advice=UNANSWERED)
