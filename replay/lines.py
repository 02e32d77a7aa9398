"""A recording as lines: read from a file, each with its kind, its time and its place.

Owns the reading of recordings and the words of its errors; runs nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from call_log import CALL_OVER
from replay.codec import FORMAT, RecordingError

STEPS: Final = frozenset({"turn", "tick", "timer"})
LOOKS: Final = "reads"
ENDS: Final = frozenset({"cut", "ended"})


@dataclass(slots=True)
class Line:
    """One line of a recording."""

    number: int
    """From 1, as editors count."""

    at: float
    """Seconds on the call's clock; of something the call did, those of what made it do so."""

    content: list[Any]
    """Kind first, without the time."""

    timed: bool
    """Whether it happened to the call; else the call did it."""

    nested: bool = False
    """Whether it happened to the call in the midst of a turn, a tick or a timer."""

    reads: tuple[float, ...] = ()
    """What the clock said during it, where it moved on."""

    @property
    def kind(self) -> str:
        """What sort of line it is."""
        return str(self.content[0])


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded call."""

    header: dict[str, Any]
    began_at: float
    lines: tuple[Line, ...]
    """Without the first and the last one."""

    cut: str | None
    """Why it ends before the call did; None where it does not."""


def read_recording(path: Path) -> Recording:
    """Read a file.

    Raises:
        RecordingError: it cannot be read, or is no recording.
    """
    try:
        lines = list(_lines(path))
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from None
    if not lines or lines[0].kind != "begin" or not isinstance(lines[0].content[-1], dict):
        raise RecordingError(f"{path}:1: expected the begin of a recording")
    header = cast("dict[str, Any]", lines[0].content[1])
    if header.get("format") != FORMAT:
        raise RecordingError(f"{path}:1: expected format {FORMAT}")
    return Recording(
        header,
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


def _lines(path: Path) -> Iterator[Line]:
    """Make lines; what the clock said goes to the line it belongs to."""
    step: Line | None = None
    at = 0.0
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, 1):
            line = _parsed(path, number, text, at)
            if line is None:
                return
            at = at if line.nested else line.at
            if line.kind == LOOKS and step is not None:
                offsets: list[int] = line.content[1]
                step.reads = tuple(round(step.at + offset / 1e6, 6) for offset in offsets)
                continue
            if line.kind in STEPS:
                step = line
            yield line


def _parsed(path: Path, number: int, text: str, at: float) -> Line | None:
    """Make one line; None for half a line at the end, which a server that died leaves."""
    if not text.endswith("\n"):
        return None
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, list) or not content:
        raise RecordingError(f"{path}:{number}: expected a JSON list")
    if isinstance(content[0], str):
        return Line(number, at, content, timed=False)  # pyright: ignore[reportUnknownArgumentType]
    at, kind = float(content[0]), str(content[1])  # pyright: ignore[reportUnknownArgumentType]
    nested = kind.startswith("+")
    rest: list[Any] = [kind.removeprefix("+"), *content[2:]]
    return Line(number, at, rest, timed=True, nested=nested)
