"""A timer of one incarnation of an actor: forgotten when it fires, cancelled when that ends."""

from typing import Any

from actors.clock import Timer
from actors.family import OutOfBand
from actors.mailbox import Mailbox


class OwnTimer:
    """A timer that its actor forgets when it has fired and cancels when it ends."""

    __slots__ = ("_among", "inner")

    def __init__(self, among: "set[OwnTimer]") -> None:
        self._among = among
        self.inner: Timer | None = None
        among.add(self)

    def fire(self, mailbox: Mailbox[Any], message: OutOfBand) -> None:
        """Send the message."""
        self._among.discard(self)
        self.inner = None  # else a cycle would keep the dead actor until the next collection
        mailbox.post(message)

    def cancel(self) -> None:
        """Call it off. Harmless when it has already fired."""
        self._among.discard(self)
        if self.inner is not None:
            self.inner.cancel()
