"""A dialogue that asks its caller to key in a number."""

import pytest

from dialogue.fields import DialogueError
from dialogue.loader import parse_script
from dialogue.ports import (
    BrainOutput,
    CallerEntered,
    CallerPressed,
    CallerSaid,
    CallerSilent,
    CollectDigits,
    EndCall,
    RecognitionLost,
    Say,
    TransferCall,
)
from dialogue.script import MAX_REPLY_CHARACTERS
from dialogue.scripted import ScriptedBrain, ScriptedDialogue
from tests.support.brains import CALL, tell

pytestmark = pytest.mark.unit

LINE = """
name = "parcels"
language = "en-US"
greeting = "Hello."
not_understood = "What?"
apology = "Again, please."
goodbye = "Sorry, goodbye."
strikes = 2
[silence]
after_s = 8
reply = "Still there?"
[[intents]]
name = "track"
key = "1"
phrases = ["where is my parcel"]
reply = "Key in its number."
collect = { digits = 5, terminator = "*", timeout_s = 4 }
collected = ["I have {digits}, thank you.", "Now it is {digits}."]
not_collected = "Five digits, please."
[[intents.follow_ups]]
name = "yes"
phrases = ["yes"]
reply = "It is on its way."
[[intents]]
name = "person"
key = "0"
phrases = ["a person"]
reply = "Your customer number, please."
collect = { digits = 9 }
collected = "Thank you."
not_collected = "I need your number."
action = "transfer"
transfer_to = "+15555550100"
[[intents]]
name = "hours"
key = "2"
phrases = ["opening hours"]
reply = "At eight."
"""
COLLECT = "collect = { digits = 9 }"
DIALOGUE = ScriptedDialogue(parse_script(LINE))
ASK = CollectDigits(5, "*", 4.0)
AGAIN = [Say("Five digits, please."), ASK]
SORRY = [Say("Sorry, goodbye."), EndCall()]


@pytest.fixture
def brain() -> ScriptedBrain:
    return DIALOGUE.new_brain(CALL)


@pytest.fixture
def asked(brain: ScriptedBrain) -> ScriptedBrain:
    tell(brain, "where is my parcel")
    return brain


@pytest.mark.parametrize("wish", [CallerSaid("where is my parcel"), CallerPressed("1")])
def test_reply_is_followed_by_the_request_for_digits(
    brain: ScriptedBrain, wish: CallerSaid | CallerPressed
) -> None:
    assert tell(brain, wish) == [Say("Key in its number."), ASK]


def test_what_is_not_written_about_the_digits_is_as_the_port_has_it(brain: ScriptedBrain) -> None:
    assert tell(brain, "a person")[1] == CollectDigits(9)


def test_digits_are_read_back_one_by_one_and_texts_take_turns(asked: ScriptedBrain) -> None:
    assert tell(asked, CallerEntered("90210", complete=True)) == [
        Say("I have 9, 0, 2, 1, 0, thank you.")
    ]
    tell(asked, CallerPressed("1"))
    assert tell(asked, CallerEntered("7", complete=True)) == [Say("Now it is 7.")]


def test_action_comes_after_the_digits(brain: ScriptedBrain) -> None:
    assert not [o for o in tell(brain, "a person") if isinstance(o, TransferCall)]
    assert tell(brain, CallerEntered("123456789", complete=True)) == [
        Say("Thank you."),
        TransferCall("+15555550100"),
    ]


@pytest.mark.parametrize(
    "entered",
    [
        CallerEntered("902", complete=False),
        CallerEntered("90210", complete=False),
        CallerEntered("", complete=True),
        CallerEntered("", complete=False),
        CallerEntered("90#10", complete=True),
        CallerEntered("٩٠", complete=True),
    ],
)
def test_anything_but_whole_digits_is_asked_for_again(
    asked: ScriptedBrain, entered: CallerEntered
) -> None:
    assert tell(asked, entered) == AGAIN
    assert tell(asked, CallerEntered("12345", complete=True))[0] == Say(
        "I have 1, 2, 3, 4, 5, thank you."
    )


def test_asking_again_is_a_strike_and_digits_take_the_strikes_back(asked: ScriptedBrain) -> None:
    late = CallerEntered("1", complete=False)
    assert tell(asked, late) == AGAIN
    tell(asked, CallerEntered("1", complete=True))
    assert tell(asked, CallerSilent()) == [Say("Still there?")]
    tell(asked, "where is my parcel")
    assert tell(asked, late) == AGAIN
    assert tell(asked, late) == SORRY


def test_follow_ups_of_an_intent_with_digits_live_on_after_them(asked: ScriptedBrain) -> None:
    tell(asked, CallerEntered("12345", complete=True))
    assert tell(asked, "yes") == [Say("It is on its way.")]


def test_speech_nobody_understands_does_not_stop_the_collecting(asked: ScriptedBrain) -> None:
    assert tell(asked, "mumble") == [Say("What?")]
    assert tell(asked, CallerEntered("55555", complete=True))[0] != Say("What?")


@pytest.mark.parametrize(
    ("keys", "said"), [("2", "At eight."), ("34", "What?"), ("", "What?"), ("9", "What?")]
)
def test_keys_collected_for_what_the_caller_has_left_are_keys_again(
    asked: ScriptedBrain, keys: str, said: str
) -> None:
    tell(asked, "opening hours")
    for _ in range(3):  # and none of them is a strike
        assert tell(asked, CallerEntered(keys, complete=False)) == [Say(said)]


def test_revised_utterance_takes_its_request_back(brain: ScriptedBrain) -> None:
    tell(brain, CallerSaid("where is my parcel"))
    tell(brain, CallerSaid("where is my parcels office", revises=True))
    assert tell(brain, CallerEntered("12345", complete=True)) == [Say("What?")]


def test_digits_are_asked_for_again_on_a_line_that_cannot_hear(asked: ScriptedBrain) -> None:
    tell(asked, RecognitionLost())
    assert tell(asked, CallerEntered("1", complete=False)) == AGAIN
    assert tell(asked, CallerEntered("1", complete=True))[0] == Say("I have 1, thank you.")
    tell(asked, CallerPressed("1"))
    assert tell(asked, CallerEntered("1", complete=False)) == AGAIN
    assert tell(asked, CallerEntered("1", complete=False)) == SORRY


def test_silence_while_digits_are_awaited_is_silence(asked: ScriptedBrain) -> None:
    assert tell(asked, CallerSilent()) == [Say("Still there?")]


def test_digits_are_never_stock_replies() -> None:
    texts = DIALOGUE.stock_replies()
    assert {"Key in its number.", "Five digits, please.", "Thank you."} <= set(texts)
    assert not [text for text in texts if "{" in text]


def test_answer_from_elsewhere_takes_the_strikes_back(brain: ScriptedBrain) -> None:
    still: list[BrainOutput] = [Say("Still there?")]
    for _ in range(3):
        assert tell(brain, CallerSilent()) == still
        brain.answered_elsewhere(CallerSaid("something else"))
    assert tell(brain, CallerSilent()) == still
    brain.answered_elsewhere(CallerSilent())
    assert tell(brain, CallerSilent()) == SORRY


def test_answer_from_elsewhere_settles_the_utterance_before(brain: ScriptedBrain) -> None:
    tell(brain, CallerSaid("where is my parcel"))
    brain.answered_elsewhere(CallerPressed("7"))
    assert tell(brain, CallerSaid("where is my parcels", revises=True)) == [Say("What?")]
    assert tell(brain, CallerEntered("1", complete=True)) == [Say("I have 1, thank you.")]


def test_words_answered_elsewhere_were_heard(brain: ScriptedBrain) -> None:
    tell(brain, RecognitionLost())
    brain.answered_elsewhere(CallerSaid("something else"))
    assert tell(brain, CallerPressed("9")) == [Say("What?")]


MISTAKES = [
    (COLLECT, "collect = 9", "intents[1].collect: expected a table, not 9"),
    (COLLECT, "collect = {}", "intents[1].collect.digits: missing; expected a whole number"),
    (
        COLLECT,
        "collect = { digits = 65 }",
        "intents[1].collect.digits: expected a whole number from 1 to 64, not 65",
    ),
    (
        COLLECT,
        "collect = { digits = 0 }",
        "intents[1].collect.digits: expected a whole number from 1 to 64, not 0",
    ),
    (
        COLLECT,
        'collect = { digits = 9, terminator = "5" }',
        'intents[1].collect.terminator: expected "#", "*" or "", not \'5\'',
    ),
    (
        COLLECT,
        "collect = { digits = 9, timeout_s = 0 }",
        "intents[1].collect.timeout_s: expected a number of seconds from 0.5 to 60, not 0",
    ),
    (
        COLLECT,
        "collect = { digit = 9 }",
        "intents[1].collect.digit: unknown key; did you mean digits?",
    ),
    (
        COLLECT + "\n",
        "",
        "intents[1].collected: expected collect = { digits = … } beside it",
    ),
    (
        COLLECT + '\ncollected = "Thank you."\n',
        "",
        "intents[1].not_collected: expected collect = { digits = … } beside it",
    ),
    (
        'collected = "Thank you."\n',
        "",
        "intents[1].collected: missing; expected a text or a list of texts",
    ),
    (
        'not_collected = "I need your number."\n',
        "",
        "intents[1].not_collected: missing; expected a text or a list of texts",
    ),
    (
        '"Thank you."',
        '"I have {digit}."',
        "intents[1].collected: expected braces only in {digits}, once, not '{digit}'",
    ),
    (
        '"Thank you."',
        '["Good.", "I have {digits"]',
        "intents[1].collected: expected braces only in {digits}, once, not '{digits'",
    ),
    (
        '"Thank you."',
        '"{digits}, I say {digits}"',
        "intents[1].collected: expected braces only in {digits}, once, not '{digits}{digits}'",
    ),
    (
        '"I need your number."',
        '"Not {digits}."',
        "intents[1].not_collected: {digits} can stand in collected only: 'Not {digits}.'",
    ),
    (
        '"Hello."',
        '"Hello {digits}."',
        "greeting: {digits} can stand in collected only: 'Hello {digits}.'",
    ),
    (
        '"Thank you."',
        f'"{"a" * 501}"',
        f"intents[1].collected: expected at most {MAX_REPLY_CHARACTERS} characters, not 501",
    ),
]


@pytest.mark.parametrize(("old", "new", "line"), MISTAKES)
def test_mistake_about_digits_becomes_one_line(old: str, new: str, line: str) -> None:
    assert old in LINE
    with pytest.raises(DialogueError) as caught:
        parse_script(LINE.replace(old, new, 1))
    assert str(caught.value) == line


@pytest.mark.parametrize("terminator", ["#", "*", ""])
def test_terminator_may_be_either_sign_or_none(terminator: str) -> None:
    text = LINE.replace(COLLECT, f'collect = {{ digits = 64, terminator = "{terminator}" }}')
    collection = parse_script(text).intents[1].collection
    assert collection is not None
    assert collection.request == CollectDigits(64, terminator)


def test_follow_up_may_ask_for_digits_too() -> None:
    text = LINE.replace(
        'reply = "It is on its way."',
        'reply = "Key."\ncollect = { digits = 1 }\ncollected = "{digits}"\nnot_collected = "No."',
    )
    brain = ScriptedDialogue(parse_script(text)).new_brain(CALL)
    tell(brain, "where is my parcel")
    assert tell(brain, "yes") == [Say("Key."), CollectDigits(1)]
    assert tell(brain, CallerEntered("3", complete=True)) == [Say("3")]
