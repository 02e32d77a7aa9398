"""Compares what a replayed call does with what the recorded one did, way by way.

Owns what counts as an output and what "the same" means: on each way out (caller, brain,
synthesiser, carrier, log of decisions) the same outputs in the same order, with the same
content, none missing and none too many; each at its recorded time, exactly while the replay
is in step with the recording and within one step of the 20 ms grid afterwards. Measured
times within decisions are not compared. Finds the first difference and stops there.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from media.frame import FRAME_S
from replay.lines import Line

WAYS: Final = {
    "media": "caller",
    "mark": "caller",
    "clear": "caller",
    "close": "caller",
    "abort": "caller",
    "brain": "brain",
    "tts": "synthesiser",
    "carrier": "carrier",
    "note": "decisions",
}
"""What is an output, and on which way. What the recogniser is sent is not: in which portions a
stream gets its audio is the call's own affair. A replay in step checks that as well."""

TOLERANCE_S: Final = FRAME_S + 1e-6
"""Out of step: one step of the grid, by which a beat or a timer may fall before or behind."""

EXACT_S: Final = 1e-9

_NUMBERED: Final = frozenset({"brain", "tts"})
_MEASURED: Final = ("_ms", "_s")


@dataclass(frozen=True, slots=True)
class Output:
    """Something the call did that shows outside."""

    at: float
    content: list[Any]
    """As it is compared: without what is measured or only counts."""

    @property
    def way(self) -> str:
        """Which way out it took."""
        return WAYS[self.content[0]]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first output that is not as recorded."""

    at: float
    expected: Output | None
    """None where nothing more was recorded on its way."""

    got: Output | None
    """None where it did not come."""


def output_of(content: list[Any], at: float) -> Output | None:
    """Make the output of a line's content; None for what is none."""
    kind = content[0]
    if kind not in WAYS:
        return None
    if kind in _NUMBERED:
        return Output(at, [kind, *content[2:]])
    if kind == "note":
        _, event, fields = without_measures(content)
        kept = {name: value for name, value in fields.items() if name != "ledgers"}
        return Output(at, [kind, event, kept])
    return Output(at, content)


def without_measures(content: list[Any]) -> list[Any]:
    """Leave measured times out of a decision; everything else is as it was."""
    if content[0] != "note":
        return content
    kind, event, fields = content
    kept = {name: value for name, value in fields.items() if not name.endswith(_MEASURED)}
    return [kind, event, kept]


class Comparison:
    """Takes outputs as they come."""

    def __init__(self, lines: Iterable[Line]) -> None:
        """Expect the outputs of these lines."""
        self.difference: Difference | None = None
        self.same = 0
        """Outputs that were as recorded."""
        self._expected: dict[str, deque[Output]] = {way: deque() for way in WAYS.values()}
        for line in lines:
            output = None if line.timed else output_of(line.content, line.at)
            if output is not None:
                self._expected[output.way].append(output)

    def got(self, output: Output, *, in_step: bool) -> None:
        """Take an output of the replay."""
        if self.difference is not None:
            return
        waiting = self._expected[output.way]
        expected = waiting.popleft() if waiting else None
        tolerance_s = EXACT_S if in_step else TOLERANCE_S
        if (
            expected is None
            or expected.content != output.content
            or abs(expected.at - output.at) > tolerance_s
        ):
            self.difference = Difference(output.at, expected, output)
        else:
            self.same += 1

    def passed(self, now: float) -> None:
        """Say that it is so late: what should have come long ago is missing."""
        if self.difference is not None:
            return
        for waiting in self._expected.values():
            if waiting and waiting[0].at < now - TOLERANCE_S:
                self.difference = Difference(now, waiting[0], None)
                return
