"""A peer: the stable, typed address of an actor.

It outlives every incarnation of the actor behind it, because it leads to the mailbox and
not to the actor. Peers are handed in, never looked up. Sending outside a peer's protocol
fails the type check; a fake for tests is four lines.
"""

from typing import Any, Protocol, TypeVar

MessageT_contra = TypeVar("MessageT_contra", contravariant=True)


class Peer(Protocol[MessageT_contra]):
    """Where to send messages of one receiver's protocol."""

    def post(self, message: MessageT_contra) -> None:
        """Put a message into the mailbox. Never blocks and never raises."""
        ...


class MediaPeer(Peer[MessageT_contra], Protocol[MessageT_contra]):
    """A peer whose media is flow-controlled: the sender looks before it sends."""

    @property
    def room_frames(self) -> int:
        """How many frames of media fit before the oldest would be dropped."""
        ...

    @property
    def held_frames(self) -> int:
        """How many frames of media wait there now."""
        ...


def to_nobody(*_message: object) -> Any:
    """Take the place of an actor that has ended: what its helpers still say goes nowhere.

    So that nothing refers to it any more and it is freed at once, without a collection.
    """
