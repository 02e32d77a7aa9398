"""Tells when the agent begins to speak and when it has fallen silent, as it is heard.

Owns how much has been told of one line. Looks at the ear on every tick and changes nothing.
Talked to by `play_call`.
"""

from contextlib import suppress
from typing import Final

from media.frame import SAMPLE_RATE_HZ
from phone.errors import LineEndedError, WaitTimeoutError
from phone.line import Line
from phone.play import Tell
from phone.spans import PAUSE_SAMPLES, Span

LONGEST_CALL_S: Final = 3600.0
"""Telling ends after this; no scenario lasts so long."""


class Narrator:
    """Tells one line's agent."""

    def __init__(self, line: Line, tell: Tell) -> None:
        self._line = line
        self._tell = tell
        self._begun = 0
        self._ended = 0

    async def run(self) -> None:
        """Tell until the stream is over; meant to be a task."""
        with suppress(LineEndedError, WaitTimeoutError):
            await self._line.until(self._look, "the end of the call", LONGEST_CALL_S)
        self._look()

    def _look(self) -> bool:
        spans = self._line.ear.agent.spans
        while self._begun < len(spans) or self._ended < self._begun:
            if self._ended < self._begun:
                if not self._is_over(spans[self._ended]):
                    break
                self._tell_end(spans[self._ended])
                self._ended += 1
            else:
                self._tell_line(spans[self._begun].start, "agent:  speaks")
                self._begun += 1
        return False

    def _is_over(self, span: Span) -> bool:
        line, last = self._line, span is self._line.ear.agent.spans[-1]
        quiet = line.position - span.end >= PAUSE_SAMPLES
        return span.cut or not last or line.ended or quiet

    def _tell_end(self, span: Span) -> None:
        lasted_s = (span.end - span.start) / SAMPLE_RATE_HZ
        how = "is cut off" if span.cut else "falls silent"
        self._tell_line(span.end, f"agent:  {how} after {lasted_s:.2f} s")

    def _tell_line(self, position: int, text: str) -> None:
        self._tell(f"{position / SAMPLE_RATE_HZ:7.2f} s  {text}")
