"""What a mailbox promises, claim by claim; the state machine beside this file mixes them."""

import weakref
from typing import Any

import pytest

from actors.family import Message
from actors.mailbox import OVERFLOW, Mailbox
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


class CountingOwner:
    """An owner that counts how often it is woken."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1


def mailbox(media_frames: int = 3, control_messages: int = 4) -> tuple[Mailbox[Any], list[str]]:
    """Make a small mailbox and the list of its overflow reports."""
    overflows: list[str] = []
    box: Mailbox[Any] = Mailbox(
        "rx",
        media_frames=media_frames,
        control_messages=control_messages,
        on_overflow=overflows.append,
    )
    return box, overflows


def owned(media_frames: int = 3) -> tuple[Mailbox[Any], CountingOwner]:
    """Make a small mailbox with an owner."""
    box, _ = mailbox(media_frames)
    owner = CountingOwner()
    box.attach(owner)
    return box, owner


def post(box: Mailbox[Any], *messages: Message) -> Mailbox[Any]:
    for message in messages:
        box.post(message)
    return box


def taken(box: Mailbox[Any]) -> list[Message]:
    """Take and settle everything there is."""
    messages: list[Message] = []
    while (message := box.take()) is not None:
        messages.append(message)
        box.settle()
    return messages


# --- order ----------------------------------------------------------------------------


def test_urgent_messages_overtake_and_the_others_keep_their_order() -> None:
    box, _ = mailbox()
    post(box, Frame(1), InStep(2), Order(3), Frame(4), Order(5))
    assert taken(box) == [Order(3), Order(5), Frame(1), InStep(2), Frame(4)]


def test_take_in_order_never_takes_an_urgent_message() -> None:
    box, _ = mailbox()
    post(box, Order(1), Frame(2))
    assert box.take_in_order() == Frame(2)
    assert box.take_in_order() is None
    assert box.take() == Order(1)


def test_an_empty_mailbox_gives_nothing() -> None:
    box, _ = mailbox()
    assert box.take() is None
    assert box.take_in_order() is None
    assert missing(box) == (0, 0)


# --- the bound on media ---------------------------------------------------------------


def test_full_mailbox_drops_oldest_media_and_keeps_the_mark() -> None:
    box, _ = mailbox(media_frames=2)
    post(box, InStep(0), Frame(1), InStep(2), Frame(3), Frame(4))
    assert taken(box) == [InStep(0), InStep(2), Frame(3), Frame(4)]
    assert box.ledger.dropped == {OVERFLOW: 1}


def test_marks_do_not_count_against_the_bound_on_media() -> None:
    box, _ = mailbox(media_frames=2)
    post(box, InStep(1), InStep(2), Frame(3), Frame(4))
    assert box.held_frames == 2
    assert box.held_control == 2
    assert box.ledger.drops == 0


def test_room_is_what_fits_before_the_oldest_is_dropped() -> None:
    box, _ = mailbox(media_frames=3)
    assert box.room_frames == 3
    post(box, Frame(1), Order(2), InStep(3))
    assert box.room_frames == 2
    post(box, Frame(4), Frame(5))
    assert box.room_frames == 0
    post(box, Frame(6))
    assert box.room_frames == 0
    assert box.held_frames == 3


def test_a_mailbox_without_room_for_media_drops_it_and_never_raises() -> None:
    box, _ = mailbox(media_frames=0)
    post(box, InStep(1), Frame(2), Frame(3))
    assert taken(box) == [InStep(1)]
    assert box.ledger.dropped == {OVERFLOW: 2}
    assert missing(box) == (0, 0)


# --- the cap on control ---------------------------------------------------------------


def test_the_cap_counts_both_lanes_and_each_refused_message_is_reported_once() -> None:
    box, overflows = mailbox(control_messages=2)
    post(box, Order(1), InStep(2), Order(3), InStep(4))
    assert overflows == ["rx", "rx"]
    assert box.ledger.control_refused == 2
    assert taken(box) == [Order(1), InStep(2)]
    assert missing(box) == (0, 0)


def test_media_neither_fills_the_control_lane_nor_pushes_control_out() -> None:
    box, overflows = mailbox(media_frames=3, control_messages=2)
    post(box, Order(1), InStep(2), *(Frame(number) for number in range(100)))
    assert overflows == []
    assert taken(box)[:2] == [Order(1), InStep(2)]


def test_at_the_cap_a_newer_one_still_replaces_the_one_it_coalesces_with() -> None:
    box, overflows = mailbox(control_messages=2)
    post(box, Order(1), Latest(2), Latest(3))
    assert overflows == []
    assert taken(box) == [Order(1), Latest(3)]


# --- coalescing -----------------------------------------------------------------------


def test_the_latest_wins_among_messages_that_coalesce() -> None:
    box, _ = mailbox()
    post(box, Latest(1), Latest(2), Latest(3))
    assert taken(box) == [Latest(3)]
    assert box.ledger.control_coalesced == 2
    assert missing(box) == (0, 0)


@pytest.mark.parametrize("between", [Order(2), OtherLatest(2)])
def test_coalescing_never_crosses_another_message(between: Message) -> None:
    box, _ = mailbox()
    post(box, Latest(1), between, Latest(3))
    assert taken(box) == [Latest(1), between, Latest(3)]


def test_coalescing_in_band_never_crosses_a_frame() -> None:
    box, _ = mailbox()
    post(box, LatestInStep(1), LatestInStep(2), Frame(3), LatestInStep(4))
    assert taken(box) == [LatestInStep(2), Frame(3), LatestInStep(4)]


def test_a_message_in_the_owners_hand_is_not_replaced_any_more() -> None:
    box, _ = mailbox()
    post(box, Latest(1))
    assert box.take() == Latest(1)
    post(box, Latest(2))
    assert box.take() == Latest(2)


# --- waking ---------------------------------------------------------------------------


@pytest.mark.parametrize("message", [Frame(1), InStep(1), Order(1)])
def test_every_kind_of_message_wakes_the_owner(message: Message) -> None:
    box, owner = owned()
    post(box, message)
    assert owner.woken == 1


def test_while_holding_only_urgent_messages_wake_the_owner() -> None:
    box, owner = owned()
    box.hold(holding=True)
    post(box, Frame(1), InStep(2))
    assert owner.woken == 0
    post(box, Order(3))
    assert owner.woken == 1


def test_holding_leaves_the_ordered_lane_to_the_beat() -> None:
    box, _ = owned()
    box.hold(holding=True)
    post(box, Frame(1), Order(2))
    assert taken(box) == [Order(2)]
    assert box.take_in_order() == Frame(1)


def test_letting_go_wakes_the_owner_for_what_was_held() -> None:
    box, owner = owned()
    box.hold(holding=True)
    post(box, Frame(1))
    box.hold(holding=False)
    assert owner.woken == 1
    assert taken(box) == [Frame(1)]


def test_letting_go_of_nothing_wakes_nobody() -> None:
    box, owner = owned()
    box.hold(holding=True)
    box.hold(holding=False)
    assert owner.woken == 0


@pytest.mark.parametrize("message", [Frame(1), InStep(1), Order(1)])
def test_an_owner_that_attaches_is_woken_for_what_already_waits(message: Message) -> None:
    box, _ = mailbox()
    post(box, message)
    owner = CountingOwner()
    box.attach(owner)
    assert owner.woken == 1


def test_an_owner_that_attaches_to_an_empty_mailbox_sleeps_on() -> None:
    _, owner = owned()
    assert owner.woken == 0


def test_a_detached_owner_is_woken_no_more_and_what_waits_is_for_the_next() -> None:
    box, first = owned()
    box.detach()
    post(box, Frame(1), Order(2))
    assert first.woken == 0
    second = CountingOwner()
    box.attach(second)
    assert second.woken == 1
    assert taken(box) == [Order(2), Frame(1)]


def test_the_successor_of_an_owner_that_held_is_not_holding() -> None:
    box, _ = owned()
    box.hold(holding=True)
    post(box, Frame(1))
    box.detach()
    box.attach(CountingOwner())
    assert taken(box) == [Frame(1)]


# --- crash ----------------------------------------------------------------------------


def test_a_crash_is_charged_with_the_frame_in_hand() -> None:
    box, _ = mailbox()
    post(box, Frame(1), Frame(2))
    box.take()
    box.charge_crash()
    assert (box.ledger.delivered, box.ledger.crashed) == (0, 1)
    assert missing(box) == (0, 0)


@pytest.mark.parametrize("message", [InStep(1), Order(1)])
def test_a_crash_is_charged_with_the_control_message_in_hand(message: Message) -> None:
    box, _ = mailbox()
    post(box, message)
    box.take()
    box.charge_crash()
    assert (box.ledger.control_delivered, box.ledger.control_crashed) == (0, 1)
    assert missing(box) == (0, 0)


def test_a_crash_with_nothing_in_hand_costs_nothing() -> None:
    box, _ = mailbox()
    post(box, Frame(1))
    box.take()
    box.settle()
    box.charge_crash()
    assert (box.ledger.delivered, box.ledger.crashed) == (1, 0)


def test_a_crash_is_charged_once() -> None:
    box, _ = mailbox()
    post(box, Frame(1))
    box.take()
    box.charge_crash()
    box.charge_crash()
    assert box.ledger.crashed == 1
    assert missing(box) == (0, 0)


# --- dropping on purpose --------------------------------------------------------------


def test_a_frame_dropped_from_the_hand_was_not_delivered_and_cannot_crash() -> None:
    box, _ = mailbox()
    post(box, Frame(1))
    box.take()
    box.drop_in_hand("slow_peer")
    box.charge_crash()
    assert (box.ledger.delivered, box.ledger.crashed) == (0, 0)
    assert box.ledger.dropped == {"slow_peer": 1}
    assert missing(box) == (0, 0)


def test_a_flush_counts_frames_and_gives_the_marks_back_in_order() -> None:
    box, _ = mailbox(media_frames=9)
    post(box, InStep(1), Frame(2), InStep(3), Frame(4), InStep(9), Frame(9), Order(1))

    def is_stale(message: Message) -> bool:
        return getattr(message, "number", 0) < 9

    assert box.flush_in_order("stale", is_stale) == [InStep(1), InStep(3)]
    assert box.ledger.dropped == {"stale": 2}
    assert box.ledger.control_flushed == 2
    assert taken(box) == [Order(1), InStep(9), Frame(9)]
    assert missing(box) == (0, 0)


# --- the end --------------------------------------------------------------------------


def test_closing_discards_and_returns_what_was_left_urgent_first() -> None:
    box, _ = mailbox()
    post(box, Frame(1), InStep(2), Order(3))
    assert box.close() == [Order(3), Frame(1), InStep(2)]
    assert (box.ledger.discarded, box.ledger.control_discarded) == (1, 2)
    assert (box.held_frames, box.held_control) == (0, 0)
    assert missing(box) == (0, 0)


def test_a_late_post_after_the_close_is_counted_and_goes_nowhere() -> None:
    box, owner = owned()
    box.close()
    post(box, Frame(1), InStep(2), Order(3))
    assert owner.woken == 0
    assert (box.ledger.discarded, box.ledger.control_discarded) == (1, 2)
    assert box.take() is None
    assert missing(box) == (0, 0)


def test_a_closed_mailbox_has_no_room_and_takes_any_number_of_late_messages() -> None:
    box, overflows = mailbox()
    box.close()
    post(box, *(Order(number) for number in range(100)))
    assert box.room_frames == 0
    assert overflows == []
    assert box.held_control == 0


def test_a_closed_mailbox_does_not_keep_its_owner_alive() -> None:
    box, owner = owned()
    gone = weakref.ref(owner)
    box.close()
    del owner
    assert gone() is None


def test_closing_twice_is_harmless() -> None:
    box, _ = mailbox()
    post(box, Frame(1))
    box.close()
    assert box.close() == []
    assert box.ledger.discarded == 1
