"""The three families of messages: the base class alone decides a message's fate in a mailbox.

The same distinction as Membrane's buffers, events and async events, and Pipecat's data,
control and system frames; here it is held by one class, the mailbox.
"""

from typing import ClassVar


class Message:
    """What a mailbox accepts."""

    __slots__ = ()

    COALESCES: ClassVar[bool] = False
    """Whether a newer one replaces the one waiting last in the lane: the latest wins."""


class Media(Message):
    """Audio. Dropped when its mailbox is full, the oldest first, and counted."""

    __slots__ = ()


class InBand(Message):
    """Control that keeps its place among the media around it. Never dropped."""

    __slots__ = ()


class OutOfBand(Message):
    """Control that overtakes everything in order. Never dropped."""

    __slots__ = ()
