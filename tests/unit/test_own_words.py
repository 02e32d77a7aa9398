"""What the agent has said lately explains its echo, and nothing else."""

import pytest

from actors.own_words import OwnWords

pytestmark = pytest.mark.unit

LATE_S = 2.0


def test_words_of_the_reply_under_way_are_explained_in_any_order() -> None:
    words = OwnWords()
    words.begin(0.0)
    words.say("Once upon a time.")
    assert words.heard_lately(100.0, LATE_S)
    assert words.explain("time once", 100.0, LATE_S)
    assert not words.explain("time twice", 100.0, LATE_S)


def test_a_reply_that_is_over_comes_back_for_a_while() -> None:
    words = OwnWords()
    words.begin(0.0)
    words.say("hello")
    words.end(5.0)
    assert words.heard_lately(7.0, LATE_S)
    assert not words.heard_lately(7.1, LATE_S)


def test_the_reply_before_explains_for_as_long_though_another_has_begun() -> None:
    words = OwnWords()
    words.begin(0.0)
    words.say("once upon a time")
    words.end(5.0)
    words.begin(5.0)
    words.say("one")
    assert words.explain("a time one", 7.0, LATE_S)
    assert not words.explain("a time one", 7.1, LATE_S)
    assert words.explain("one", 7.1, LATE_S)


def test_a_reply_that_was_never_ended_ends_with_the_next() -> None:
    words = OwnWords()
    words.begin(0.0)
    words.say("once")
    words.begin(3.0)
    assert words.explain("once", 5.0, LATE_S)
    assert not words.explain("once", 5.1, LATE_S)
