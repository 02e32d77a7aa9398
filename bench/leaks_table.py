"""What a run of the leak bench says: a table, and whether anything stayed. Pure."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from bench.leaks_run import Look, Run
from bench.leaks_trend import growth, latter

OVER_CALLS: Final = 1000
"""Growth is judged over the last so many calls."""

FIRST_CALLS: Final = 200
"""Growth before these is not judged: ended calls are remembered until there are enough."""

MAX_BYTES: Final = 1000
"""Growth per call, of the kernel's pages and of the C heap."""

MAX_BLOCKS: Final = 8.0
"""Growth per call, in small Python objects: about 1 kB."""

MANY: Final = 10
"""Types and failures told at most."""


def verdict(run: Run) -> list[str]:
    """Say what is wrong, a line each; nothing for a server that leaks nothing."""
    return [*_not_back(run), *_growing(run), *_books_wrong(run), *run.failures]


def table(run: Run) -> str:
    """Write what was held, counted and weighed."""
    return "\n".join((*_kinds(run), "", *_counts(run), "", *_memory(run), "", *_fates(run)))


def _kinds(run: Run) -> Iterator[str]:
    yield f"{'what came':<26}{'calls':>7}{'no room':>9}"
    for name, calls in sorted(run.held.items()):
        yield f"{name:<26}{calls:>7}{run.no_room[name]:>9}"
    yield f"{'all':<26}{run.held.total():>7}{run.no_room.total():>9}"


def _counts(run: Run) -> Iterator[str]:
    last = asdict(run.looks[-1].counts)
    yield f"{'counted':<14}{'before':>8}{'after':>8}"
    for name, before in asdict(run.baseline).items():
        yield f"{name:<14}{before:>8}{last[name]:>8}{'  LEFT' if last[name] != before else ''}"


def _memory(run: Run) -> Iterator[str]:
    first, last = run.looks[0].memory, run.looks[-1].memory
    yield f"{'memory':<14}{'before':>12}{'after':>12}{'a call, over the last':>24} {OVER_CALLS}"
    for name in ("rss_bytes", "heap_bytes", "blocks", "garbage"):
        before, after = getattr(first, name), getattr(last, name)
        yield f"{name:<14}{before:>12}{after:>12}{_growth(run, name):>24.1f}"


def _fates(run: Run) -> Iterator[str]:
    yield f"{'counted by the server':<44}{'':>8}"
    for name, value in sorted(run.books.items()):
        yield f"{name:<44}{value:>8.0f}"


def _growth(run: Run, name: str) -> float:
    def amount(look: Look) -> int:
        value: int = getattr(look.memory, name)
        return value

    return growth(latter([(look.calls, amount(look)) for look in run.looks], OVER_CALLS))


def _not_back(run: Run) -> Iterator[str]:
    last = asdict(run.looks[-1].counts)
    for name, before in asdict(run.baseline).items():
        if last[name] != before:
            yield f"{name}: {before} before, {last[name]} after the last call"
    if any(last[name] > before for name, before in asdict(run.baseline).items()):
        most = sorted(run.stayed.items(), key=lambda one: -one[1])[:MANY]
        yield "more objects of: " + ", ".join(f"{name} {more}" for name, more in most)


def _growing(run: Run) -> Iterator[str]:
    if run.looks[-1].calls < FIRST_CALLS + OVER_CALLS:
        return
    for name, most in (
        ("rss_bytes", MAX_BYTES),
        ("heap_bytes", MAX_BYTES),
        ("blocks", MAX_BLOCKS),
    ):
        if _growth(run, name) >= most:
            yield f"{name}: grows by {_growth(run, name):.1f} a call; expected less than {most:g}"


def _books_wrong(run: Run) -> Iterator[str]:
    for name in ("ledger_errors_total", "control_overflows_total", "control_refused"):
        if run.books.get(name, 0):
            yield f"{name}: {run.books[name]:.0f}; expected 0"
