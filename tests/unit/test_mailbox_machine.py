"""The mailbox against a model of two plain lists, under any sequence of what can happen to it.

The machine sees the mailbox through its public methods only. Every message has its own
number, so that a lost, doubled or misplaced one shows wherever it turns up.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.family import InBand, Media, Message
from actors.mailbox import Mailbox
from tests.support.probes import (
    Frame,
    InStep,
    Latest,
    LatestInStep,
    Order,
    OtherLatest,
    missing,
)

pytestmark = pytest.mark.unit

MEDIA_FRAMES = 4
CONTROL_MESSAGES = 5
CLOSED_FROM_STEP = 25
"""So that most sequences see a long life before the end."""

CONTROL: list[Callable[[int], Message]] = [Order, InStep, Latest, OtherLatest, LatestInStep]


class Sleeper:
    """An owner: awake from a wake-up until it finds nothing more to take."""

    def __init__(self) -> None:
        self.awake = False

    def wake(self) -> None:
        self.awake = True


class MailboxMachine(RuleBasedStateMachine):
    """Does to a mailbox, and to two lists, whatever senders, owners and supervisors do."""

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[str] = []
        self.box: Mailbox[Any] = Mailbox(
            "box",
            media_frames=MEDIA_FRAMES,
            control_messages=CONTROL_MESSAGES,
            on_overflow=self.reports.append,
        )
        self.owner: Sleeper | None = None
        self.urgent: list[Message] = []
        self.ordered: list[Message] = []
        self.in_hand: Message | None = None
        self.holding = False
        self.closed = False
        self.steps = 0
        self.counts = dict.fromkeys(
            ("overflow", "stale", "refused", "coalesced", "flushed", "crashed", "late"), 0
        )
        self.control_crashed = 0
        self.control_late = 0

    def number(self) -> int:
        self.steps += 1
        return self.steps

    # --- senders ----------------------------------------------------------------------

    @rule()
    def post_media(self) -> None:
        frame = Frame(self.number())
        self.box.post(frame)
        if self.closed:
            self.counts["late"] += 1
            return
        self.ordered.append(frame)
        frames = [held for held in self.ordered if isinstance(held, Media)]
        if len(frames) > MEDIA_FRAMES:
            self.ordered.remove(frames[0])
            self.counts["overflow"] += 1

    @rule(kind=st.sampled_from(CONTROL))
    def post_control(self, kind: Callable[[int], Message]) -> None:
        message = kind(self.number())
        self.box.post(message)
        lane = self.ordered if isinstance(message, InBand) else self.urgent
        if self.closed:
            self.control_late += 1
        elif message.COALESCES and lane and type(lane[-1]) is type(message):
            lane[-1] = message
            self.counts["coalesced"] += 1
        elif self.held_control >= CONTROL_MESSAGES:
            self.counts["refused"] += 1
        else:
            lane.append(message)

    # --- the owner --------------------------------------------------------------------

    @precondition(lambda self: self.owner is not None)
    @rule()
    def take(self) -> None:
        message = self.box.take()
        if message is None and self.owner is not None:
            self.owner.awake = False
        lane = self.urgent or ([] if self.holding else self.ordered)
        assert message == (lane.pop(0) if lane else None)
        self.in_hand = message or self.in_hand

    @precondition(lambda self: self.owner is not None)
    @rule()
    def take_in_order(self) -> None:
        message = self.box.take_in_order()
        assert message == (self.ordered.pop(0) if self.ordered else None)
        self.in_hand = message or self.in_hand

    @rule()
    def settle(self) -> None:
        self.box.settle()
        self.in_hand = None

    @precondition(lambda self: self.owner is not None)
    @rule(holding=st.booleans())
    def hold(self, *, holding: bool) -> None:
        self.box.hold(holding=holding)
        self.holding = holding

    @precondition(lambda self: isinstance(self.in_hand, Media))
    @rule()
    def drop_in_hand(self) -> None:
        self.box.drop_in_hand("stale")
        self.in_hand = None
        self.counts["stale"] += 1

    @rule(share=st.floats(0, 1))
    def flush_in_order(self, share: float) -> None:
        """Flush what is older than some point, as a clear does."""
        limit = self.steps * share

        def is_old(message: Message) -> bool:
            return getattr(message, "number", 0) <= limit

        flushed = self.box.flush_in_order("stale", is_old)
        old = [message for message in self.ordered if is_old(message)]
        assert flushed == [message for message in old if not isinstance(message, Media)]
        self.ordered = [message for message in self.ordered if not is_old(message)]
        self.counts["flushed"] += len(flushed)
        self.counts["stale"] += len(old) - len(flushed)

    # --- the supervisor ---------------------------------------------------------------

    @precondition(lambda self: self.owner is None and not self.closed)
    @rule()
    def successor_attaches(self) -> None:
        self.owner = Sleeper()
        self.box.attach(self.owner)
        self.holding = False

    @precondition(lambda self: self.owner is not None)
    @rule()
    def owner_crashes(self) -> None:
        self.box.charge_crash()
        self.box.detach()
        self.owner, self.holding = None, False
        if isinstance(self.in_hand, Media):
            self.counts["crashed"] += 1
        elif self.in_hand is not None:
            self.control_crashed += 1
        self.in_hand = None

    @precondition(lambda self: not self.closed and self.steps >= CLOSED_FROM_STEP)
    @rule()
    def close(self) -> None:
        assert self.box.close() == self.urgent + self.ordered
        self.counts["late"] += self.held_frames
        self.control_late += self.held_control
        self.urgent, self.ordered = [], []
        self.owner, self.closed = None, True

    # --- what always holds ------------------------------------------------------------

    @property
    def held_frames(self) -> int:
        return sum(isinstance(message, Media) for message in self.ordered)

    @property
    def held_control(self) -> int:
        return len(self.urgent) + len(self.ordered) - self.held_frames

    @invariant()
    def holds_what_the_model_holds_within_its_bounds(self) -> None:
        assert self.box.held_frames == self.held_frames <= MEDIA_FRAMES
        assert self.box.held_control == self.held_control <= CONTROL_MESSAGES
        assert self.box.room_frames == (0 if self.closed else MEDIA_FRAMES - self.held_frames)

    @invariant()
    def every_frame_and_every_message_is_accounted_for(self) -> None:
        assert missing(self.box) == (0, 0)
        ledger, counts = self.box.ledger, self.counts
        dropped = {why: counts[why] for why in ("overflow", "stale") if counts[why]}
        assert ledger.dropped == dropped
        assert (ledger.crashed, ledger.discarded) == (counts["crashed"], counts["late"])
        assert ledger.control_crashed == self.control_crashed
        assert ledger.control_discarded == self.control_late
        assert ledger.control_coalesced == counts["coalesced"]
        assert ledger.control_flushed == counts["flushed"]

    @invariant()
    def each_refused_message_is_reported_exactly_once(self) -> None:
        assert self.box.ledger.control_refused == self.counts["refused"] == len(self.reports)

    @invariant()
    def an_owner_with_something_to_take_is_awake(self) -> None:
        something = self.urgent or (self.ordered and not self.holding)
        assert self.owner is None or self.owner.awake or not something

    def teardown(self) -> None:
        """Whatever has happened, the rest comes out whole and in order."""
        if not self.closed:
            assert self.box.close() == self.urgent + self.ordered
        assert missing(self.box) == (0, 0)


MailboxMachine.TestCase.settings = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=200,
    stateful_step_count=60,
    suppress_health_check=[HealthCheck.too_slow],
)


TestMailboxMachine = MailboxMachine.TestCase
