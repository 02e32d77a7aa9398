"""From what was seen of the server in its windows to the numbers and misses of a row. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from bench.faults.server.row import ServerRow

P99_MOVES_MS: Final = 5.0
"""The healthy calls' cadence may move by less than this."""

CALM_MS: Final = -1e6
ENDLESS_MS: Final = 1e6
"""Times better and worse than any that can come."""

STARVED: Final = 0.2
"""Share of a window without a core from which on its times say nothing of the server."""


@dataclass(frozen=True, slots=True)
class Window:
    """What the healthy calls were like for a while."""

    messages: int
    p99_ms: float
    starved: float
    """Share of the time for which the server was ready to run and had no core, 0 to 1."""
    ended: int
    dropped: int
    """Frames that somebody was to hear."""
    restarted: int
    """Children, since the window before."""
    trouble: tuple[str, ...]
    """What the callers complained of."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One time that a row's fault struck."""

    sid: str
    """Of the call that was struck; empty where it was none."""
    calm: Window
    """The last one without a fault."""
    struck: Window
    own: str = ""
    """What became of the faulty call."""
    broken: str | None = None
    """Which promise to it was not kept."""
    slowest_ms: float = 0.0
    """The longest turn over 5 ms that the faulty call has owned; 0 for none."""


@dataclass(frozen=True, slots=True)
class ServerResult:
    """What came of one row."""

    row: ServerRow
    strikes: tuple[Strike, ...]

    @property
    def judged(self) -> tuple[Strike, ...]:
        """The times at which the machine had cores enough for the server to be judged."""
        return tuple(
            one for one in self.strikes if max(one.calm.starved, one.struck.starved) <= STARVED
        )

    @property
    def calm_p99_ms(self) -> float | None:
        """Of the healthy calls' cadence without the fault, median; None: nothing to judge by."""
        return _median([one.calm.p99_ms for one in self.judged])

    @property
    def struck_p99_ms(self) -> float | None:
        """The same with the fault."""
        return _median([one.struck.p99_ms for one in self.judged])

    @property
    def moved_ms(self) -> float | None:
        """How far the fault moved it: the median of the differences."""
        return _median([one.struck.p99_ms - one.calm.p99_ms for one in self.judged])

    @property
    def slowest_ms(self) -> float | None:
        """The longest turn that the faulty call owned, median; 0 for none over 5 ms."""
        return _median([one.slowest_ms for one in self.judged])


def is_over_times_alone(result: ServerResult) -> bool:
    """Whether nothing is wrong with a row but times: no call broke, and none beside it."""
    return not any(one.broken or any(_harm(one.struck)) for one in result.strikes)


def server_calls_let_down(result: ServerResult) -> tuple[str, ...]:
    """CallSids of a row that missed, the clearest case first; none of a row that did not.

    Nor of one that could not be judged: its calls have nothing to show.
    """
    if next(server_misses(result), None) is None:
        return ()
    if result.moved_ms is None and is_over_times_alone(result):
        return ()
    return tuple(one.sid for one in sorted(result.strikes, key=_case, reverse=True) if one.sid)


def is_doubtful(result: ServerResult) -> bool:
    """Whether a row should strike some times more: mostly starved, or over a bound of times."""
    starved = len(result.judged) <= len(result.strikes) // 2
    return starved or bool(result.slowest_ms) or (result.moved_ms or 0.0) >= P99_MOVES_MS


def is_open(result: ServerResult, left: int) -> bool:
    """Whether so many strikes more could change what is said of a row's times.

    The medians lie between those with nothing but good times to come and nothing but bad ones.
    """
    good = [_imagined(CALM_MS) for _ in range(left)]
    bad = [_imagined(ENDLESS_MS) for _ in range(left)]
    return _verdict(result, good) != _verdict(result, bad)


def server_misses(result: ServerResult) -> Iterator[str]:
    """What was promised and not kept, a line each."""
    for broken in dict.fromkeys(one.broken for one in result.strikes if one.broken):
        yield f"its own call: {broken}"
    moved_ms, slowest_ms = result.moved_ms, result.slowest_ms
    if moved_ms is None:
        yield "cadence not judged: the server was starved of processor time by others"
    elif moved_ms >= P99_MOVES_MS:
        yield f"the others' p99 moves by {moved_ms:.0f} ms, expected < {P99_MOVES_MS:.0f}"
    if slowest_ms:
        yield f"a turn of the faulty call took {slowest_ms:.0f} ms, expected at most 5"
    for one in result.strikes:
        yield from _harm(one.struck)


def _imagined(worse_by_ms: float) -> Strike:
    calm = Window(0, 0.0, starved=0.0, ended=0, dropped=0, restarted=0, trouble=())
    slowest_ms = max(0.0, worse_by_ms)
    return Strike("", calm, replace(calm, p99_ms=worse_by_ms), slowest_ms=slowest_ms)


def _verdict(result: ServerResult, to_come: Sequence[Strike]) -> tuple[bool, bool]:
    whole = ServerResult(result.row, (*result.strikes, *to_come))
    return (whole.moved_ms or 0.0) >= P99_MOVES_MS, bool(whole.slowest_ms)


def _case(one: Strike) -> tuple[bool, bool, float, float]:
    """How clear a case it is: its own call, then those beside it, then times."""
    moved_ms = one.struck.p99_ms - one.calm.p99_ms
    return one.broken is not None, any(_harm(one.struck)), one.slowest_ms, moved_ms


def _harm(struck: Window) -> Iterator[str]:
    """What the calls beside it suffered."""
    for count, what in (
        (struck.ended, "calls ended"),
        (struck.dropped, "frames dropped"),
        (struck.restarted, "restarts"),
    ):
        if count > 0:
            yield f"the others: {count} {what}"
    for line in struck.trouble:
        yield f"the others: {line}"


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None
