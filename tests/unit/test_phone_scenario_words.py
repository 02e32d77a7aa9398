"""The words of a call against what a scenario expects of them, turn by turn."""

import pytest

from media.frame import SAMPLE_RATE_HZ
from phone.play import Played
from phone.play_words import NO_WORDS, missed_words, plain
from phone.scenario import AgentDone, Expect, JustListen, Turn
from phone.scenario_judge import Moment
from phone.transcript import Line

pytestmark = pytest.mark.unit

CALL = [
    Line("agent", "Hello, this is the desk.", 0.0),
    Line("caller", "are you open", 5.0),
    Line("agent", "We are open …", 5.0),
    Line("caller", "מה הכתובת", 8.0),
    Line("agent", "ברחוב האדר 12.", 8.0),
]


def played(number: int, at_s: float, expect: Expect, *, speaking: bool = False) -> Played:
    at = int(at_s * SAMPLE_RATE_HZ)
    return Played(number, Turn(AgentDone(), JustListen(), expect), Moment(at, at), speaking)


def missed(expect: Expect, at_s: float = 4.0, *, speaking: bool = False) -> list[str]:
    """Judge the second of three turns: from `at_s` to 7 s."""
    turns = [
        played(1, 0.0, Expect()),
        played(2, at_s, expect, speaking=speaking),
        played(3, 7.0, Expect()),
    ]
    return list(missed_words(turns, CALL))


def test_words_are_compared_without_capitals_and_punctuation() -> None:
    assert plain("Hello,  THIS is…") == " hello this is "
    assert missed(Expect(hears=("we ARE, open",))) == []
    assert missed(Expect(understood="Are you open?")) == []


def test_whole_words_are_compared() -> None:
    assert missed(Expect(hears=("we are op",))) == [
        'turn 2: hears = "we are op": the agent said "We are open …"'
    ]


def test_the_words_of_other_turns_do_not_count() -> None:
    assert missed(Expect(hears=("desk",))) != []
    assert missed(Expect(hears=("האדר",))) != []
    assert missed(Expect(understood="מה הכתובת")) == [
        'turn 2: understood = "מה הכתובת": it was "are you open"'
    ]


def test_a_reply_under_way_when_the_turn_began_counts() -> None:
    assert missed(Expect(hears=("we are open",)), at_s=6.0) != []
    assert missed(Expect(hears=("we are open",)), at_s=6.0, speaking=True) == []


def test_every_text_must_be_heard() -> None:
    assert len(missed(Expect(hears=("open", "closed", "desk")))) == 2


def test_nothing_understood_means_no_words_of_the_caller() -> None:
    assert missed(Expect(understood="")) != []
    assert missed(Expect(understood=""), at_s=6.0) == []


def test_the_first_turn_begins_with_the_call() -> None:
    turns = [played(1, 3.0, Expect(hears=("desk",)))]
    assert list(missed_words(turns, CALL)) == []


def test_a_server_that_shows_no_words_fails_what_needs_them_and_nothing_else() -> None:
    turns = [played(1, 0.0, Expect(hears=("desk",))), played(2, 4.0, Expect())]
    assert list(missed_words(turns, None)) == [f"turn 1: {NO_WORDS}"]
