"""The one thing behind the border: the root that owns the calls, as the web layer sees it.

A protocol, so that routes and sockets can be tried with a fake. The real one is
`actors.root.CallRoot`, handed in by `server.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from actors.call_line import CallLine
from actors.outcome import Outcome
from actors.socket import CallerSocket
from web.admission import Admission


class Root(Protocol):
    """Begins calls, and remembers how they went."""

    @property
    def admission(self) -> Admission:
        """Who decides which calls are taken."""
        ...

    @property
    def active(self) -> int:
        """Calls at this moment."""
        ...

    def begin(
        self, call_sid: str, stream_sid: str, socket: CallerSocket, caller: str = ""
    ) -> CallLine:
        """Begin a call from this number and return where its messages go.

        Raises:
            CallRefused: draining, busy, overload, or the call is already there.
        """
        ...

    def views(self) -> Sequence[Mapping[str, Any]]:
        """Return every live call, ready for JSON."""
        ...

    def view(self, call_sid: str) -> Mapping[str, Any] | None:
        """Return one call, live or ended lately, ready for JSON; None when nobody remembers."""
        ...

    def outcome(self, call_sid: str) -> Outcome | None:
        """Return what Twilio shall do after the stream; None when nobody remembers."""
        ...

    def stop_admitting(self) -> None:
        """Refuse new calls from now on."""
        ...

    async def drained(self, timeout_s: float) -> bool:
        """Wait until no call is left; False when the time is up first."""
        ...

    def end_all(self, reason: str) -> None:
        """Have every call say goodbye and end."""
        ...

    def abort_all(self) -> None:
        """Drop every call without another word."""
        ...
