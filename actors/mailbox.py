"""The bounded mailbox: two lanes, three message families, one ledger.

It belongs to the call and outlives the actor that reads it: what a crashed actor had not
taken yet waits here for its successor. It never blocks a sender and never raises. It knows
nothing of Pykka, of pacing or of what the messages mean. Senders reach it as a `Peer`;
`LoopActor` attaches to it as its owner and takes messages out.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from actors.family import InBand, Media, Message
from actors.ledger import Ledger

MessageT = TypeVar("MessageT", bound=Message)

OVERFLOW = "overflow"
"""Drop reason: the lane was full and a newer frame came."""


class Owner(Protocol):
    """Who reads a mailbox."""

    def wake(self) -> None:
        """Hear that there is something to take."""
        ...


class Mailbox(Generic[MessageT]):
    """A mailbox with a bound on media (drop oldest) and a cap on control (never dropped)."""

    __slots__ = (
        "_control_cap",
        "_held_frames",
        "_in_hand",
        "_media_cap",
        "_on_overflow",
        "_ordered",
        "_owner",
        "_urgent",
        "closed",
        "holding",
        "ledger",
        "name",
    )

    def __init__(
        self,
        name: str,
        *,
        media_frames: int,
        control_messages: int,
        on_overflow: Callable[[str], None],
    ) -> None:
        """Make an empty mailbox.

        Args:
            name: for logs, metrics and `on_overflow`.
            media_frames: the most frames held; one more drops the oldest.
            control_messages: the most control messages held, over both lanes.
            on_overflow: called with the name when the cap on control is exceeded.
        """
        self.name = name
        self.ledger = Ledger()
        self.holding = False
        """Whether `take` leaves the ordered lane alone: its owner paces it by `take_in_order`."""
        self.closed = False
        self._media_cap = media_frames
        self._control_cap = control_messages
        self._on_overflow = on_overflow
        self._urgent: deque[Message] = deque()
        self._ordered: deque[Message] = deque()
        self._held_frames = 0
        self._in_hand: Message | None = None
        self._owner: Owner | None = None

    # --- the sender's side -----------------------------------------------------------

    def post(self, message: MessageT) -> None:
        """Put a message in and wake the owner. Never blocks, never raises."""
        if self.closed:
            self._post_closed(message)
        elif isinstance(message, Media):
            self._post_media(message)
        else:
            self._post_control(message)

    @property
    def room_frames(self) -> int:
        """How many frames fit before the oldest would be dropped."""
        return 0 if self.closed else self._media_cap - self._held_frames

    @property
    def held_frames(self) -> int:
        """How many frames wait here."""
        return self._held_frames

    @property
    def held_control(self) -> int:
        """How many control messages wait here."""
        return len(self._urgent) + len(self._ordered) - self._held_frames

    def _post_media(self, message: Media) -> None:
        self.ledger.entered += 1
        self._held_frames += 1
        self._ordered.append(message)
        if self._held_frames > self._media_cap:
            self._drop_oldest_frame()
        if not self.holding and self._owner is not None:
            self._owner.wake()

    def _post_control(self, message: Message) -> None:
        in_band = isinstance(message, InBand)
        lane = self._ordered if in_band else self._urgent
        self.ledger.control_entered += 1
        if message.COALESCES and lane and type(lane[-1]) is type(message):
            self.ledger.control_coalesced += 1
            lane[-1] = message
            return
        if self.held_control >= self._control_cap:
            self.ledger.control_entered -= 1
            self.ledger.control_refused += 1
            self._on_overflow(self.name)
            return
        lane.append(message)
        if self._owner is not None and not (in_band and self.holding):
            self._owner.wake()

    def _post_closed(self, message: Message) -> None:
        """The call is over: count it as discarded, so that the ledger stays whole."""
        if isinstance(message, Media):
            self.ledger.entered += 1
            self.ledger.discarded += 1
        else:
            self.ledger.control_entered += 1
            self.ledger.control_discarded += 1

    def _drop_oldest_frame(self) -> None:
        """Drop the oldest frame; marks in front of it keep their place and order."""
        index = next(i for i, held in enumerate(self._ordered) if isinstance(held, Media))
        del self._ordered[index]
        self._held_frames -= 1
        self.ledger.drop(OVERFLOW)

    # --- the owner's side ------------------------------------------------------------

    def attach(self, owner: Owner) -> None:
        """Let an actor read; it is woken at once if anything waits."""
        self._owner = owner
        if self._urgent or self._ordered:
            owner.wake()

    def detach(self) -> None:
        """Take the reader away; what is held stays for the next one."""
        self._owner = None
        self.holding = False

    def take(self) -> Message | None:
        """Take the next message: urgent ones first, then, unless holding, in order."""
        if self._urgent:
            return self._take_urgent()
        return None if self.holding else self.take_in_order()

    def take_in_order(self) -> Message | None:
        """Take the next message of the ordered lane, holding or not."""
        if not self._ordered:
            return None
        message = self._ordered.popleft()
        if isinstance(message, Media):
            self._held_frames -= 1
            self.ledger.delivered += 1
        else:
            self.ledger.control_delivered += 1
        self._in_hand = message
        return message

    def _take_urgent(self) -> Message:
        message = self._urgent.popleft()
        self.ledger.control_delivered += 1
        self._in_hand = message
        return message

    def hold(self, *, holding: bool) -> None:
        """Keep the ordered lane for `take_in_order`, or let it flow again."""
        self.holding = holding
        if not holding and self._ordered and self._owner is not None:
            self._owner.wake()

    def settle(self) -> None:
        """Say that what was taken has been dealt with."""
        self._in_hand = None

    def charge_crash(self) -> None:
        """Say that the owner crashed over what it took last."""
        if isinstance(self._in_hand, Media):
            self.ledger.delivered -= 1
            self.ledger.crashed += 1
        elif self._in_hand is not None:
            self.ledger.control_delivered -= 1
            self.ledger.control_crashed += 1
        self._in_hand = None

    def flush_in_order(self, reason: str, matches: Callable[[Message], bool]) -> list[Message]:
        """Take out of the ordered lane all that matches.

        Frames are counted as dropped for `reason`.

        Returns:
            the control messages among them, in order, for the owner to answer.
        """
        kept: deque[Message] = deque()
        flushed: list[Message] = []
        for message in self._ordered:
            if not matches(message):
                kept.append(message)
            elif isinstance(message, Media):
                self._held_frames -= 1
                self.ledger.drop(reason)
            else:
                self.ledger.control_flushed += 1
                flushed.append(message)
        self._ordered = kept
        return flushed

    def drop_in_hand(self, reason: str) -> None:
        """Count the frame just taken as dropped, not as delivered."""
        self.ledger.delivered -= 1
        self.ledger.drop(reason)
        self._in_hand = None

    def close(self) -> list[Message]:
        """End it with the call: nothing is held or accepted any more.

        Returns:
            what was left, for those who wait for an answer.
        """
        left = [*self._urgent, *self._ordered]
        self.ledger.discarded += self._held_frames
        self.ledger.control_discarded += self.held_control
        self._held_frames = 0
        self._urgent.clear()
        self._ordered.clear()
        self.closed = True
        self._owner = None
        self._on_overflow = _nobody
        return left


def _nobody(_mailbox: str) -> None:
    """Stand in for who was told of an overflow: a closed mailbox refuses nothing."""
