"""What the scripted brain says and does in a call."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.backchannels import backchannels_for
from dialogue.defaults import ENGLISH
from dialogue.loader import parse_script
from dialogue.ports import (
    BrainOutput,
    CallBegan,
    CallerEntered,
    CallerEvent,
    CallerPressed,
    CallerSaid,
    CallerSilent,
    EndCall,
    Manners,
    RecognitionLost,
    ReplyDone,
    Say,
    TransferCall,
)
from dialogue.scripted import ScriptedBrain, ScriptedDialogue
from tests.support.brains import CALL, tell

pytestmark = pytest.mark.unit

HEAD = """
name = "shop"
language = "%s"
greeting = "Welcome."
not_understood = ["What?", "Pardon?"]
apology = "Again, please."
goodbye = "Sorry, goodbye."
strikes = %d
[silence]
after_s = 7.5
reply = "Still there?"
"""
OTHER_LANGUAGE = """
one_moment = "Wait."
[no_recognition]
reply = "I hear nothing."
action = "hangup"
"""
SHOP = """
[[intents]]
name = "hours"
key = "1"
phrases = ["when are you open", "open"]
reply = ["At eight.", "Eight, as I said."]
[[intents.follow_ups]]
name = "yes"
key = "5"
phrases = ["yes"]
reply = "Fridays at nine."
[[intents.follow_ups]]
name = "sunday"
phrases = ["open sunday"]
reply = "Closed."
[[intents]]
name = "address"
phrases = ["what is your address", "your place"]
reply = "At the corner."
[[intents.follow_ups]]
name = "yes"
phrases = ["yes"]
reply = "Parking is behind."
[[intents]]
name = "person"
key = "0"
phrases = ["a person"]
reply = "One moment."
action = "transfer"
transfer_to = "+15555550100"
[[intents]]
name = "bye"
phrases = ["goodbye"]
reply = "Bye."
action = "hangup"
"""
HEBREW = """
[[intents]]
name = "address"
phrases = ["מה הכתובת", "כתובת"]
reply = "רחוב האדר."
[[intents.follow_ups]]
name = "no"
phrases = ["לא"]
reply = "בסדר."
[[intents]]
name = "person"
phrases = ["נציג", "לדבר עם אדם"]
reply = "רק רגע."
"""
DIALOGUE = ScriptedDialogue(parse_script(HEAD % ("en-US", 2) + SHOP))
HEBREW_DIALOGUE = ScriptedDialogue(parse_script(HEAD % ("he-IL", 2) + HEBREW))
SORRY = [Say("Sorry, goodbye."), EndCall()]


def said(brain: ScriptedBrain, event: CallerEvent | str) -> str:
    (output,) = tell(brain, event)
    assert isinstance(output, Say)
    return output.text


@pytest.fixture
def brain() -> ScriptedBrain:
    return DIALOGUE.new_brain(CALL)


def test_call_begins_with_the_greeting(brain: ScriptedBrain) -> None:
    assert said(brain, CallBegan()) == "Welcome."


def test_phrase_is_found_inside_an_utterance(brain: ScriptedBrain) -> None:
    assert said(brain, "Well, WHEN are you open, then?") == "At eight."


def test_words_must_be_contiguous_and_in_order(brain: ScriptedBrain) -> None:
    assert said(brain, "your nice place") == "What?"


def test_longer_phrase_wins_over_the_earlier_intent(brain: ScriptedBrain) -> None:
    assert said(brain, "I see you are open but what is your address") == "At the corner."


def test_first_intent_of_the_file_wins_among_equals(brain: ScriptedBrain) -> None:
    assert said(brain, "goodbye or open") == "At eight."


def test_follow_up_goes_before_the_top_level_among_equals(brain: ScriptedBrain) -> None:
    said(brain, "your place")
    assert said(brain, "open? yes") == "Parking is behind."


def test_longer_phrase_of_the_top_level_wins_over_a_follow_up(brain: ScriptedBrain) -> None:
    said(brain, "your place")
    assert said(brain, "yes, when are you open") == "At eight."


def test_follow_up_is_dead_before_its_intent(brain: ScriptedBrain) -> None:
    assert said(brain, "yes") == "What?"
    assert said(brain, "your place") == "At the corner."


def test_follow_ups_live_on_through_follow_ups_and_misunderstandings(
    brain: ScriptedBrain,
) -> None:
    said(brain, "open")
    assert said(brain, "yes") == "Fridays at nine."
    assert said(brain, "mumble") == "What?"
    assert said(brain, "open sunday") == "Closed."
    assert said(brain, CallerPressed("5")) == "Fridays at nine."


def test_another_intent_ends_the_follow_ups(brain: ScriptedBrain) -> None:
    said(brain, "open")
    said(brain, "your place")
    assert said(brain, "yes") == "Parking is behind."
    tell(brain, "a person")
    assert said(brain, "yes") == "What?"


def test_variants_take_turns_and_begin_again(brain: ScriptedBrain) -> None:
    replies = [said(brain, "open") for _ in range(3)]
    assert replies == ["At eight.", "Eight, as I said.", "At eight."]


def test_three_variants_take_turns_too() -> None:
    three = SHOP.replace('"Eight, as I said."', '"At 8.", "Eight!"')
    brain = ScriptedDialogue(parse_script(HEAD % ("en-US", 2) + three)).new_brain(CALL)
    replies = [said(brain, "open") for _ in range(4)]
    assert replies == ["At eight.", "At 8.", "Eight!", "At eight."]


def test_key_does_what_its_phrases_do(brain: ScriptedBrain) -> None:
    assert said(brain, CallerPressed("1")) == "At eight."
    assert said(brain, "yes") == "Fridays at nine."


def test_transfer_comes_after_its_reply(brain: ScriptedBrain) -> None:
    expected = [Say("One moment."), TransferCall("+15555550100")]
    assert tell(brain, "give me a person") == expected
    assert tell(brain, CallerPressed("0")) == expected


def test_hangup_comes_after_its_reply(brain: ScriptedBrain) -> None:
    assert tell(brain, "goodbye") == [Say("Bye."), EndCall()]


@pytest.mark.parametrize("failed", ["mumble", "", CallerSilent()])
def test_call_ends_with_the_last_strike(brain: ScriptedBrain, failed: CallerEvent | str) -> None:
    assert said(brain, failed) in {"What?", "Still there?"}
    assert tell(brain, CallerSilent()) == SORRY
    assert tell(brain, failed) == SORRY


@pytest.mark.parametrize("good", ["open", CallerPressed("1")])
def test_anything_understood_resets_the_strikes(
    brain: ScriptedBrain, good: CallerEvent | str
) -> None:
    for _ in range(3):
        assert said(brain, CallerSilent()) == "Still there?"
        said(brain, good)


def test_unmapped_key_is_answered_but_neither_a_strike_nor_a_reset(brain: ScriptedBrain) -> None:
    assert [said(brain, CallerPressed("9")) for _ in range(3)] == ["What?", "Pardon?", "What?"]
    assert said(brain, "mumble") == "Pardon?"
    assert said(brain, CallerPressed("9")) == "What?"
    assert tell(brain, "mumble") == SORRY


def test_zero_strikes_never_end_the_call() -> None:
    brain = ScriptedDialogue(parse_script(HEAD % ("en-US", 0) + SHOP)).new_brain(CALL)
    assert {said(brain, CallerSilent()) for _ in range(20)} == {"Still there?"}


def test_brains_of_two_calls_share_nothing() -> None:
    first, second = DIALOGUE.new_brain(CALL), DIALOGUE.new_brain(CALL)
    said(first, "open")
    said(first, "mumble")
    assert said(second, "yes") == "What?"
    assert said(second, "open") == "At eight."


def test_brain_that_hears_itself_told_in_the_sink_keeps_its_state(brain: ScriptedBrain) -> None:
    inner: list[BrainOutput] = []

    def sink(output: BrainOutput) -> None:
        if output == Say("At eight."):
            brain.respond(CallerSaid("yes"), inner.append)

    brain.respond(CallerSaid("open"), sink)
    assert inner == [Say("Fridays at nine."), ReplyDone()]


@pytest.mark.parametrize(
    "heard",
    ["מה הכתובת?", "ומה הכתובת", "הכתובת?", "לכתובת שלכם", "שמה הכתובת", "מָה הַכְּתֹבֶת שֶׁל הַכְּתוֹבֶת"],
)
def test_hebrew_phrase_is_found_with_prefixes_and_points(heard: str) -> None:
    assert said(HEBREW_DIALOGUE.new_brain(CALL), heard) == "רחוב האדר."


@pytest.mark.parametrize("heard", ["לדבר עם אדמ", "ולדבר עם אדם.", "לנציג", "נציג־שירות"])
def test_hebrew_final_letters_and_maqaf_make_no_difference(heard: str) -> None:
    assert said(HEBREW_DIALOGUE.new_brain(CALL), heard) == "רק רגע."


@pytest.mark.parametrize("heard", ["מלא", "כתובות", "ולדבר לאדם", "לדבר עם האדם"])
def test_hebrew_words_that_only_look_alike_do_not_match(heard: str) -> None:
    brain = HEBREW_DIALOGUE.new_brain(CALL)
    said(brain, "כתובת")
    assert said(brain, heard) == "What?"


def test_prefix_letters_mean_nothing_in_other_languages() -> None:
    head = HEAD.replace("[silence]", OTHER_LANGUAGE + "[silence]")
    foreign = ScriptedDialogue(parse_script(head % ("yi", 2) + HEBREW))
    assert said(foreign.new_brain(CALL), "הכתובת") == "What?"


def test_dialogue_lists_each_phrase_and_each_text_once() -> None:
    phrases, texts = DIALOGUE.phrases(), DIALOGUE.stock_replies()
    assert list(phrases[:4]) == ["when are you open", "open", "yes", "open sunday"]
    assert sorted(set(phrases)) == sorted(phrases)
    assert sorted(set(texts)) == sorted(texts)
    assert texts[0] == "Welcome."
    assert {"What?", "Pardon?", "Still there?", "Again, please.", "Closed."} <= set(texts)
    assert {ENGLISH.one_moment, ENGLISH.filler, ENGLISH.keys_only} <= set(texts)


def test_brain_tells_its_fixed_texts(brain: ScriptedBrain) -> None:
    assert brain.manners == Manners(
        "Again, please.",
        "Sorry, goodbye.",
        "One moment, please.",
        ENGLISH.filler,
        silence_after_s=7.5,
        backchannels=backchannels_for("en-US"),
    )
    assert (DIALOGUE.name, DIALOGUE.language) == ("shop", "en-US")


EVENTS = st.one_of(
    st.builds(
        CallerSaid, st.text() | st.text(st.sampled_from("yes open אבםן'־ \u05b8\n")), st.booleans()
    ),
    st.builds(CallerPressed, st.text(max_size=3)),
    st.builds(CallerEntered, st.text("0123456789*#", max_size=5), st.booleans()),
    st.just(CallerSilent()),
    st.just(CallBegan()),
    st.just(RecognitionLost()),
)


@pytest.mark.parametrize("dialogue", [DIALOGUE, HEBREW_DIALOGUE])
@settings(derandomize=True)
@given(events=st.lists(EVENTS, max_size=20))
def test_whatever_a_caller_does_is_answered_with_a_known_text(
    dialogue: ScriptedDialogue, events: list[CallerEvent]
) -> None:
    brain, known = dialogue.new_brain(CALL), set(dialogue.stock_replies())
    for event in events:
        first, *rest = tell(brain, event)
        assert isinstance(first, Say)
        assert first.text in known
        assert all(isinstance(output, EndCall | TransferCall) for output in rest)
