"""Performs a script on a line, tells what happens, and notes which expectations were met.

Owns the course of a conversation: who waits for whom. Audio and time belong to the line.
Talked to by `calls` and by tests.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from media.frame import SAMPLE_RATE_HZ
from phone.errors import LineEndedError, WaitTimeoutError
from phone.line import Line
from phone.script import EndCall, ExpectEnd, Listen, Press, Speak, Step, Wait
from phone.spans import PAUSE_SAMPLES

Tell = Callable[[str], None]
"""Takes one line of progress."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of a step."""

    what: str
    ok: bool
    detail: str

    def as_json(self) -> dict[str, str | bool]:
        """Stable keys."""
        return {"step": self.what, "ok": self.ok, "detail": self.detail}


class Conversation:
    """One script on one line."""

    def __init__(self, line: Line, script: Sequence[Step], tell: Tell) -> None:
        self.results: list[StepResult] = []
        self._line = line
        self._script = script
        self._tell_line = tell

    async def run(self) -> None:
        """Perform all steps; an expectation that is not met does not stop the others."""
        for index, step in enumerate(self._script):
            following = self._script[index + 1] if index + 1 < len(self._script) else None
            interrupted = isinstance(following, Speak) and following.interrupt
            try:
                await self._perform(step, let_finish=not interrupted)
            except WaitTimeoutError as error:
                self._note(step, str(error), ok=False)
            except LineEndedError as error:
                self._note(step, str(error), ok=False)
                return

    async def _perform(self, step: Step, *, let_finish: bool) -> None:
        match step:
            case Listen():
                await self._hear(step, 0, step.timeout_s, let_finish=let_finish)
            case Speak():
                await self._speak(step, let_finish=let_finish)
            case Press():
                await self._press(step, let_finish=let_finish)
            case Wait():
                await self._wait(step.seconds)
            case EndCall():
                self._tell("caller: hangs up")
                await self._line.hang_up(step.how)
            case ExpectEnd():
                await self._line.wait_for_end(step.timeout_s)
                self._note(step, f"code {self._line.close_code}")
                self._tell(f"server: hangs up (code {self._line.close_code})")

    async def _speak(self, step: Speak, *, let_finish: bool) -> None:
        line = self._line
        if step.interrupt:
            await self._let_speak(step)
        else:
            await line.wait_for_quiet()
        self._tell(f"caller: {step.what}" + (" (interrupting)" if step.interrupt else ""))
        began, spans, clears = line.position, len(line.ear.agent.spans), line.loudspeaker.clears
        await line.speak(step.audio)
        if step.answer:
            after = max(line.ear.caller.last_end, began)
            await self._hear(step, after, step.timeout_s, let_finish=let_finish)
        if step.interrupt:
            self._judge_interruption(step, began, spans, cleared=line.loudspeaker.clears > clears)

    async def _press(self, step: Press, *, let_finish: bool) -> None:
        await self._line.wait_for_quiet()
        self._tell(f"caller: presses {len(step.digits)} key(s)")
        began = self._line.position
        self._line.press(step.digits)
        if step.answer:
            await self._hear(step, began, step.timeout_s, let_finish=let_finish)

    async def _hear(self, step: Step, since: int, timeout_s: float, *, let_finish: bool) -> None:
        line = self._line
        latency_s = await line.wait_for_speech(timeout_s, since)
        self._tell(f"agent:  answers after {latency_s * 1000:.0f} ms")
        self._note(step, f"answered after {latency_s * 1000:.0f} ms")
        if let_finish:
            await self._let_finish(since)

    async def _let_finish(self, since: int) -> None:
        # An agent that hangs up with its last word has answered all the same.
        with suppress(LineEndedError):
            await self._line.wait_for_quiet()
        span = self._line.ear.agent.first_after(since)
        if span is not None:
            self._tell(f"agent:  spoke for {(span.end - span.start) / SAMPLE_RATE_HZ:.1f} s")

    async def _let_speak(self, step: Speak) -> None:
        wanted = int(step.after_s * SAMPLE_RATE_HZ)
        line, agent = self._line, self._line.ear.agent

        def is_speaking() -> bool:
            return (
                bool(agent.spans)
                and line.position - agent.spans[-1].end < PAUSE_SAMPLES
                and agent.spans[-1].end - agent.spans[-1].start >= wanted
            )

        what = "an agent speaking long enough to be interrupted"
        await line.until(is_speaking, what, step.timeout_s)

    def _judge_interruption(self, step: Step, began: int, spans: int, *, cleared: bool) -> None:
        said = self._line.ear.caller.first_after(began - SAMPLE_RATE_HZ // 10)
        cut = self._line.ear.agent.spans[spans - 1]
        reaction_ms = (cut.end - (said.start if said else began)) * 1000 / SAMPLE_RATE_HZ
        self._tell(f"agent:  fell silent {reaction_ms:.0f} ms after the interruption")
        detail = f"silent after {reaction_ms:.0f} ms" if cleared else "no clear was sent"
        self._note(step, f"interruption: {detail}", ok=cleared)

    async def _wait(self, seconds: float) -> None:
        until = self._line.position + int(seconds * SAMPLE_RATE_HZ)
        await self._line.until(
            lambda: self._line.position >= until, "the end of a pause", seconds + 10.0
        )

    def _note(self, step: Step, detail: str, *, ok: bool = True) -> None:
        what = step.what if isinstance(step, Listen | Speak) else type(step).__name__
        self.results.append(StepResult(what, ok, detail))
        if not ok:
            self._tell(f"NOT MET: {what}: {detail}")

    def _tell(self, text: str) -> None:
        self._tell_line(f"{self._line.position / SAMPLE_RATE_HZ:7.1f} s  {text}")
