"""Judges how audio flows through the server: rates, queues, write times, drops, restarts.

Pure: reads the looks at the calls. A rate of one second is noisy on any machine, so the median
of all is judged and the worst shown: a single stall is heard in the cadence. A queue is judged
by its worst. Talked to by `check_judge`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

from media.frame import SAMPLE_RATE_HZ
from phone.check_calls import CheckedCall
from phone.check_limits import (
    FPS,
    FPS_TOLERANCE,
    QUEUE,
    RX_WRITE_MS,
    STT_QUEUE,
    STT_WRITE_MS,
)
from phone.check_row import Row, Verdict, not_seen, row
from phone.check_view import TOO_SHORT, Refusal, View
from phone.check_watch import Look

FULL_SECOND: Final = int(2.2 * SAMPLE_RATE_HZ)
"""The server counts in seconds of its own: the last whole one began up to 2 s before a look."""

CLEARED: Final = "stale"
"""Frames that an interruption threw away, as it should."""

NAMES: Final = (
    "fps in",
    "fps out",
    "queues",
    "STT queue",
    "RX write",
    "STT write",
    "drops",
    "recogniser",
)

IN_ADVICE: Final = (
    "The caller's audio comes late or not at all: the network, the proxy, or an event loop "
    "that is late (loop_lag_seconds)."
)
OUT_ADVICE: Final = (
    "The voice is slower than speech, or the event loop is late (loop_lag_seconds): too many "
    "calls, or something blocks; the log names it."
)
QUEUE_ADVICE: Final = (
    "A queue that climbs is cadence: frames leave more slowly than they come. rx: mode=drain "
    "in the log; tx: an agent that pushes; agent, call: an event loop that is late."
)
STT_QUEUE_ADVICE: Final = "The recogniser takes its audio too slowly: CPU, network, STT_BATCH_MS."
RX_WRITE_ADVICE: Final = "Frames wait for STT or for the event loop: see STT write and queues."
STT_WRITE_ADVICE: Final = "A slow recogniser write: CPU of the embedded engine, or the network."
DROPS_ADVICE: Final = (
    "rx: a slow recogniser write, or a sender that is not at 50 frames a second; stt: a "
    "recogniser that does not keep up; tx: an agent that pushes faster than speech."
)
HEALTH_ADVICE: Final = (
    "The log: 'Streaming start failed', 'Deaf', 'fallback', 'crashed'. USE_STREAMING_STT=false "
    "asks for single requests."
)


def judge_flow(calls: Sequence[CheckedCall], *, needed: bool) -> list[Row]:
    """Judge what was seen of the calls; without a look all rows are not seen."""
    refusal = next((call.refusal for call in calls if call.refusal is not None), None)
    looks = [look for call in calls for look in call.looks]
    finals = [call.final for call in calls if call.final is not None]
    if refusal is not None or not looks:
        return _unseen(refusal or TOO_SHORT, needed=needed)
    views = [look.view for look in looks]
    steady_in = [look.view.fps["in"] for look in looks if _is_steady_in(look)]
    steady_out = [
        look.view.fps["out"] for call in calls for look in call.looks if _is_steady_out(call, look)
    ]
    others = [box for view in views for box in view.queues if box != "stt"]
    return [
        Row("view", Verdict.GO, f"looked at {len(looks)} times"),
        _fps("fps in", steady_in, "no whole second was seen", IN_ADVICE, needed=needed),
        _fps("fps out", steady_out, "the agent spoke too shortly", OUT_ADVICE, needed=needed),
        _queue("queues", views, sorted(set(others)), QUEUE, QUEUE_ADVICE),
        _queue("STT queue", views, ["stt"], STT_QUEUE, STT_QUEUE_ADVICE),
        _write("RX write", views, "rx", RX_WRITE_MS, RX_WRITE_ADVICE, needed=needed),
        _write("STT write", views, "stt", STT_WRITE_MS, STT_WRITE_ADVICE, needed=needed),
        _drops(finals),
        _health(finals),
    ]


def _unseen(refusal: Refusal, *, needed: bool) -> list[Row]:
    view = replace(not_seen("view", refusal.reason, needed=needed), advice=refusal.advice)
    return [view, *(not_seen(name, refusal.reason, needed=needed) for name in NAMES)]


def _is_steady_in(look: Look) -> bool:
    return look.asked_at >= FULL_SECOND and "in" in look.view.fps


def _is_steady_out(call: CheckedCall, look: Look) -> bool:
    """Whether the agent spoke throughout the second that the server had counted."""
    spans = call.line.ear.agent.spans
    return "out" in look.view.fps and any(
        span.start <= look.asked_at - FULL_SECOND and look.answered_at <= span.end for span in spans
    )


def _fps(name: str, seen: Sequence[float], why_not: str, advice: str, *, needed: bool) -> Row:
    if not seen:
        return not_seen(name, why_not, needed=needed)
    middle = median(seen)
    worst = max(seen, key=lambda one: abs(one - FPS))
    detail = f"{middle:.1f} of {FPS:.0f} ± {FPS_TOLERANCE:.0f}; worst second {worst:.1f}"
    return row(name, go=abs(middle - FPS) <= FPS_TOLERANCE, detail=detail, advice=advice)


def _queue(name: str, views: Sequence[View], boxes: Sequence[str], limit: int, advice: str) -> Row:
    worst = {box: max(view.queues.get(box, 0) for view in views) for box in boxes}
    held = ", ".join(f"{box} {count}" for box, count in worst.items())
    go = all(count < limit for count in worst.values())
    return row(name, go=go, detail=f"worst {held}; limit {limit}", advice=advice)


def _write(
    name: str, views: Sequence[View], box: str, limit_ms: float, advice: str, *, needed: bool
) -> Row:
    seen = [view.write_ms[box] for view in views if box in view.write_ms]
    if not seen:
        return not_seen(name, "this server's view has no write_ms", needed=needed)
    middle = median(seen)
    detail = f"{middle:.2f} ms, limit {limit_ms:.0f}; worst second {max(seen):.2f}"
    return row(name, go=middle < limit_ms, detail=detail, advice=advice)


def _drops(finals: Sequence[View]) -> Row:
    dropped = {
        f"{box} {reason}": sum(view.drops.get(box, {}).get(reason, 0) for view in finals)
        for box, reason in _drop_names(finals)
    }
    lost = {name: count for name, count in dropped.items() if count}
    told = ", ".join(f"{name} {count}" for name, count in lost.items())
    return row("drops", go=not lost, detail=told or "0", advice=DROPS_ADVICE)


def _drop_names(finals: Sequence[View]) -> list[tuple[str, str]]:
    names: Iterable[tuple[str, str]] = (
        (box, reason)
        for view in finals
        for box, reasons in view.drops.items()
        for reason in reasons
        if reason != CLEARED
    )
    return sorted(set(names))


def _health(finals: Sequence[View]) -> Row:
    faults = [f"{name} restarted" for view in finals for name, n in view.restarts.items() if n]
    faults += [f"deaf {view.stt_deaf} times" for view in finals if view.stt_deaf]
    faults += [f"mode {view.stt_mode}" for view in finals if view.stt_mode == "single"]
    told = ", ".join(dict.fromkeys(faults))
    verdict = Verdict.NO_GO if faults else Verdict.GO
    detail = told or "streaming, never deaf, nothing was restarted"
    return Row("recogniser", verdict, detail, HEALTH_ADVICE if faults else "")
