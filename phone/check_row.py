"""One line of the go/no-go list: what was looked at, the verdict, the reason.

Plain data. Made by the steps and the judges of `phone check`, printed by `check_text`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """Whether a deployment may go ahead, as far as one row knows."""

    GO = "GO"
    NO_GO = "NO-GO"
    SKIPPED = "-"
    """Not seen, and not asked for."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the list."""

    name: str
    verdict: Verdict
    detail: str
    """What was found, in words and numbers."""

    advice: str = ""
    """Where to look, when it is not as it should be."""

    def as_json(self) -> dict[str, str]:
        """Stable keys."""
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "detail": self.detail,
            "advice": self.advice,
        }


def row(name: str, *, go: bool, detail: str, advice: str = "") -> Row:
    """Judge; the advice is kept for a NO-GO only."""
    return Row(name, Verdict.GO, detail) if go else Row(name, Verdict.NO_GO, detail, advice)


def not_seen(name: str, reason: str, *, needed: bool) -> Row:
    """What could not be looked at: a NO-GO where it was to be."""
    verdict = Verdict.NO_GO if needed else Verdict.SKIPPED
    return Row(name, verdict, f"NOT SEEN: {reason}")


def is_go(rows: Iterable[Row]) -> bool:
    """Whether no row forbids the deployment."""
    return all(one.verdict is not Verdict.NO_GO for one in rows)


def merged(rows: Iterable[Row]) -> list[Row]:
    """One row of each name, in the order of their first; a NO-GO outweighs the others."""
    found: dict[str, Row] = {}
    for one in rows:
        known = found.get(one.name)
        if known is None or (one.verdict is Verdict.NO_GO and known.verdict is not Verdict.NO_GO):
            found[one.name] = one
    return list(found.values())
