"""The state of the server as a whole: what health checks say.

Written by `server.py` once it is warm; read by the webhooks and the pages. Which calls fit, and
that none does while we drain, is the admission's to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from web.root_port import Root

VERSION: Final = "0.2.0"
"""Of this server, as `/healthz` tells it."""


@dataclass(slots=True)
class ServerStatus:
    """One server's state."""

    root: Root
    engines: Mapping[str, str]
    """Name of the engine by what it does."""
    started: bool = False
    """Whether everything that makes the first call fast is warm, or has been given up."""

    def unreadiness(self) -> str | None:
        """Why a load balancer should send calls elsewhere, in one word."""
        return self.root.admission.unreadiness() or (None if self.started else "starting")
