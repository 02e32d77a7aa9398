"""Phrases become a grammar, or one clear line."""

import pytest

from speech.grammar import MAX_PHRASES, Grammar, compile_grammar, normalise_phrases
from speech.ports import EngineError

pytestmark = pytest.mark.unit

DICTIONARY = [
    "are AA R", "are(2) ER", "hours AW ER Z", "open OW P AH N", "that's DH AE T S", "you Y UW",
    "zebra Z IY B R AH",
]  # fmt: skip


def test_grammar_lists_each_phrase_once_in_lower_case() -> None:
    grammar = compile_grammar(["Are you OPEN", "are  you open", "hours"], DICTIONARY)
    assert grammar.jsgf == (
        "#JSGF V1.0;\ngrammar phrases;\npublic <phrase> = are you open\n  | hours;\n"
    )
    assert grammar.phrases == {"are you open", "hours"}


def test_dictionary_holds_all_pronunciations_of_wanted_words_only() -> None:
    grammar = compile_grammar(["are you"], DICTIONARY)
    assert grammar.words == {"are": "AA R", "are(2)": "ER", "you": "Y UW"}


def test_missing_word_is_named_with_its_phrase() -> None:
    with pytest.raises(EngineError, match="'xylograph' in the phrase 'open xylograph'"):
        compile_grammar(["hours", "open xylograph"], DICTIONARY)


@pytest.mark.parametrize(
    ("phrase", "complaint"),
    [
        ("open at 8", "'8' in the phrase 'open at 8' is no English word"),
        ("are you open?", r"'open\?'"),
        ("open | hours", r"'\|'"),
        ("שלום", "no English word"),
        ("  ", "1 to 200 characters"),
        ("open " * 50, "1 to 200 characters"),
    ],
)
def test_phrase_that_cannot_be_in_a_grammar_is_refused(phrase: str, complaint: str) -> None:
    with pytest.raises(EngineError, match=complaint):
        normalise_phrases([phrase])


def test_number_of_phrases_is_bounded() -> None:
    for phrases in ([], ["hours"] * (MAX_PHRASES + 1)):
        with pytest.raises(EngineError, match="phrases expected"):
            normalise_phrases(phrases)


def test_curly_apostrophe_is_an_apostrophe() -> None:
    assert normalise_phrases(["that’s"]) == ["that's"]


@pytest.mark.parametrize(
    ("heard", "phrase"),
    [
        ("yes", "yes"),
        ("yes i", "yes"),
        ("what is your", "what is your name"),
        ("where is the", ""),
        ("what is", ""),
        ("yes what is", ""),
        ("", ""),
    ],
)
def test_hypothesis_settles_on_the_phrase_at_most_one_word_away(heard: str, phrase: str) -> None:
    phrases = frozenset({"yes", "what is your name", "where is the bus", "where is the train"})
    assert Grammar("", phrases, {}).settle(heard) == phrase
