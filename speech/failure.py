"""What the end of a recogniser's stream means for the call: one class for each gRPC status.

Pure data. The engines speak gRPC status names; whoever restarts decides by the class. Texts
are looked at only where the status says too little.
Source of the table: `google.rpc.Code` and the endings the live service was seen to give.
"""

from enum import Enum
from typing import Final


class Failure(Enum):
    """What to do about an ended stream."""

    ROLLOVER = "rollover"
    """A normal ending (time limit, no audio, a clean close): open the next one, free."""

    TRANSIENT = "transient"
    """It may heal: restart after a backoff, counted."""

    CONFIG = "config"
    """This model or endpoint is refused: the engine has stepped down, open again, free."""

    FATAL = "fatal"
    """It will not heal: fall back at once."""

    DEAF = "deaf"
    """Audio went in and nothing came out: our own finding, not gRPC's (`DEAF`)."""


_ROLLOVERS: Final = frozenset({"OK", "OUT_OF_RANGE", "ABORTED"})

_FATAL: Final = frozenset(
    {
        "UNAUTHENTICATED",
        "PERMISSION_DENIED",
        "FAILED_PRECONDITION",
        "UNIMPLEMENTED",
        "INVALID_ARGUMENT",
    }
)

_REFUSALS: Final = ("not supported", "model", "location", "recognizer")
"""Words of a refused configuration in the text of INVALID_ARGUMENT; without one of them our
own request is wrong, and no other rung would help."""


def failure_of(status: str, detail: str) -> Failure:
    """Classify a gRPC status name; an unknown one may heal."""
    if status in _ROLLOVERS:
        return Failure.ROLLOVER
    if status == "DEAF":
        return Failure.DEAF
    if status == "NOT_FOUND":
        return Failure.CONFIG
    if status == "INVALID_ARGUMENT" and any(word in detail.lower() for word in _REFUSALS):
        return Failure.CONFIG
    return Failure.FATAL if status in _FATAL else Failure.TRANSIENT
