"""Words made comparable: English, Hebrew, and whatever else may come."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.text import MAX_HEARD_CHARACTERS, is_hebrew, without_hebrew_prefix, words

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("what's your address", "What’s your address?"),
        ("no that's enough", "NO, THAT'S ENOUGH!"),
        ("twenty four seven", "twenty-four\tseven…"),
        ("café open", "cafe\u0301 open"),
        ("straße", "STRASSE"),
        ("שלום לכם", "שלומ לכמ"),  # final letters
        ("מה שעות הפתיחה", "מה שעות הפתיחה?"),
        ("בית ספר", "בית־ספר"),  # maqaf
        ("דר כהן", "ד״ר כהן"),  # gershayim
        ("דר כהן", 'ד"ר כהן'),
        ("גירפה", "ג׳ירפה"),  # geresh
        ("צהל", "צה״ל."),
        ("שלום", "שָׁלוֹם"),  # niqqud
        ("שלום", "\ufb2a\u05dc\u05d5\u05dd"),  # a presentation form, shin with its dot
        ("סוף פסוק", "סוף׃פסוק׀"),
        ("שלום", "\u200fשל\u200eום"),  # direction marks
    ],
)
def test_spellings_of_the_same_words_are_equal(written: str, heard: str) -> None:
    assert words(written) == words(heard)
    assert words(heard)


@pytest.mark.parametrize("nothing", ["", "  \n", "?!…", "־", "'", "\u05b8", "\u200f"])
def test_text_without_letters_has_no_words(nothing: str) -> None:
    assert words(nothing) == ()


def test_vowel_signs_of_other_scripts_stay() -> None:
    assert words("हिन्दी") == ("हिन्दी",)


def test_maqaf_and_paseq_separate_while_points_vanish() -> None:
    for code in range(0x0591, 0x05C8):
        if category := unicodedata.category(chr(code)):
            expected = ("א", "ב") if category.startswith("P") else ("אב",)
            assert words(f"א{chr(code)}ב") == expected, hex(code)


def test_only_the_beginning_of_an_endless_text_is_looked_at() -> None:
    assert len(words("a " * MAX_HEARD_CHARACTERS)) == MAX_HEARD_CHARACTERS // 2


@pytest.mark.parametrize(
    ("word", "alone", "stems"),
    [
        ("לנציג", True, ["נציג"]),
        ("ולנציג", True, ["לנציג", "נציג"]),
        ("מלא", True, []),  # "full" is not "from no"
        ("ומה", False, ["מה"]),
        ("ומה", True, []),
        ("כן", False, []),
        ("דירה", True, []),
        ("", True, []),
    ],
)
def test_hebrew_prefix_goes_only_when_enough_is_left(
    word: str, *, alone: bool, stems: list[str]
) -> None:
    assert list(without_hebrew_prefix(word, alone=alone)) == stems


@pytest.mark.parametrize(
    ("tag", "answer"), [("he-IL", True), ("iw", True), ("en-US", False), ("hebrew", False)]
)
def test_hebrew_is_told_by_its_tag(tag: str, *, answer: bool) -> None:
    assert is_hebrew(tag) is answer


@settings(derandomize=True)
@given(st.text(max_size=300))
def test_words_of_words_are_the_same_words(text: str) -> None:
    once = words(text)
    assert words(" ".join(once)) == once
    assert all(once)
