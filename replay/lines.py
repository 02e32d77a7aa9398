"""A recording as lines: read from a file, each with its kind, its time and its place.

Owns the reading of recordings and the words of its errors; runs nothing. Whatever passes here
has the shape of `replay.shape`: nobody behind it looks again.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from call_log import CALL_OVER
from replay.codec import RecordingError
from replay.file import whole_lines
from replay.header import check_header
from replay.json_types import is_list, is_number
from replay.printable import printable
from replay.shape import BEGINS, CALL_MAX_S, ENDS, ENTERS, LOOKS, STEPS, carried, check

NUMBER_MAX: Final = 2**53
"""Up to here JSON's numbers are exact (RFC 8259, section 6), and nothing runs over."""

_DIGITS_MAX: Final = len(str(NUMBER_MAX)) + 1


@dataclass(slots=True)
class Line:
    """One line of a recording."""

    number: int
    """From 1, as editors count."""

    at: float
    """Seconds on the call's clock; of something the call did, those of what made it do so."""

    content: list[Any]
    """Kind first, without the time; as `replay.shape` has it."""

    timed: bool
    """Whether it happened to the call; else the call did it."""

    nested: bool = False
    """Whether it happened to the call in the midst of a turn, a tick or a timer."""

    message: Any = None
    """What it carries into the call, made again; None where it carries nothing."""

    reads: tuple[float, ...] = ()
    """What the clock said during it, where it moved on."""

    @property
    def kind(self) -> str:
        """What sort of line it is."""
        return str(self.content[0])


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded call."""

    name: str
    """Of the file, for errors; printable."""

    header: dict[str, Any]
    began_at: float
    lines: tuple[Line, ...]
    """Without the first and the last one."""

    cut: str | None
    """Why it ends before the call did; None where it does not."""


def read_recording(path: Path) -> Recording:
    """Read a file.

    Raises:
        RecordingError: it cannot be read, or is no recording: the file, the line, what was
            expected.
    """
    name = printable(str(path))
    lines = list(_lines(path, name))
    if not lines:
        raise RecordingError(f"{name}:1: expected the begin of a recording")
    return Recording(
        name,
        lines[0].content[1],
        lines[0].at,
        tuple(line for line in lines[1:] if line.kind not in ENDS),
        _why_cut(lines[-1]),
    )


def _why_cut(last: Line) -> str | None:
    if last.kind == "ended":
        return None
    if last.kind == "cut" and last.content[1] == CALL_OVER:
        return None
    return str(last.content[1]) if last.kind == "cut" else "the server ended without a last line"


def _lines(path: Path, name: str) -> Iterator[Line]:
    reader = _Reader()
    for number, text in enumerate(whole_lines(path), 1):
        try:
            line = reader.read(number, text)
        except RecordingError as error:
            raise RecordingError(f"{name}:{number}: {error}") from None
        if line is not None:
            yield line


class _Reader:
    """Makes lines one after the other; what the clock said goes to the line it belongs to."""

    def __init__(self) -> None:
        self._began_at = 0.0
        self._at = 0.0
        """Of what the call does next."""
        self._step: Line | None = None

    def read(self, number: int, text: bytes) -> Line | None:
        """Make a line; None for one that only adds to another.

        Raises:
            RecordingError: what was expected.
        """
        line = self._checked(number, parsed(text))
        if (number == 1) is not (line.kind == BEGINS):
            raise RecordingError("expected the begin of a recording in the first line and no other")
        if line.kind == BEGINS:
            check_header(line.content[1])
            self._began_at = line.at
        if abs(line.at - self._began_at) > CALL_MAX_S:
            raise RecordingError(f"expected a time within {CALL_MAX_S} s of the begin")
        if not line.nested:
            self._at = line.at
        if line.kind == LOOKS:
            self._moved_on(line.content[1])
            return None
        if line.kind in STEPS:
            self._step = line
        return line

    def _checked(self, number: int, content: list[Any]) -> Line:
        timed = bool(content) and is_number(content[0])
        at = float(content[0]) if timed else self._at
        rest = content[1:] if timed else content
        nested = timed and bool(rest) and isinstance(rest[0], str) and rest[0][:1] == "+"
        if nested:
            rest[0] = rest[0][1:]
        check(rest, timed=timed)
        if nested and rest[0] not in ENTERS:
            raise RecordingError("expected a + in front of what can happen in the midst of a step")
        return Line(number, at, rest, timed, nested, carried(rest))

    def _moved_on(self, offsets: list[int]) -> None:
        step = self._step
        if step is None:
            raise RecordingError("expected a turn, a tick or a timer in front of this line")
        step.reads = tuple(round(step.at + offset / 1e6, 6) for offset in offsets)


def parsed(text: bytes) -> list[Any]:
    """Parse one line.

    Raises:
        RecordingError: it is no JSON list, or has a number that is too large.
    """
    try:
        content: Any = json.loads(
            text.decode("utf-8"), parse_int=_whole, parse_float=_number, parse_constant=_number
        )
    except (ValueError, RecursionError):
        content = None
    if not is_list(content):
        raise RecordingError("expected a JSON list in UTF-8, its numbers at most 2 to the 53rd")
    return content


def _whole(digits: str) -> int:
    # Python takes its time over many digits, and refuses thousands of them.
    value = int(digits) if len(digits) <= _DIGITS_MAX else NUMBER_MAX + 1
    if abs(value) > NUMBER_MAX:
        raise ValueError
    return value


def _number(digits: str) -> float:
    value = float(digits)
    if not abs(value) <= NUMBER_MAX:  # nor is this true of NaN
        raise ValueError
    return value
