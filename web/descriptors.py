"""How many file descriptors a server of these settings may have open at once. Pure."""

from typing import Final

from settings import Settings
from web.connection_limit import MAX_CONNECTIONS
from web.media_gate import SPARE_SOCKETS

OTHERS: Final = 128
"""The event loop, logs and recordings, the workers' pipes, connections to clouds."""


def descriptors_needed(settings: Settings) -> int:
    """Add up what each part has at most; an agent that asks a model has a connection a call."""
    asking = 0 if settings.agent == "scripted" else settings.max_calls
    return MAX_CONNECTIONS + settings.max_calls + SPARE_SOCKETS + asking + OTHERS
