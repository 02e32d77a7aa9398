"""The dialogues that come along, and the example in their documentation."""

import re
import tomllib
from pathlib import Path

import pytest

from dialogue.fields import DialogueError
from dialogue.loader import load_dialogue, parse_script
from dialogue.ports import (
    BrainOutput,
    CallerEvent,
    CallerPressed,
    CallerSaid,
    EndCall,
    Say,
    TransferCall,
)
from dialogue.script import Script
from dialogue.text import words
from tests.support.brains import CALL

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "dialogues").glob("*.toml"))
DOCS = ROOT / "docs" / "dialogues.md"


def shipped(path: Path) -> Script:
    return parse_script(path.read_text(encoding="utf-8"))


def test_an_english_and_a_hebrew_dialogue_come_along() -> None:
    assert [load_dialogue(path).language for path in SHIPPED] == ["en-US", "he-IL"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_dialogue_shows_every_feature(path: Path) -> None:
    script = shipped(path)
    intents = list(script.all_intents())
    actions = [intent.action for intent in intents]
    assert script.strikes == 2
    assert script.no_recognition.action == TransferCall("+15555550100")
    assert EndCall() in actions
    assert TransferCall("+15555550100") in actions
    assert any(intent.follow_ups for intent in intents)
    assert any(len(intent.reply) > 1 for intent in intents)
    assert all(intent.key for intent in script.intents), "every wish has a key"
    assert any(len(text.split()) >= 20 for text in script.texts()), "one is worth interrupting"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_phrase_and_key_reaches_its_own_intent(path: Path) -> None:
    dialogue = load_dialogue(path)
    for intent in shipped(path).intents:
        events: list[CallerEvent] = [CallerSaid(phrase) for phrase in intent.phrases]
        for event in (*events, CallerPressed(intent.key or "")):
            heard: list[BrainOutput] = []
            dialogue.new_brain(CALL).respond(event, heard.append)
            assert heard[0] == Say(intent.reply[0]), event


def test_hebrew_is_written_without_points() -> None:
    text = (ROOT / "dialogues" / "hebrew.toml").read_text(encoding="utf-8")
    assert not re.search("[\u0591-\u05bd\u05bf-\u05c7]", text)


def test_english_replies_have_no_digits_for_the_voice_to_stumble_over() -> None:
    texts = shipped(ROOT / "dialogues" / "english.toml").texts()
    assert not [text for text in texts if re.search(r"[0-9]", text)]


def test_the_two_dialogues_are_the_same_line_twice() -> None:
    one, two = map(shipped, SHIPPED)
    names = [[(intent.name, intent.key) for intent in each.all_intents()] for each in (one, two)]
    assert names[0] == names[1]
    assert one.no_recognition.action == two.no_recognition.action


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_dialogue_has_its_own_words_for_trouble(path: Path) -> None:
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    assert {"one_moment", "no_recognition"} <= set(written)
    assert {written["one_moment"], written["no_recognition"]["reply"]} <= set(shipped(path).texts())


def test_example_in_the_documentation_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    file = tmp_path / "example.toml"
    file.write_text(example, encoding="utf-8")
    dialogue = load_dialogue(file)
    assert dialogue.name == "parcels"
    assert all(words(phrase) for phrase in dialogue.phrases())


def test_error_in_the_documentation_is_the_real_one() -> None:
    text = DOCS.read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    wrong = example.replace("yes i did", "are you open at 7")
    with pytest.raises(DialogueError) as caught:
        parse_script(wrong)
    told = str(caught.value).split(": ", maxsplit=1)[1]
    assert told in text
