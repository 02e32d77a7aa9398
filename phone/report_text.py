"""Makes reports readable: one call in full, many calls as a table. Pure."""

from collections.abc import Sequence
from statistics import median

from phone.histogram import Histogram
from phone.line import Line
from phone.report import CallReport
from phone.table import number, table


def call_text(report: CallReport) -> str:
    """One call: its turns, what was measured, the verdict."""
    parts = [_turns(report)] if report.turns else []
    if report.line is not None:
        parts.append(_measures(report.line, report.outcome))
    parts.append(verdict(report))
    return "\n\n".join(parts)


def verdict(report: CallReport) -> str:
    """One line: good, or what was not."""
    if report.ok:
        return "OK: all expectations met, no protocol errors, no underruns"
    return "FAILED: " + "; ".join(report.failures)


def summary_text(reports: Sequence[CallReport]) -> str:
    """Many calls: a row each, then all together."""
    head = ("call", "ok", "s", "answers", "median ms", "worst ms", "underruns", "errors", "late ms")
    rows = [_row(str(index + 1), report) for index, report in enumerate(reports)]
    together = [latency for report in reports for latency in report.latencies_ms]
    late = Histogram()
    for report in reports:
        if report.line is not None:
            late.merge(report.line.loudspeaker.cadence.lateness)
    lines = [
        table(head, rows),
        "",
        (
            f"{sum(report.ok for report in reports)} of {len(reports)} calls good; {len(together)} "
            f"answers, median {number(median(together) if together else None)} ms, worst "
            f"{number(max(together, default=None))} ms; media lateness p99 "
            f"{late.percentile_ms(99):.0f} ms, worst {late.max_ms:.0f} ms"
        ),
    ]
    lines += [
        f"call {index + 1}: {verdict(report)}"
        for index, report in enumerate(reports)
        if not report.ok
    ]
    return "\n".join(lines)


def _row(name: str, report: CallReport) -> tuple[str, ...]:
    latencies, line = report.latencies_ms, report.line
    return (
        name,
        "yes" if report.ok else "NO",
        number(line.duration_s if line else None, 1),
        str(len(latencies)),
        number(median(latencies) if latencies else None),
        number(max(latencies, default=None)),
        str(line.loudspeaker.playout.underruns.count) if line else "-",
        str(line.loudspeaker.faults.total) if line else "-",
        number(line.loudspeaker.cadence.lateness.max_ms if line else None),
    )


def _turns(report: CallReport) -> str:
    rows = [
        (
            str(index + 1),
            number(turn.caller_end_s, 2),
            number(turn.agent_start_s, 2),
            number(turn.latency_ms),
            number(turn.agent_duration_s, 1) + (" cut" if turn.cut else ""),
        )
        for index, turn in enumerate(report.turns)
    ]
    return table(("turn", "caller ends s", "agent begins s", "latency ms", "speaks s"), rows)


def _measures(line: Line, outcome: str) -> str:
    speaker, level = line.loudspeaker, line.ear.agent_loudness
    late, underruns = speaker.cadence.lateness, speaker.playout.underruns
    rows = [
        ("call", f"{line.duration_s:.1f} s, ended by the {line.ended_by}, then {outcome or '-'}"),
        (
            "agent's audio",
            (
                f"{level.rms_dbov:.1f} dBov, peak {level.peak_dbov:.1f}, "
                f"{level.clipped_samples} samples clipped"
            ),
        ),
        (
            "cadence",
            (
                f"late p50 {late.percentile_ms(50):.0f} / p99 {late.percentile_ms(99):.0f} / "
                f"max {late.max_ms:.0f} ms, at most {speaker.playout.max_lead_ms:.0f} ms ahead"
            ),
        ),
        ("underruns", f"{underruns.count}, of them audible {underruns.audible}"),
        (
            "marks",
            (
                f"{speaker.marks_received} received, {speaker.marks_played} played, "
                f"{speaker.marks_flushed} flushed by {speaker.clears} clears, "
                f"{speaker.marks_late} late"
            ),
        ),
        (
            "caller's audio",
            (
                f"{line.sent_frames} frames sent, {line.microphone.lost_frames} lost, "
                f"{line.refused_frames} refused by a slow server"
            ),
        ),
        ("phone", f"its own clock late by at most {line.tick_lateness.max_ms:.1f} ms"),
    ]
    rows += [("protocol error", example) for example in speaker.faults.examples]
    return "\n".join(f"{name:<15} {text}" for name, text in rows)
