"""Keeps what the server did wrong on the wire, within a bound.

Counts every fault by kind and keeps the first few details. Talked to by `line` and `report`.
"""

from collections import Counter
from typing import Final

from phone.server_messages import Fault, FaultKind

MAX_EXAMPLES: Final = 10
"""Faults kept with their detail; the others are only counted."""


class Faults:
    """The protocol errors of one call."""

    def __init__(self) -> None:
        self.counts: Counter[FaultKind] = Counter()
        self.examples: list[str] = []

    def add(self, fault: Fault) -> None:
        """Count a fault."""
        self.counts[fault.kind] += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(f"{fault.kind.value}: {fault.detail}".rstrip(": "))

    @property
    def total(self) -> int:
        """All faults together."""
        return self.counts.total()

    def as_json(self) -> dict[str, int]:
        """Counts by kind, of those that happened."""
        return {kind.value: count for kind, count in sorted(self.counts.items())}
