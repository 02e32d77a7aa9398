"""Judges the agent's audio as it was heard: its cadence, its underruns, its level.

Pure: reads the lines of the finished calls. Talked to by `check_judge`.
"""

from collections.abc import Sequence
from typing import Final

from media.frame import SAMPLE_RATE_HZ
from phone.check_limits import CADENCE_MS, CLIPPED_SHARE, LEVEL_DBOV, PHONE_LATE_MS
from phone.check_row import Row, row
from phone.histogram import Histogram
from phone.line import Line

CADENCE_ADVICE: Final = (
    "The server sends unevenly: an event loop that is late (loop_lag_seconds), or the network "
    "between it and this phone."
)
PHONE_ADVICE: Final = "This phone's own clock is late: check from a machine with less to do."
UNDERRUN_ADVICE: Final = (
    "The voice is slower than speech, or the event loop is late; over a bad network raise "
    "TX_LEAD_FRAMES."
)
LEVEL_ADVICE: Final = "The voice's own level: another voice, or the gain of your synthesiser."


def judge_sound(lines: Sequence[Line]) -> list[Row]:
    """Judge the audio of all calls."""
    return [_cadence(lines), _underruns(lines), _level(lines)]


def _cadence(lines: Sequence[Line]) -> Row:
    late, own = Histogram(), Histogram()
    for line in lines:
        late.merge(line.loudspeaker.cadence.lateness)
        own.merge(line.tick_lateness)
    late_ms, own_ms = late.percentile_ms(99), own.percentile_ms(99)
    detail = f"late p99 {late_ms:.0f} ms, limit {CADENCE_MS:.0f}; worst {late.max_ms:.0f}"
    if own_ms > PHONE_LATE_MS:
        detail += f"; the phone itself {own_ms:.0f}"
        return row("cadence", go=False, detail=detail, advice=PHONE_ADVICE)
    return row("cadence", go=late_ms <= CADENCE_MS, detail=detail, advice=CADENCE_ADVICE)


def _underruns(lines: Sequence[Line]) -> Row:
    kept = [line.loudspeaker.playout.underruns for line in lines]
    count, audible = sum(one.count for one in kept), sum(one.audible for one in kept)
    detail = f"{count}, of them audible {audible}" if count else "0"
    return row("underruns", go=count == 0, detail=detail, advice=UNDERRUN_ADVICE)


def _level(lines: Sequence[Line]) -> Row:
    low, high = LEVEL_DBOV
    levels = [line.ear.agent_loudness for line in lines]
    samples = sum(span.end - span.start for line in lines for span in line.ear.agent.spans)
    clipped = sum(level.clipped_samples for level in levels) / max(samples, SAMPLE_RATE_HZ)
    go = clipped <= CLIPPED_SHARE and all(low <= level.rms_dbov <= high for level in levels)
    told = ", ".join(f"{level.rms_dbov:.1f}" for level in levels)
    detail = f"{told} dBov, {low:.0f} to {high:.0f} wanted; {clipped:.2%} clipped"
    return row("level", go=go, detail=detail, advice=LEVEL_ADVICE)
