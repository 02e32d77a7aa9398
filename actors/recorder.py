"""The port of a recorder: what may stand between a call and everything outside it.

A recorder is handed all that a call hears from and speaks to, and hands back the same with a
tap in each way. The root asks for one with every call; by default nothing is recorded and
nothing is put in between. Knows nothing of files, and decides nothing about the call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from actors.engines import Engines
from actors.outcome import CallControl
from actors.peer import MediaPeer
from actors.runtime import Runtime
from actors.socket import CallerSocket
from call_log import CallLog

MessageT = TypeVar("MessageT")


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that one call has to do with outside itself."""

    runtime: Runtime
    engines: Engines
    socket: CallerSocket
    control: CallControl | None
    events: CallLog


class Recorder(Protocol):
    """Records one call, or not."""

    @property
    def outside(self) -> Outside:
        """What the call is to use in the place of what the recorder was given."""
        ...

    def peer(self, name: str, peer: MediaPeer[MessageT], /) -> MediaPeer[MessageT]:
        """Return where the border is to post in the place of this mailbox."""
        ...

    def ended(self) -> None:
        """Take note that the call is cleared away, or cut off. Calling twice is harmless."""
        ...


class NoRecorder:
    """Records nothing: everything is handed back as it is."""

    __slots__ = ("outside",)

    def __init__(self, _call_sid: str, outside: Outside) -> None:
        """Keep what is handed back."""
        self.outside = outside

    def peer(self, _name: str, peer: MediaPeer[MessageT], /) -> MediaPeer[MessageT]:
        """Hand the mailbox back."""
        return peer

    def ended(self) -> None:
        """Do nothing."""


NewRecorder = Callable[[str, Outside], Recorder]
"""Makes the recorder of a call from its CallSid; `NoRecorder` is one."""
