"""What a later transcript of the same utterance adds to an earlier one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.revision import added_text
from dialogue.text import words

pytestmark = pytest.mark.unit

ADDED = [
    ("book a table", "book a table for two", "for two"),
    ("book a table", "Book a table. For two, please!", "For two, please!"),
    ("book a table.", "book a table for two", "for two"),
    ("", "yes", "yes"),
    ("book a cable", "book a table for two", "for two"),
    ("שלום", "שָׁלוֹם עולם", "עולם"),
    ("שָׁלוֹם", "שלום עולם", "עולם"),
    ("אני רוצה להזמינ", "אני רוצה להזמין שולחן", "שולחן"),
    ("אני רוצה", "\u200fאני רוצה\u200f שולחן לשניים.\u200f", "שולחן לשניים.\u200f"),
    ("מה שלומך?", "מה שלומך? \u200f אפשר להזמין", "\u200f אפשר להזמין"),
    ('צה"ל', "צה״ל קורא", "קורא"),
    ("don't stop", "don’t stop now", "now"),
]

NOTHING = [
    ("book a table", "book a table"),
    ("book a table", "Book a table."),
    ("book a table.", "book a table …  !"),
    ("book a table for two", "book a table"),
    ("book", ""),
    ("", ""),
    ("שלום", "שָׁלוֹם."),
    ("שלום", "\u200fשלום\u200f ?"),
    ("להזמינ", "להזמין"),
]


@pytest.mark.parametrize(("before", "after", "added"), ADDED)
def test_what_was_added_is_the_end_behind_what_was_answered(
    before: str, after: str, added: str
) -> None:
    assert words(added_text(before, after)) == words(added)


@pytest.mark.parametrize(("before", "after"), NOTHING)
def test_marks_and_shapes_and_fewer_words_add_nothing(before: str, after: str) -> None:
    assert added_text(before, after) == ""


def test_the_added_words_are_as_they_were_written() -> None:
    assert added_text("i am", "I am  Dr. O'Neil, from   Kfar-Saba") == "Dr. O'Neil, from Kfar-Saba"


def test_a_written_token_that_is_two_words_is_not_cut_in_two() -> None:
    assert added_text("kfar", "Kfar-Saba please") == "please"
    assert added_text("kfar saba", "Kfar-Saba please") == "please"


TEXTS = st.lists(
    st.sampled_from(
        ["book", "Table.", "for", "two,", "—", "…", "שָׁלוֹם", "להזמין", "\u200fכן\u200f", "don't"]
    ),
    max_size=8,
).map(" ".join)


@settings(derandomize=True, database=None)
@given(before=TEXTS, rest=TEXTS)
def test_what_was_answered_and_what_was_added_are_the_whole(before: str, rest: str) -> None:
    whole = f"{before} {rest}".strip()
    assert (*words(before), *words(added_text(before, whole))) == words(whole)


@settings(derandomize=True, database=None)
@given(before=TEXTS, after=TEXTS)
def test_it_is_always_an_end_of_the_later_text_and_never_only_marks(
    before: str, after: str
) -> None:
    added = added_text(before, after)
    assert " ".join(after.split()).endswith(added)
    assert bool(added) == bool(words(added))
    assert bool(added) == (len(words(after)) > len(words(before)))
