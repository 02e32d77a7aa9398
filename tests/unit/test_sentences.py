"""A stream of text becomes sentences that can be spoken."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialogue.sentences import (
    FIRST_LONG_CHARS,
    LONG_CHARS,
    MAX_ANSWER_CHARS,
    MAX_WORD_CHARS,
    SentenceCutter,
)

pytestmark = pytest.mark.unit


def cut(*deltas: str, first: bool = False) -> list[str]:
    cutter = SentenceCutter(first=first)
    return [one for delta in deltas for one in cutter.push(delta)] + cutter.finish()


WHOLE = [
    ["Hello.", "How are you?", "Fine!", "Well…", "Bye"],
    ["It costs 3.5 or 1,000 at 10:30.", "Yes."],
    ["Dr. Cohen and Mr. J. R. Levi are in the U.S. today, e.g. now.", "Yes."],
    ["We open at 9 a.m.", "Come in."],
    ["It opens at 9 a.m. and closes at 5 p.m. on weekdays.", "Yes."],
    ["Take no. 5 or No. 6 there.", "No.", "We are closed."],
    ["Bread, milk, etc. are here.", "Bread, milk, etc.", "Ask us."],
    ["So do I.", "Good."],
    ["See https://a.b/c?x=1.y!z or me@x.org.", "Yes."],
    ["Well... let me see.", "Well...", "Now then."],
    ['"Is that so?"', "(I am sure!)", "“Go.”", "Then he left."],
    ["What?!", "Really?!?", "Yes."],
    ["שלום לכולם.", "מה שלומך?", "סוף׃", "עוד"],
    ['ד"ר כהן, ע"י הבנק, ת.ד. 17, וכו\'.', 'פרופ. לוי אמר "שלום."', "כן."],
    ["המחיר 3.5 שקלים, או 1,000 ב־10:30.", "כן."],
]


@pytest.mark.parametrize("sentences", WHOLE, ids=lambda sentences: sentences[0])
def test_a_sentence_ends_where_it_ends(sentences: list[str]) -> None:
    assert cut(" ".join(sentences)) == sentences


@pytest.mark.parametrize("line", "\n\r\x85\u2028\u2029")
def test_a_line_is_a_sentence(line: str) -> None:
    assert cut(f"One{line}{line}Two{line}") == ["One", "Two"]


MARKUP = [
    ("# Title\n## *More* here", ["Title", "More here"]),
    ("- **one** thing\n* two\n+ three\n• four\n- [x] five", "one thing,two,three,four,five"),
    ("1. First. 2. Second\n10) Tenth. Next", ["1. First.", "2.", "Second", "10) Tenth.", "Next"]),
    ("```python\ncode()\n```\nUse `x` now", ["code()", "Use x now"]),
    ("See [our site](https://a.b/c) or ![a picture](x.png).", ["See our site or a picture."]),
    ("See [one. Two](http://x.y) here", ["See one.", "Two here"]),
    ("_em_ __strong__ ~~gone~~ ***all*** snake_case", ["em strong gone all snake_case"]),
    ("3 * 4 is 12", ["3 * 4 is 12"]),
    ("> Quoted\n---\n***\n| a | b |\n|---|:--|\n| c | d |", ["Quoted", "a b", "c d"]),
    ("Hi! 😀 Good 👍🏽👩‍👩‍👧 day ❤️ 1️⃣ 🇮🇱", ["Hi!", "Good day 1"]),
    ("Hi!😀 There", ["Hi!", "There"]),
    ("20°C © ™ € 5%", ["20°C © ™ € 5%"]),
    ("a\x00b\x1bc \ud83d d\u200be \ue000", ["a b c de"]),
    ("👍 ** -- … !!! ( )", []),
]


@pytest.mark.parametrize(("raw", "spoken"), MARKUP, ids=[raw for raw, _ in MARKUP])
def test_what_only_the_eye_sees_is_not_spoken(raw: str, spoken: list[str] | str) -> None:
    assert cut(raw) == (spoken.split(",") if isinstance(spoken, str) else spoken)


def test_a_sentence_is_given_as_soon_as_the_next_character_shows_its_end() -> None:
    cutter = SentenceCutter()
    assert cutter.push("Yes") == []
    assert cutter.push(".") == []
    assert cutter.push(" ") == ["Yes."]
    assert cutter.push("Ask no. ") == []  # "no." may stand before a number.
    assert cutter.push("5 now.") == []
    assert cutter.push("\n") == ["Ask no. 5 now."]


CLAUSES = "I can help you with that today, if you like, and then we will see, won't we, my dear"


def test_the_first_sentence_is_cut_at_an_early_comma_and_no_other_one() -> None:
    first, *rest = cut(CLAUSES, first=True)
    assert first == "I can help you with that today,"
    assert rest == ["if you like, and then we will see, won't we, my dear"]
    assert cut(CLAUSES) == [CLAUSES]
    assert cut(f"Yes. {CLAUSES}", first=True) == ["Yes.", CLAUSES]


def test_a_later_sentence_is_cut_at_a_late_comma() -> None:
    long = f"{CLAUSES}, and more and more and more, yes"
    assert cut(long) == [f"{CLAUSES}, and more and more and more,", "yes"]


def test_a_sentence_without_any_mark_is_cut_between_words() -> None:
    first, *rest = cut("seven77 " * 100, first=True)
    assert FIRST_LONG_CHARS - 8 <= len(first) <= FIRST_LONG_CHARS
    assert all(LONG_CHARS - 8 <= len(one) <= LONG_CHARS for one in rest[:-1])
    assert set(" ".join([first, *rest]).split()) == {"seven77"}


def test_what_is_no_word_any_more_is_cut_all_the_same() -> None:
    assert list(map(len, cut("x" * 900))) == [MAX_WORD_CHARS, MAX_WORD_CHARS, 100]
    assert cut("x" * 300 + " Yes.") == ["x" * 300, "Yes."]


def test_an_answer_has_a_bound_and_the_rest_is_counted() -> None:
    cutter = SentenceCutter()
    said = [one for _ in range(10) for one in cutter.push("word. " * 1000)] + cutter.finish()
    assert len(said) == MAX_ANSWER_CHARS // 6
    assert cutter.dropped_chars == 60_000 - MAX_ANSWER_CHARS


def test_the_rest_can_be_dropped() -> None:
    cutter = SentenceCutter()
    assert cutter.push("One. Two") == ["One."]
    cutter.drop_rest()
    assert cutter.finish() == []


PARTS = ["Dr", "No", "5", "a.m", "U.S", "etc", "word", "I", 'ד"ר', "וכו'", "שלום", "x" * 130]
MARKS = [*" .?!…׃,;:–\"')(*_-#`|[]\n", "...", ". ", ", ", " ", " ", "](u)", "😀", "\u200f", "\r\n"]
TEXTS = st.lists(st.sampled_from(PARTS + MARKS), max_size=120).map("".join)


@given(text=TEXTS | st.text(max_size=300), data=st.data(), first=st.booleans())
@example(text="One. " + "." * 100 + " x", data=None, first=True)
def test_how_the_stream_is_divided_changes_nothing(
    text: str, data: st.DataObject | None, *, first: bool
) -> None:
    whole = cut(text, first=first)
    assert cut(*text, first=first) == whole
    if data is not None:
        size = data.draw(st.integers(1, 40))
        parts = [text[at : at + size] for at in range(0, len(text), size)]
        assert cut(*parts, first=first) == whole


@given(text=TEXTS | st.text(max_size=300))
def test_sentences_can_be_spoken_and_no_word_is_lost_or_made_up(text: str) -> None:
    said = cut(text)
    assert all(one == one.strip() and any(map(str.isalnum, one)) for one in said)
    assert all(len(one) <= MAX_WORD_CHARS for one in said)
    assert not any(character in "\n\x00" for one in said for character in one)


@given(words=st.lists(st.from_regex(r"[a-zא-ת]{2,9}", fullmatch=True), max_size=80))
def test_plain_words_come_out_as_they_went_in(words: list[str]) -> None:
    assert " ".join(cut(" ".join(words), first=True)) == " ".join(words)
