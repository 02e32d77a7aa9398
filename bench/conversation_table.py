"""The table of the conversation bench, and what of it misses a target. Pure."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from bench.conversation import RowResult
from bench.faults.recogniser.table import percentile

OWN_P99_MS: Final = 30
ANSWER_P50_MS: Final = 1100
BARGE_IN_P99_MS: Final = 250

HEAD: Final = (
    "pace                        calls  turns  first audio p50/p99     own, phone p50/p99"
    "   own, server p50/p99  calm turns: own, phone p50/p99  barge-ins"
    "  until clear p50/p99/max  stale  went on  phone's p99  server  waited  load"
)


def line_of(result: RowResult) -> str:
    """One row."""
    turns = list(chain.from_iterable(call.turns for call in result.calls))
    stops = list(chain.from_iterable(call.barge_ins_s for call in result.calls))
    server = [turn.server_s for turn in turns if turn.server_s is not None]
    calm = [turn for turn in turns if turn.is_calm]
    return "  ".join(
        (
            f"{result.row.name:<26}",
            f"{len(result.calls):>5}  {len(turns):>5}",
            _ms([turn.total_s for turn in turns], 21),
            _ms([turn.own_s for turn in turns], 21),
            _ms(server, 20),
            f"{len(calm):>12}  {_ms([turn.own_s for turn in calm], 16)}",
            f"{len(stops):>9}",
            f"{_ms(stops, 15)} / {max(stops, default=float('nan')) * 1000:>4.0f} ms",
            f"{sum(call.stale for call in result.calls):>5}",
            f"{sum(call.resumed for call in result.calls):>7}",
            f"{result.phone_late_p99_ms:>8.0f} ms",
            f"{result.cpu_percent:>4.0f} %",
            f"{result.waited_percent:>4.1f} %",
            f"{result.load:>4.1f}",
        )
    )


def misses(result: RowResult) -> Iterator[str]:
    """What is not as it should be, a line each."""
    for number, call in enumerate(result.calls, start=1):
        for failure in call.failures:
            yield f"call {number}: {failure}"
        if call.stale:
            yield f"call {number}: {call.stale} messages of a cleared playback, or out of order"
        if call.unanswered:
            yield f"call {number}: {call.unanswered} utterances without an answer"
        if call.ignored:
            yield f"call {number}: {call.ignored} interruptions without a clear"
    yield from _late(result)


def _late(result: RowResult) -> Iterator[str]:
    turns = list(chain.from_iterable(call.turns for call in result.calls))
    stops = list(chain.from_iterable(call.barge_ins_s for call in result.calls))
    calm = [turn for turn in turns if turn.is_calm]
    own = percentile([turn.own_s for turn in calm], 99)
    answer = percentile([turn.total_s for turn in turns], 50)
    stop = percentile(stops, 99)
    if result.row.target == "own" and not _is_below(own, OWN_P99_MS):
        yield f"our own share of a turn: expected p99 below {OWN_P99_MS} ms of the calm turns"
    if 2 * len(calm) < len(turns):
        yield f"only {len(calm)} of {len(turns)} turns were calm: the machine was too busy to tell"
    if result.row.target == "answer" and not _is_below(answer, ANSWER_P50_MS):
        yield f"first audio: expected p50 below {ANSWER_P50_MS} ms"
    if not _is_below(stop, BARGE_IN_P99_MS):
        yield f"barge-in: expected p99 below {BARGE_IN_P99_MS} ms"


def _is_below(seconds: float | None, limit_ms: float) -> bool:
    return seconds is not None and seconds * 1000 < limit_ms


def _ms(values: Sequence[float], width: int) -> str:
    middle, most = percentile(values, 50), percentile(values, 99)
    if middle is None or most is None:
        return "-".rjust(width)
    return f"{middle * 1000:.0f} / {most * 1000:.0f} ms".rjust(width)
