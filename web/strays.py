"""Messages of a media socket that are ignored: counted all, told once for each kind.

A far side that speaks nonsense must neither fill the log nor the memory: kinds come from a
fixed set of words, and after a number of malformed messages the socket is given up. One for
each socket; the call session talks to it. Contents never get here.
"""

from typing import Final

from loguru import logger
from prometheus_client import Counter

from media.twilio import WireError

MAX_MALFORMED: Final = 50
"""Malformed messages after which a socket is closed: not one of them comes from Twilio."""


class Strays:
    """Counts what one socket sent in vain."""

    def __init__(self, counter: Counter) -> None:
        """Count in this metric as well, for all sockets together."""
        self._counter = counter
        self._told: set[str] = set()
        self._malformed = 0
        self.call_sid = "-"
        """For the log line; set once it is known."""

    @property
    def malformed(self) -> int:
        """Malformed messages so far."""
        return self._malformed

    def ignore(self, kind: str, detail: str = "") -> None:
        """Count one message; say so when it is the first of its kind.

        Args:
            kind: one of few fixed phrases.
            detail: more for the log line, without anything a caller said or pressed.
        """
        self._counter.inc()
        if kind not in self._told:
            self._told.add(kind)
            line = "media socket: ignored: {}; told once a call"
            logger.bind(call_sid=self.call_sid).warning(line, detail or kind)

    def ignore_malformed(self, error: WireError) -> bool:
        """Count a malformed message; True when there have been too many."""
        where = str(error).partition(":")[0]
        self.ignore(where, str(error))
        self._malformed += 1
        return self._malformed >= MAX_MALFORMED
