"""Keys taken together: the agent lets the caller key in a number and answers it once."""

from collections.abc import Iterator

import pytest

from actors.messages import Clear, DigitPressed, SpeechStarted
from dialogue import ports as brains
from tests.support.agent import AgentRig
from tests.support.context import HandBrain, staged

pytestmark = pytest.mark.unit


@pytest.fixture
def rig() -> Iterator[AgentRig]:
    with staged(AgentRig) as stage:
        stage.think(HandBrain())
        yield stage


def asks(rig: AgentRig, digits: int = 4, *, heard: bool = True) -> None:
    """The agent asks for a number that ends with a hash key or after so many digits."""
    rig.start()
    rig.say(brains.Say("your number please"), brains.CollectDigits(digits), brains.ReplyDone())
    if heard:
        rig.play()


def keys(rig: AgentRig, digits: str) -> None:
    for digit in digits:
        rig.tell(DigitPressed(digit))


@pytest.mark.parametrize("pressed", ["1234", "12#"])
def test_keys_are_answered_once_when_they_are_whole(rig: AgentRig, pressed: str) -> None:
    asks(rig)
    keys(rig, pressed)
    assert rig.told[1:] == [brains.CallerEntered(pressed.rstrip("#"), complete=True)]


def test_the_first_key_stops_the_question_but_is_no_answer(rig: AgentRig) -> None:
    asks(rig, heard=False)
    keys(rig, "1")
    assert rig.tx.of(Clear) == [Clear(1)]
    assert rig.told == [brains.CallBegan()]


def test_who_stops_keying_in_is_answered_when_the_time_is_up(rig: AgentRig) -> None:
    asks(rig)
    keys(rig, "12")
    rig.advance(4.99)
    assert rig.told[1:] == []
    rig.advance(0.02)
    assert rig.told[1:] == [brains.CallerEntered("12", complete=False)]


def test_a_caller_who_keys_in_is_not_silent(rig: AgentRig) -> None:
    asks(rig, digits=64)
    for _ in range(4):
        keys(rig, "1")
        rig.advance(4)
    assert rig.told == [brains.CallBegan()]


def test_a_voice_does_not_end_the_entry(rig: AgentRig) -> None:
    asks(rig)
    keys(rig, "12")
    rig.tell(SpeechStarted(rig.clock.now()))
    keys(rig, "34")
    assert rig.told[-1] == brains.CallerEntered("1234", complete=True)


def test_who_speaks_instead_is_asked_no_more(rig: AgentRig) -> None:
    asks(rig)
    rig.final("what do you need it for")
    rig.say(brains.Say("to find you"), brains.ReplyDone())
    rig.play()
    keys(rig, "1")
    assert rig.told[-1] == brains.CallerPressed("1")


def test_who_speaks_while_keying_in_may_go_on(rig: AgentRig) -> None:
    asks(rig)
    keys(rig, "12")
    rig.final("just a second")
    keys(rig, "34")
    assert rig.told[-1] == brains.CallerEntered("1234", complete=True)


def test_a_successor_goes_on_with_the_entry(rig: AgentRig) -> None:
    asks(rig)
    keys(rig, "12")
    rig.crash()
    rig.start()
    keys(rig, "34")
    assert rig.told[-1] == brains.CallerEntered("1234", complete=True)


def test_after_the_entry_keys_count_by_themselves_again(rig: AgentRig) -> None:
    asks(rig)
    keys(rig, "1234")
    keys(rig, "5")
    assert rig.told[-1] == brains.CallerPressed("5")
