"""The state of the server as a whole: what health checks say, and whether calls are taken.

Written by `server.py` while it starts and drains; read by the webhooks and the pages. Which
calls fit is the admission's to decide; that none does while we drain is known here at once,
in the very moment of the signal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from web.admission import AdmittingRoot

VERSION: Final = "0.2.0"
"""Of this server, as `/healthz` tells it."""


@dataclass(slots=True)
class ServerStatus:
    """One server's state."""

    root: AdmittingRoot
    engines: Mapping[str, str]
    """Name of the engine by what it does."""
    started: bool = False
    """Whether everything that makes the first call fast is warm."""
    draining: bool = False
    """Whether the server is about to stop."""

    def reserve(self, call_sid: str) -> str | None:
        """Keep a place for a call; a refused one keeps none.

        Returns:
            None, or why the call cannot be taken, in one word.
        """
        admission = self.root.admission
        if self.draining:
            admission.release(call_sid)
            return "draining"
        return admission.reserve(call_sid)

    def unreadiness(self) -> str | None:
        """Why a load balancer should send calls elsewhere, in one word."""
        if self.draining:
            return "draining"
        return self.root.admission.unreadiness() or (None if self.started else "starting")
