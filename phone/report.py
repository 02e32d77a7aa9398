"""What is known after a call: its numbers, as JSON with stable keys, and the verdict.

Pure: reads the parts of a finished call, measures nothing itself. `report_text` makes it
readable. Talked to by `calls`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from phone.call import Call
from phone.conversation import StepResult
from phone.ear import Turn
from phone.line import Line


@dataclass(slots=True)
class CallReport:
    """One call's report."""

    call_sid: str
    error: str | None = None
    """Why the call could not be held, in one line."""
    twiml: str = ""
    outcome: str = ""
    problems: list[str] = field(default_factory=list[str])
    expectations: Sequence[StepResult] = ()
    turns: Sequence[Turn] = ()
    line: Line | None = None

    @property
    def failures(self) -> list[str]:
        """Everything that keeps the call from being a good one, a line each."""
        failures = [self.error] if self.error else []
        failures += [f"{step.what}: {step.detail}" for step in self.expectations if not step.ok]
        failures += self.problems
        return failures + (_line_failures(self.line) if self.line is not None else [])

    @property
    def ok(self) -> bool:
        """Whether all expectations were met, without protocol error or underrun."""
        return not self.failures

    @property
    def latencies_ms(self) -> list[float]:
        """Latencies of the answers, in order."""
        return [turn.latency_ms for turn in self.turns if turn.latency_ms is not None]

    def as_json(self) -> dict[str, Any]:
        """The report with stable keys; see docs/phone.md."""
        report: dict[str, Any] = {
            "call_sid": self.call_sid,
            "ok": self.ok,
            "failures": self.failures,
            "error": self.error,
            "twiml": self.twiml,
            "outcome": self.outcome,
            "expectations": [step.as_json() for step in self.expectations],
            "turns": [turn.as_json() for turn in self.turns],
        }
        return report | (_line_json(self.line) if self.line is not None else {})


def report_call(
    call: Call, expectations: Sequence[StepResult], error: str | None = None
) -> CallReport:
    """Report a finished call."""
    line = call.line if call.connected else None
    return CallReport(
        call_sid=call.identity.call_sid,
        error=error,
        twiml=call.twiml,
        outcome=call.outcome,
        problems=list(call.problems),
        expectations=tuple(expectations),
        turns=line.ear.turns() if line is not None else (),
        line=line,
    )


def _line_failures(line: Line) -> list[str]:
    speaker = line.loudspeaker
    counted = (
        (speaker.faults.total, "protocol errors by the server"),
        (speaker.playout.underruns.count, "playout underruns inside speech"),
        (speaker.staleness.stale_messages, "media messages of a cleared playback"),
    )
    return [f"{count} {what}" for count, what in counted if count]


def _line_json(line: Line) -> dict[str, Any]:
    speaker = line.loudspeaker
    underruns = speaker.playout.underruns
    return {
        "duration_s": round(line.duration_s, 3),
        "ended_by": line.ended_by,
        "close_code": line.close_code,
        "agent_level": line.ear.agent_loudness.as_json(),
        "underruns": {
            "count": underruns.count,
            "audible": underruns.audible,
            "gaps_ms": [round(one.gap_ms, 1) for one in underruns.kept],
        },
        "cadence": {
            "spacing": speaker.cadence.spacing.as_json(),
            "lateness": speaker.cadence.lateness.as_json(),
            "max_lead_ms": round(speaker.playout.max_lead_ms, 1),
        },
        "marks": {
            "received": speaker.marks_received,
            "played": speaker.marks_played,
            "flushed": speaker.marks_flushed,
            "late": speaker.marks_late,
            "pending": speaker.playout.pending_marks,
        },
        "clears": speaker.clears,
        "stale_messages": speaker.staleness.stale_messages,
        "received": {"media": speaker.media_messages, "bytes": speaker.media_bytes},
        "sent": {
            "media": line.sent_frames,
            "lost": line.microphone.lost_frames,
            "refused": line.refused_frames,
        },
        "protocol_errors": speaker.faults.as_json(),
        "protocol_error_examples": speaker.faults.examples,
        "phone_lateness": line.tick_lateness.as_json(),
    }
