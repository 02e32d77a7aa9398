"""Where an actor notes what happens on its call; perhaps nowhere.

Owns the port and its null object. Who writes what is noted is none of the actors' business.
"""

from collections.abc import Callable
from typing import Final, Protocol


class CallLog(Protocol):
    """Where the events of one call are noted."""

    def note(self, event: str, /, **fields: object) -> None:
        """Note an event. Never blocks, never raises.

        Args:
            event: what happened, in the past tense, `snake_case`.
            fields: JSON values that nobody changes afterwards. A `text` is what somebody said:
                only its length is kept unless transcripts are to be shown.
        """
        ...


class NoCallLog:
    """Notes nothing."""

    def note(self, event: str, /, **fields: object) -> None:
        """Do nothing."""


NO_CALL_LOG: Final = NoCallLog()
"""For servers that keep no log of events."""


def no_call_log(_call_sid: str, _now: Callable[[], float]) -> CallLog:
    """Begin no log: stands in for `CallLogs.begin`."""
    return NO_CALL_LOG
