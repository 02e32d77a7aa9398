"""The arithmetic of a ledger: what counts on which side."""

import pytest

from actors.ledger import Ledger

pytestmark = pytest.mark.unit


def test_an_empty_ledger_balances() -> None:
    assert Ledger().missing(0) == 0
    assert Ledger().control_missing(0) == 0


def test_every_way_out_of_the_mailbox_accounts_for_its_frames() -> None:
    ledger = Ledger(entered=31, delivered=1, crashed=2, discarded=4)
    ledger.drop("overflow", 3)
    ledger.drop("stale", 5)
    assert ledger.missing(held_frames=16) == 0


def test_a_frame_that_left_uncounted_is_missing() -> None:
    ledger = Ledger(entered=10, delivered=7)
    assert ledger.missing(held_frames=2) == 1


def test_a_frame_counted_twice_shows_as_less_than_nothing() -> None:
    ledger = Ledger(entered=1, delivered=1)
    ledger.drop("stale")
    assert ledger.missing(held_frames=0) == -1


def test_frames_made_by_the_owner_never_entered_its_own_mailbox() -> None:
    assert Ledger(created=50).missing(0) == 0


def test_each_drop_is_told_once_to_whoever_asks() -> None:
    ledger = Ledger()
    ledger.drop("overflow", 3)
    assert ledger.take_new_drops() == {"overflow": 3}
    ledger.drop("overflow")
    ledger.drop("stale")
    assert ledger.take_new_drops() == {"overflow": 1, "stale": 1}
    assert ledger.take_new_drops() == {"overflow": 0, "stale": 0}


def test_drops_are_summed_over_their_reasons_and_kept_apart() -> None:
    ledger = Ledger()
    ledger.drop("overflow")
    ledger.drop("stale", 2)
    ledger.drop("overflow", 4)
    assert ledger.dropped == {"overflow": 5, "stale": 2}
    assert ledger.drops == 7


def test_every_way_out_of_the_mailbox_accounts_for_its_control_messages() -> None:
    ledger = Ledger(
        control_entered=63,
        control_delivered=1,
        control_crashed=2,
        control_discarded=4,
        control_coalesced=8,
        control_flushed=16,
    )
    assert ledger.control_missing(held_messages=32) == 0


def test_a_control_message_that_left_uncounted_is_missing() -> None:
    assert Ledger(control_entered=3, control_delivered=1).control_missing(held_messages=1) == 1


def test_a_refused_message_never_entered() -> None:
    assert Ledger(control_refused=3).control_missing(0) == 0


def test_ledgers_do_not_share_their_reasons() -> None:
    one, other = Ledger(), Ledger()
    one.drop("overflow")
    assert other.dropped == {}
