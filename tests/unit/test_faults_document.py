"""`docs/faults.md` is of the fault table as it is: the same rows, under the same names."""

import re
from collections.abc import Iterator

import pytest

from bench.faults.__main__ import DOCUMENT
from bench.faults.recogniser.crashes import crash_names
from bench.faults.recogniser.rows import RECOGNISER_ROWS
from bench.faults.server.alone_run import ALONE, ALONE_FOR_LONG
from bench.faults.server.end import end_names
from bench.faults.server.handlers import handler_names
from bench.faults.server.schedule import SERVER_ROWS

pytestmark = pytest.mark.unit

ENDS = [*end_names(), *(row.name for row in (*ALONE, *ALONE_FOR_LONG))]
RECOGNISER = [*(row.name for row in RECOGNISER_ROWS), *crash_names()]


def written(heading: str) -> Iterator[list[str]]:
    """Read the rows of the table below a heading: their cells."""
    [*_, section] = re.split(
        rf"^## {heading}.*$", DOCUMENT.read_text(), maxsplit=1, flags=re.MULTILINE
    )
    table = re.findall(r"^\| .+ \|$", section.partition("\n## ")[0], flags=re.MULTILINE)
    for line in table[1:]:
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        yield [cell.strip().replace("\\|", "|") for cell in cells]


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("One call of ", [row.name for row in SERVER_ROWS]),
        ("The end of a server", ENDS),
        ("The recogniser", RECOGNISER),
    ],
)
def test_every_row_stands_in_the_document_and_no_other(heading: str, names: list[str]) -> None:
    assert [cells[0] for cells in written(heading)] == names


def test_every_handler_stands_in_the_document_and_no_other() -> None:
    names = {
        f"{actor} crashes over {kind}"
        for actor, kinds, _ in written("Every actor")
        for kind in re.findall("`([^`]+)`", kinds)
    }
    assert names == set(handler_names())
