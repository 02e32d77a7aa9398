"""What the scripted brain does when recognition is lost, and when an utterance is revised."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.loader import parse_script
from dialogue.ports import (
    BrainOutput,
    CallBegan,
    CallerEvent,
    CallerPressed,
    CallerSaid,
    CallerSilent,
    EndCall,
    RecognitionLost,
    Say,
    TransferCall,
)
from dialogue.scripted import ScriptedBrain, ScriptedDialogue
from tests.support.brains import CALL, tell

pytestmark = pytest.mark.unit

ENGLISH = """
name = "shop"
language = "en-US"
greeting = "Welcome."
not_understood = ["What?", "Pardon?"]
apology = "Again, please."
goodbye = "Sorry, goodbye."
strikes = %d
[silence]
after_s = 7.5
reply = "Still there?"
[no_recognition]
reply = ["Press one or zero.", "I only know keys now."]
%s
[[intents]]
name = "hours"
key = "1"
phrases = ["open"]
reply = ["At eight.", "Eight, as I said."]
[[intents.follow_ups]]
name = "yes"
key = "5"
phrases = ["yes"]
reply = "Fridays at nine."
[[intents]]
name = "address"
phrases = ["your place"]
reply = "At the corner."
[[intents]]
name = "person"
key = "0"
phrases = ["a person"]
reply = "One moment."
action = "transfer"
transfer_to = "+15555550100"
"""
HEBREW = """
name = "חנות"
language = "he-IL"
greeting = "שלום."
not_understood = "סליחה?"
apology = "שוב, בבקשה."
goodbye = "להתראות."
strikes = 0
[silence]
after_s = 7.5
reply = "אתם על הקו?"
[no_recognition]
reply = "הקישו אחת."
action = "keys"
[[intents]]
name = "hours"
key = "1"
phrases = ["מתי פתוח", "שעות"]
reply = ["משמונה.", "משמונה, כאמור."]
[[intents.follow_ups]]
name = "yes"
phrases = ["כן"]
reply = "בשישי מתשע."
"""
KEYS = 'action = "keys"'
HANG_UP = 'action = "hangup"'
TRANSFER = 'action = "transfer"\ntransfer_to = "+15555550100"'
PRESS = [Say("Press one or zero.")]
KEYS_NOW = [Say("I only know keys now.")]
SORRY = [Say("Sorry, goodbye."), EndCall()]
UNHEARD = CallerSaid("")
SILENT = CallerSilent()
LOST = RecognitionLost()


def dialogue(strikes: int = 2, action: str = KEYS) -> ScriptedDialogue:
    return ScriptedDialogue(parse_script(ENGLISH % (strikes, action)))


DIALOGUE = dialogue()
PATIENT = dialogue(strikes=0)
HEBREW_DIALOGUE = ScriptedDialogue(parse_script(HEBREW))


def say(brain: ScriptedBrain, text: str) -> list[BrainOutput]:
    return tell(brain, CallerSaid(text))


def revise(brain: ScriptedBrain, text: str) -> list[BrainOutput]:
    return tell(brain, CallerSaid(text, revises=True))


@pytest.fixture
def brain() -> ScriptedBrain:
    return DIALOGUE.new_brain(CALL)


@pytest.fixture
def deaf() -> ScriptedBrain:
    """A brain that has its keys left, in a script that never counts strikes."""
    brain = PATIENT.new_brain(CALL)
    assert tell(brain, LOST) == PRESS
    return brain


# --- recognition is lost ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "output"), [(HANG_UP, EndCall()), (TRANSFER, TransferCall("+15555550100"))]
)
def test_lost_recognition_ends_the_call_as_the_script_says(
    action: str, output: BrainOutput
) -> None:
    assert tell(dialogue(action=action).new_brain(CALL), LOST) == [*PRESS, output]


@pytest.mark.parametrize("failed", [SILENT, UNHEARD, LOST])
def test_ending_that_did_not_take_place_is_asked_for_again(failed: CallerEvent) -> None:
    brain = dialogue(action=TRANSFER).new_brain(CALL)
    tell(brain, LOST)
    for reply in (*KEYS_NOW, *PRESS, *KEYS_NOW):
        assert tell(brain, failed) == [reply, TransferCall("+15555550100")]


@pytest.mark.parametrize("strikes", [0, 1, 2, 10])
@pytest.mark.parametrize("failed", [SILENT, UNHEARD, CallerSaid(" … ")])
def test_two_failed_turns_end_a_call_that_has_only_keys_whatever_strikes_say(
    strikes: int, failed: CallerEvent
) -> None:
    brain = dialogue(strikes).new_brain(CALL)
    assert tell(brain, LOST) == PRESS
    assert tell(brain, failed) == KEYS_NOW
    assert tell(brain, SILENT) == SORRY
    assert tell(brain, SILENT) == SORRY


def test_keys_work_as_ever_without_recognition(deaf: ScriptedBrain) -> None:
    assert tell(deaf, CallerPressed("1")) == [Say("At eight.")]
    assert tell(deaf, CallerPressed("5")) == [Say("Fridays at nine.")]
    assert tell(deaf, CallerPressed("0")) == [Say("One moment."), TransferCall("+15555550100")]


def test_key_with_a_meaning_starts_the_failed_turns_again(deaf: ScriptedBrain) -> None:
    for reply in (KEYS_NOW, PRESS, KEYS_NOW):
        assert tell(deaf, SILENT) == reply
        tell(deaf, CallerPressed("1"))


def test_key_without_a_meaning_neither_counts_nor_starts_again(deaf: ScriptedBrain) -> None:
    assert tell(deaf, CallerPressed("9")) == KEYS_NOW
    assert tell(deaf, CallerPressed("9")) == PRESS
    assert tell(deaf, SILENT) == KEYS_NOW
    assert tell(deaf, CallerPressed("9")) == PRESS
    assert tell(deaf, SILENT) == SORRY


def test_losing_recognition_twice_does_not_start_the_failed_turns_again(
    deaf: ScriptedBrain,
) -> None:
    assert tell(deaf, SILENT) == KEYS_NOW
    assert tell(deaf, LOST) == PRESS
    assert tell(deaf, SILENT) == SORRY


@pytest.mark.parametrize("words", ["open", "mumble"])
def test_recognised_words_end_the_trouble(deaf: ScriptedBrain, words: str) -> None:
    tell(deaf, SILENT)
    assert say(deaf, words) in ([Say("At eight.")], [Say("What?")])
    assert [tell(deaf, SILENT) for _ in range(5)] == [[Say("Still there?")]] * 5
    assert tell(deaf, CallerPressed("9"))[0] in {Say("What?"), Say("Pardon?")}


def test_second_loss_after_a_recovery_counts_from_the_start(deaf: ScriptedBrain) -> None:
    tell(deaf, SILENT)
    say(deaf, "open")
    assert tell(deaf, LOST) == PRESS
    assert tell(deaf, SILENT) == KEYS_NOW
    assert tell(deaf, SILENT) == SORRY


def test_strikes_from_before_the_trouble_count_on_after_it(brain: ScriptedBrain) -> None:
    say(brain, "mumble")
    tell(brain, LOST)
    tell(brain, SILENT)
    assert say(brain, "mumble") == SORRY


def test_loss_of_recognition_is_told_in_hebrew() -> None:
    brain = HEBREW_DIALOGUE.new_brain(CALL)
    assert tell(brain, LOST) == [Say("הקישו אחת.")]
    assert tell(brain, CallerPressed("1")) == [Say("משמונה.")]
    assert tell(brain, SILENT) == [Say("הקישו אחת.")]
    assert tell(brain, SILENT) == [Say("להתראות."), EndCall()]


# --- an utterance is revised -----------------------------------------------------------


def test_revised_utterance_takes_its_topic_back(brain: ScriptedBrain) -> None:
    assert say(brain, "open") == [Say("At eight.")]
    assert revise(brain, "open or rather your place please") == [Say("At the corner.")]
    assert say(brain, "yes") == [Say("What?")]


def test_revised_utterance_is_answered_among_the_follow_ups_it_began_with(
    brain: ScriptedBrain,
) -> None:
    say(brain, "open")
    say(brain, "your place")
    assert revise(brain, "yes") == [Say("Fridays at nine.")]


def test_revised_utterance_takes_its_strike_back(brain: ScriptedBrain) -> None:
    say(brain, "mumble")
    assert say(brain, "when do") == SORRY
    assert revise(brain, "when do you open") == [Say("At eight.")]
    assert say(brain, "mumble") == [Say("Pardon?")]


def test_revised_utterance_gives_back_the_strikes_that_it_had_cleared(
    brain: ScriptedBrain,
) -> None:
    say(brain, "mumble")
    say(brain, "open")
    assert revise(brain, "opera") == SORRY


def test_revised_utterance_takes_the_turns_of_the_variants_back(brain: ScriptedBrain) -> None:
    assert say(brain, "open") == [Say("At eight.")]
    assert revise(brain, "open today") == [Say("At eight.")]
    assert revise(brain, "open today please") == [Say("At eight.")]
    assert say(brain, "open") == [Say("Eight, as I said.")]


def test_revised_utterance_takes_the_recovery_back(deaf: ScriptedBrain) -> None:
    tell(deaf, SILENT)
    assert say(deaf, "mumble") == [Say("What?")]
    assert revise(deaf, "") == SORRY


def test_words_that_come_late_take_the_failed_turn_back(deaf: ScriptedBrain) -> None:
    say(deaf, "")
    assert revise(deaf, "open") == [Say("At eight.")]


@pytest.mark.parametrize(
    "between", [CallerPressed("1"), CallerPressed("9"), SILENT, LOST, CallBegan()]
)
def test_only_the_event_right_before_is_taken_back(
    brain: ScriptedBrain, between: CallerEvent
) -> None:
    say(brain, "open")
    tell(brain, between)
    assert revise(brain, "yes") == [Say("Fridays at nine.")]


def test_revision_of_nothing_is_an_utterance_like_any_other(brain: ScriptedBrain) -> None:
    assert revise(brain, "open") == [Say("At eight.")]
    assert revise(brain, "open now") == [Say("At eight.")]
    assert say(brain, "yes") == [Say("Fridays at nine.")]


def test_revision_in_hebrew_takes_back_what_was_said() -> None:
    brain = HEBREW_DIALOGUE.new_brain(CALL)
    assert say(brain, "שעות") == [Say("משמונה.")]
    assert revise(brain, "שעות, ומתי פתוח") == [Say("משמונה.")]
    assert revise(brain, "שלום") == [Say("סליחה?")]
    assert say(brain, "כן") == [Say("סליחה?")]


# --- whatever happens ------------------------------------------------------------------

WORDS = st.sampled_from(["", "open", "yes", "your place", "mumble", "a person", "שעות", "כן", "—"])
FAILED = st.sampled_from([SILENT, UNHEARD])
EVENTS = st.one_of(
    st.builds(CallerSaid, WORDS, st.booleans()),
    st.builds(CallerPressed, st.sampled_from("0159")),
    st.just(SILENT),
    st.just(LOST),
)
SHOPS = pytest.mark.parametrize("shop", [DIALOGUE, PATIENT, HEBREW_DIALOGUE])


@SHOPS
@settings(derandomize=True)
@given(st.lists(EVENTS, max_size=8), WORDS, st.lists(WORDS, min_size=1, max_size=3), EVENTS)
def test_call_with_revisions_goes_on_like_one_without(
    shop: ScriptedDialogue,
    before: list[CallerEvent],
    first: str,
    revisions: list[str],
    after: CallerEvent,
) -> None:
    revised, plain = shop.new_brain(CALL), shop.new_brain(CALL)
    for event in before:
        assert tell(revised, event) == tell(plain, event)
    say(revised, first)
    *_, answer = [revise(revised, text) for text in revisions]
    assert answer == say(plain, revisions[-1])
    for event in (after, CallerPressed("1"), CallerSaid("yes"), SILENT, SILENT, SILENT):
        assert tell(revised, event) == tell(plain, event)


@SHOPS
@settings(derandomize=True)
@given(st.lists(EVENTS, max_size=8), st.lists(FAILED | st.just(CallerPressed("9")), max_size=20))
def test_call_that_has_only_keys_ends_with_the_second_failed_turn(
    shop: ScriptedDialogue, before: list[CallerEvent], deaf: list[CallerEvent]
) -> None:
    brain = shop.new_brain(CALL)
    for event in (*before, CallerSaid("mumble"), LOST):
        tell(brain, event)
    told = [(event, EndCall() in tell(brain, event)) for event in deaf]
    assert not any(ended for event, ended in told if event == CallerPressed("9"))
    failed = [ended for event, ended in told if event != CallerPressed("9")]
    assert failed == [turn >= 1 for turn in range(len(failed))]
