"""The outcome of a call: what is to happen once its media stream has ended.

Twilio asks for it at the `<Connect>` verb's action URL; the web layer answers from here. Where
the process may speak to Twilio by itself, a `CallControl` brings it about without being asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HungUp:
    """Nothing more: the call is over."""


@dataclass(frozen=True, slots=True)
class TransferTo:
    """The caller is to be connected to somebody else."""

    to: str
    """A telephone number in E.164 form, or a `sip:` URI."""


Outcome = HungUp | TransferTo


class Told(Enum):
    """What came of telling the carrier."""

    TAKEN = "taken"
    """It does what was asked; it stops the media stream by itself."""

    GONE = "gone"
    """It knows no such call: most likely the caller has just hung up."""

    FAILED = "failed"
    """It may or may not do it."""


class CallControl(Protocol):
    """Tells the carrier, from outside the media stream, what is to become of a call."""

    def bring_about(
        self, call_sid: str, outcome: Outcome, told: Callable[[Told, str], None]
    ) -> None:
        """Ask for an outcome; never blocks and never raises.

        Args:
            call_sid: the call.
            outcome: what is to become of it.
            told: called once, on the loop's thread, within a bounded time, perhaps before this
                returns: what came of it, and a few words for the log with nothing private.
        """
        ...
