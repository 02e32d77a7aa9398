"""The state of the server as a whole: what health checks say, and whether calls are taken.

Written by `server.py` while it starts and drains; read by the webhooks and the pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from web.root_port import Root

VERSION: Final = "0.1.0"
"""Of this server, as `/healthz` tells it."""


@dataclass(slots=True)
class ServerStatus:
    """One server's state."""

    root: Root
    max_calls: int
    engines: Mapping[str, str]
    """Name of the engine by what it does."""
    started: bool = False
    """Whether everything that makes the first call fast is warm."""
    draining: bool = False
    """Whether the server is about to stop."""

    def refusal(self) -> str | None:
        """Why a new call cannot be taken, in one word."""
        if self.draining:
            return "draining"
        return "busy" if self.root.active >= self.max_calls else None

    def unreadiness(self) -> str | None:
        """Why a load balancer should send calls elsewhere, in one word."""
        return self.refusal() or (None if self.started else "starting")
