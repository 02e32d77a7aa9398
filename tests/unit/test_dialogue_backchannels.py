"""What is no more than "mhm", in whatever way the recogniser writes it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.backchannels import MAX_WORDS, backchannel, backchannels_for, is_backchannel
from dialogue.text import MAX_HEARD_CHARACTERS, words

pytestmark = pytest.mark.unit

ENGLISH = backchannels_for("en-US")
HEBREW = backchannels_for("he-IL")
BOTH = sorted(ENGLISH | HEBREW)

NOISE = st.text(st.sampled_from(".,!?…;:-–־ \t\n"), min_size=1, max_size=4)
"""What ends a word and means nothing."""

POINTS = st.sampled_from(["", "\u05b8", "\u05bc", "\u05c1", "'", "\u200f"])
"""What may stand behind a letter and means nothing: niqqud, an apostrophe, a direction mark."""


@pytest.mark.parametrize(
    "said",
    [
        *("mhm", "Mm-hmm.", "uh-huh", "Yeah.", "OK", "O.K.", "Right, right.", "Okay, I see."),
        *("yes yes yes", "Oh, all right!", "Sure. Got it."),
    ],
)
def test_english_listening_is_no_interruption(said: str) -> None:
    assert is_backchannel(said, ENGLISH)


@pytest.mark.parametrize(
    "said",
    ["כן", "כן, כן.", "אהה", "בסדר גמור", "בסדר, אוקיי", "כֵּן", "מם", "הבנתי. טוב", "אני מבינה, כן"],
)
def test_hebrew_listening_is_no_interruption(said: str) -> None:
    assert is_backchannel(said, HEBREW)


@pytest.mark.parametrize(
    "said",
    [
        *("", " ", "?!", "no", "wait", "yes but", "I see a problem", "what", "the right one"),
        *("see", "got", "uh", "yesokay", "כן"),
    ],
)
def test_anything_more_is_an_interruption(said: str) -> None:
    assert not is_backchannel(said, ENGLISH)


@pytest.mark.parametrize("said", ["לא", "רגע", "כן אבל", "וכן", "מה", "yes", "אני"])
def test_anything_more_is_an_interruption_in_hebrew(said: str) -> None:
    assert not is_backchannel(said, HEBREW)


def test_another_language_knows_none_and_nothing_is_one() -> None:
    assert backchannels_for("fr-FR") == frozenset()
    assert not is_backchannel("mhm", frozenset())
    assert not is_backchannel("", frozenset())


@pytest.mark.parametrize(("tag", "same"), [("en-GB", "en-US"), ("iw", "he-IL"), ("he", "he-IL")])
def test_region_makes_no_difference(tag: str, same: str) -> None:
    assert backchannels_for(tag) == backchannels_for(same)


def test_each_entry_is_in_the_form_that_is_compared() -> None:
    for entry in BOTH:
        assert entry == backchannel(entry) != ""
        assert len(words(entry)) <= MAX_WORDS
        assert is_backchannel(entry, ENGLISH | HEBREW)


def test_utterance_that_is_not_looked_at_whole_is_an_interruption() -> None:
    assert is_backchannel("yes " * (MAX_HEARD_CHARACTERS // 4), ENGLISH)
    assert not is_backchannel("yes " * (MAX_HEARD_CHARACTERS // 4) + "but", ENGLISH)


def test_shorter_entry_does_not_hide_the_longer_way_to_cut() -> None:
    known = frozenset({"all", "all right", "right then"})
    assert is_backchannel("all right", known)
    assert is_backchannel("all right then", known)
    assert not is_backchannel("then all", known)


@st.composite
def spelt(draw: st.DrawFn, entry: str) -> str:
    """One backchannel with other capitals, points and punctuation."""
    capitals = draw(st.sampled_from([str.lower, str.upper, str.title]))
    pointed = [
        "".join(letter + draw(POINTS) for letter in word) for word in capitals(entry).split()
    ]
    return draw(NOISE) + "".join(word + draw(NOISE) for word in pointed)


@settings(derandomize=True)
@given(st.lists(st.sampled_from(BOTH).flatmap(spelt), min_size=1, max_size=5))
def test_punctuation_capitals_and_niqqud_make_no_difference(several: list[str]) -> None:
    said = " ".join(several)
    assert is_backchannel(said, ENGLISH | HEBREW)
    assert not is_backchannel(f"{said} however", ENGLISH | HEBREW)


@settings(derandomize=True)
@given(st.text())
def test_whatever_is_said_gets_an_answer(text: str) -> None:
    known = ENGLISH | HEBREW
    if is_backchannel(text, known):
        assert words(text)
        assert set(words(text)) <= {word for entry in known for word in entry.split()}
