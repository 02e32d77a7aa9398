"""A knock at the door: what the guard needs to know of a request or an upgrade.

The same for both libraries (Starlette for HTTP, websockets for the media socket), so that
there is one guard and not two.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Knock:
    """One request, before anything is done for it."""

    peer_host: str
    """Address of the other end of the TCP connection; empty where there is none."""

    path: str
    """The path as it was sent, still percent-encoded."""

    query: str
    """What stood after the question mark, without it."""

    headers: Mapping[str, str]
    """By lower-case name; several of one name are joined by commas, which no check accepts."""

    @property
    def target(self) -> str:
        """Path and query as in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


def joined_headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers by lower-case name, repeated ones joined by commas."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers
