"""The server's part of the fault table: one line a row, as text and for the document. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from bench.faults.server.measure import ServerResult, server_misses
from bench.faults.server.worded_row import WordedRow


def row_line(result: ServerResult) -> str:
    """One row as text."""
    calm, struck = _ms(result.calm_p99_ms), _ms(result.struck_p99_ms)
    return (
        f"{result.row.name:<50}{calm:>6} {struck:>6} {_moved(result):>6}"
        f" {_slowest(result):>6}  {own(result)}"
    )


def worded_line(row: WordedRow) -> str:
    """One row in words as text."""
    return f"{row.name:<50}  {row.measured or 'not as promised'}"


def row_table(results: Iterable[ServerResult]) -> Iterator[str]:
    """The rows with healthy calls beside them, as a table in Markdown."""
    yield "| done to one call | promised to it | came of it | p99 without | with | moved | turn |"
    yield "|---|---|---|---:|---:|---:|---:|"
    for result in results:
        cells = (
            result.row.name,
            result.row.promised,
            _verdict(own(result), list(server_misses(result))),
            _ms(result.calm_p99_ms),
            _ms(result.struck_p99_ms),
            _moved(result),
            _slowest(result),
        )
        yield _cells(cells)


def worded_table(rows: Iterable[WordedRow]) -> Iterator[str]:
    """Rows in words as a table in Markdown."""
    yield "| done | promised | came of it |"
    yield "|---|---|---|"
    for row in rows:
        broken = [row.broken] if row.broken else []
        yield _cells((row.name, row.promised, _verdict(row.measured, broken)))


def handler_table(rows: Sequence[WordedRow]) -> Iterator[str]:
    """The crashes over every message, a line for each actor and what came of it."""
    yield "| actor | crashes over | came of it |"
    yield "|---|---|---|"
    for (actor, told), some in groupby(rows, _actor_and_end):
        kinds = ", ".join(f"`{row.name.rpartition(' over ')[2]}`" for row in some)
        yield _cells((actor, kinds, told))


def own(result: ServerResult) -> str:
    """What came of the faulty call, as it was told last."""
    return next((one.own for one in reversed(result.strikes) if one.own), "")


def _actor_and_end(row: WordedRow) -> tuple[str, str]:
    broken = [row.broken] if row.broken else []
    return row.name.partition(" ")[0], _verdict(row.measured, broken)


def _verdict(measured: str, broken: Sequence[str]) -> str:
    missed = [f"**missed**: {line}" for line in broken]
    return "; ".join([measured, *missed] if measured else missed)


def _cells(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _moved(result: ServerResult) -> str:
    return "-" if result.moved_ms is None else f"{result.moved_ms:+.1f}"


def _slowest(result: ServerResult) -> str:
    """The longest turn in milliseconds; nothing where none was reported."""
    return f"{result.slowest_ms:.0f}" if result.slowest_ms else "-"
