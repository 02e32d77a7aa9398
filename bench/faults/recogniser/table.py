"""The fault table: one line for each row, what missed its target, and the same as JSON. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from bench.faults.recogniser.crashes import CrashRow
from bench.faults.recogniser.measure import CallOutcome
from bench.faults.recogniser.rows import CRASH_S
from bench.faults.recogniser.run import RecogniserResult

HEAD: Final = (
    f"{'fault':<26}{'moments':>8}{'detected p50/p95':>19}{'recovered p50/p95':>20}"
    f"{'silence':>9}{'frames':>8}{'words lost':>14}{'doubled':>9}{'streams':>9}{'restarts':>10}"
    "  mode at the end"
)


def line_of(result: RecogniserResult) -> str:
    """One row as text."""
    numbers = numbers_of(result)
    modes = ", ".join(f"{mode} {count}" for mode, count in sorted(numbers["modes"].items()))
    return "".join(
        (
            f"{result.row.name:<26}{numbers['moments']:>8}",
            f"{_pair(numbers, 'detected'):>19}{_pair(numbers, 'recovered'):>20}",
            f"{numbers['silence_max_s']:>7.2f} s{numbers['frames_lost']:>8}",
            f"{numbers['words_lost']:>5} of {numbers['words_said']}".rjust(14),
            f"{numbers['words_doubled']:>9}{numbers['streams']:>9}{numbers['restarts']:>10}",
            f"  {modes}",
        )
    )


def numbers_of(result: RecogniserResult) -> dict[str, Any]:
    """One row with stable keys; seconds."""
    calls = result.calls
    moments = [moment for call in calls for moment in call.moments]
    detected = _known(moment.detected_s for moment in moments)
    recovered = _known(moment.recovered_s for moment in moments)
    return {
        "fault": result.row.name,
        "calls": len(calls),
        "moments": len(moments),
        "detected_p50_s": percentile(detected, 50),
        "detected_p95_s": percentile(detected, 95),
        "recovered": len(recovered),
        "recovered_p50_s": percentile(recovered, 50),
        "recovered_p95_s": percentile(recovered, 95),
        "silence_max_s": max(call.silence_s for call in calls),
        "frames_lost": sum(call.frames_lost for call in calls),
        "words_said": sum(len(result.row.speech(call.call).words) for call in calls),
        "words_lost": sum(len(call.words_lost) for call in calls),
        "words_doubled": sum(len(call.words_doubled) for call in calls),
        "words_foreign": sum(len(call.words_foreign) for call in calls),
        "streams": sum(call.streams for call in calls),
        "restarts": sum(call.restarts for call in calls),
        "modes": dict(Counter(call.mode for call in calls)),
        "underruns": sum(call.underruns for call in calls),
        "missed": list(recogniser_misses(result)),
    }


def recogniser_misses(result: RecogniserResult) -> Iterator[str]:
    """What missed its target, a line each."""
    if result.trouble is not None:
        yield result.trouble
    targets = result.row.targets
    moments = [moment for call in result.calls for moment in call.moments]
    slowest = percentile(_known(moment.recovered_s for moment in moments), 95)
    if targets.recovered_s is not None:
        lost = sum(moment.recovered_s is None for moment in moments)
        if lost:
            yield f"{lost} of {len(moments)} moments never recovered"
        if slowest is not None and slowest > targets.recovered_s:
            yield f"recovered after {slowest:.2f} s (p95), expected {targets.recovered_s} s"
    struck = result.row.fault is not None or result.row.act is not None
    if struck and len(moments) < len(result.calls):
        yield f"{len(moments)} of {len(result.calls)} calls were struck"
    fewest = min(call.streams for call in result.calls)
    if fewest < result.row.streams:
        yield f"a call had {fewest} streams, expected {result.row.streams}"
    silence_s = max(call.silence_s for call in result.calls)
    if targets.silence_s is not None and silence_s > targets.silence_s:
        yield f"silence of {silence_s:.2f} s, expected {targets.silence_s} s"
    if targets.whole:
        yield from _not_whole(result.calls)
    for call in result.calls:
        yield from (f"call {call.call}: {line}" for line in call.trouble)


def recogniser_calls_let_down(result: RecogniserResult) -> tuple[str, ...]:
    """CallSids of a row that missed, the clearest case first; none of a row that did not."""
    if next(recogniser_misses(result), None) is None:
        return ()
    return tuple(one.sid for one in sorted(result.calls, key=_case, reverse=True))


def _case(call: CallOutcome) -> tuple[bool, float, float]:
    """How clear a case it is: what it lost or never regained, then how long that took."""
    lost = any(_not_whole([call])) or bool(call.trouble)
    slowest_s = max(
        (math.inf if one.recovered_s is None else one.recovered_s for one in call.moments),
        default=0.0,
    )
    return lost, slowest_s, call.silence_s


def _not_whole(calls: Sequence[CallOutcome]) -> Iterator[str]:
    for call in calls:
        counted = (
            (call.frames_lost, "frames lost"),
            (len(call.words_lost), "words lost"),
            (len(call.words_doubled), "words doubled"),
            (len(call.words_foreign), "words that nobody said"),
        )
        for count, what in counted:
            if count:
                yield f"call {call.call}: {count} {what}"


def crash_line(row: CrashRow) -> str:
    """One row of crashes as text; the calls ran on a manual clock, without a phone."""
    pair = "-"
    if row.recovered_s:
        low, high = (percentile(row.recovered_s, percent) for percent in (50, 95))
        pair = f"{low:.2f} / {high:.2f} s"
    modes = ", ".join(f"{mode} {count}" for mode, count in sorted(row.modes.items()))
    return "".join(
        (
            f"{row.name:<32}{row.calls:>2}{'-':>19}{pair:>20}{'':>9}{row.frames_lost:>8}",
            f"{row.words_lost:>14}{row.words_doubled:>9}{'':>9}{row.restarts:>10}  {modes}",
        )
    )


def crash_misses(row: CrashRow) -> Iterator[str]:
    """What missed its target, a line each."""
    slowest = percentile(row.recovered_s, 95)
    if len(row.recovered_s) < row.calls:
        yield f"{row.calls - len(row.recovered_s)} of {row.calls} never recovered"
    if slowest is not None and slowest > CRASH_S:
        yield f"recovered after {slowest:.2f} s (p95), expected {CRASH_S} s"
    lost = (row.frames_lost, row.words_lost, row.words_doubled)
    if any(lost):
        yield f"{lost}: frames lost, words lost, words doubled: expected none"


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The smallest value that so many per cent of them do not exceed; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _pair(numbers: dict[str, Any], what: str) -> str:
    low, high = numbers[f"{what}_p50_s"], numbers[f"{what}_p95_s"]
    return "-" if low is None else f"{low:.2f} / {high:.2f} s"
