"""One line of an event log, and how it is written down. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """An event, on its way to a file."""

    path: str
    at_s: float
    event: str
    fields: Mapping[str, object]

    def encoded(self) -> bytes:
        """Make the line.

        Raises:
            TypeError, ValueError, RecursionError: a field is no JSON value.
        """
        content = {"t": round(self.at_s, 3), "event": self.event, **self.fields}
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        # What is left to escape are lone surrogates, and `\udc80` is how JSON writes them too.
        return text.encode("utf-8", "backslashreplace") + b"\n"
