"""Prints the go/no-go list on a terminal of 80 columns. Pure."""

import textwrap
from collections.abc import Sequence
from typing import Final

from phone.check_row import Row, is_go

COLUMNS: Final = 80
VERDICT_COLUMNS: Final = 7
NAME_COLUMNS: Final = 15
_INDENT: Final = " " * (VERDICT_COLUMNS + NAME_COLUMNS)


def list_text(rows: Sequence[Row]) -> str:
    """A line for each row, advice below it, the verdict at the end."""
    lines = [line for one in rows for line in _row(one)]
    return "\n".join([*lines, "", closing(rows)])


def closing(rows: Sequence[Row]) -> str:
    """The verdict in one line."""
    if is_go(rows):
        skipped = sum(one.verdict.value == "-" for one in rows)
        return "GO" + (f" ({skipped} rows were not looked at)" if skipped else "")
    bad = [one.name for one in rows if one.verdict.value == "NO-GO"]
    return "\n".join(textwrap.wrap(f"NO-GO: {', '.join(bad)}", COLUMNS))


def _row(one: Row) -> list[str]:
    head = f"{one.verdict.value:<{VERDICT_COLUMNS}}{one.name:<{NAME_COLUMNS}}"
    lines = _wrapped(head, one.detail)
    return lines + _wrapped(_INDENT + "-> ", one.advice) if one.advice else lines


def _wrapped(first: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, COLUMNS, initial_indent=first, subsequent_indent=" " * len(first)
    ) or [first.rstrip()]
