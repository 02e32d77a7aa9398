"""What a dialogue file says about listening: fillers, backchannels, what must be heard."""

import pytest

from dialogue.backchannels import backchannels_for, is_backchannel
from dialogue.defaults import ENGLISH, HEBREW, Defaults
from dialogue.fields import DialogueError
from dialogue.loader import parse_script
from dialogue.ports import CallBegan, CallerPressed, CallerSaid, EndCall, Say
from dialogue.scripted import ScriptedDialogue
from tests.support.brains import CALL, tell

pytestmark = pytest.mark.unit

SHOP = """
name = "shop"
language = "en-US"
greeting = "This call is recorded."
not_understood = "What?"
apology = "Again, please."
goodbye = "Goodbye."
#top
[silence]
after_s = 8
reply = "Still there?"
[[intents]]
name = "terms"
key = "1"
phrases = ["your terms"]
reply = "No refunds."
#intent
[[intents]]
name = "bye"
phrases = ["goodbye"]
reply = "Bye."
action = "hangup"
"""
FRENCH = 'one_moment = "Un instant."\n[no_recognition]\nreply = "Pardon."\naction = "keys"'


def shop(top: str = "", intent: str = "", language: str = "en-US") -> ScriptedDialogue:
    text = SHOP.replace("#top", top).replace("#intent", intent).replace("en-US", language)
    return ScriptedDialogue(parse_script(text))


@pytest.mark.parametrize(("tag", "ready"), [("en-GB", ENGLISH), ("he-IL", HEBREW)])
def test_english_and_hebrew_have_a_filler_ready(tag: str, ready: Defaults) -> None:
    dialogue = shop(language=tag)
    manners = dialogue.new_brain(CALL).manners
    assert manners.filler == ready.filler
    assert manners.filler in dialogue.stock_replies()


def test_other_languages_say_nothing_unless_the_file_has_a_filler() -> None:
    silent = shop(FRENCH, language="fr-FR")
    assert silent.new_brain(CALL).manners.filler == ""
    assert "" not in silent.stock_replies()
    speaking = shop('filler = "Je cherche."\n' + FRENCH, language="fr-FR")
    assert speaking.new_brain(CALL).manners.filler == "Je cherche."
    assert "Je cherche." in speaking.stock_replies()


def test_backchannels_of_the_file_are_added_to_those_of_the_language() -> None:
    known = shop('backchannels = ["Cool!", "no kidding"]').new_brain(CALL).manners.backchannels
    assert known == backchannels_for("en-US") | {"cool", "no kidding"}
    assert is_backchannel("Yeah, cool. No kidding!", known)


def test_file_without_backchannels_has_those_of_its_language() -> None:
    assert shop(language="he-IL").new_brain(CALL).manners.backchannels == backchannels_for("he")
    assert shop(FRENCH, language="fr").new_brain(CALL).manners.backchannels == frozenset()


def test_everything_can_be_interrupted_unless_the_file_says_otherwise() -> None:
    brain = shop().new_brain(CALL)
    assert tell(brain, CallBegan()) == [Say("This call is recorded.", interruptible=True)]
    assert tell(brain, "your terms") == [Say("No refunds.", interruptible=True)]


def test_greeting_that_must_be_heard_cannot_be_interrupted() -> None:
    brain = shop("greeting_interruptible = false").new_brain(CALL)
    assert tell(brain, CallBegan()) == [Say("This call is recorded.", interruptible=False)]
    assert tell(brain, "your terms") == [Say("No refunds.", interruptible=True)]


@pytest.mark.parametrize("wish", [CallerSaid("your terms"), CallerPressed("1")])
def test_reply_that_must_be_heard_cannot_be_interrupted(wish: CallerSaid | CallerPressed) -> None:
    brain = shop(intent="interruptible = false").new_brain(CALL)
    assert tell(brain, wish) == [Say("No refunds.", interruptible=False)]
    assert tell(brain, "goodbye") == [Say("Bye.", interruptible=True), EndCall()]


MISTAKES = [
    ("#top", "filler = []", "filler: expected a text, not a list"),
    ("#top", 'filler = ""', "filler: expected a text, not an empty one"),
    ("#top", 'backchannels = "cool"', "backchannels: expected a list of texts, not 'cool'"),
    ("#top", 'backchannels = ["?!"]', "backchannels[0]: expected 1 to 3 words, not '?!'"),
    (
        "#top",
        'backchannels = ["cool", "now this is too long"]',
        "backchannels[1]: expected 1 to 3 words, not 'now this is too long'",
    ),
    (
        "#top",
        f'backchannels = ["{"a" * 41}"]',
        "backchannels[0]: expected at most 40 characters, not 41",
    ),
    ("#top", "greeting_interruptible = 0", "greeting_interruptible: expected true or false, not 0"),
    (
        "#intent",
        'interruptible = "no"',
        "intents[0].interruptible: expected true or false, not 'no'",
    ),
]


@pytest.mark.parametrize(("old", "new", "line"), MISTAKES)
def test_mistake_about_manners_becomes_one_line(old: str, new: str, line: str) -> None:
    with pytest.raises(DialogueError) as caught:
        parse_script(SHOP.replace(old, new))
    assert str(caught.value) == line
