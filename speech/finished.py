"""A request that was over before its handle was returned.

Owns: the handle that in-process engines give back. Never holds anything, so one instance
serves all. Instant engines and the phrase cache hand it out.
"""

from typing import Final


class Finished:
    """Implements `speech.ports.Cancellable` where there is nothing left to call off."""

    __slots__ = ()

    def cancel(self) -> None:
        """Do nothing: the sink has already heard the last event."""


FINISHED: Final = Finished()
"""The only instance anybody needs."""
