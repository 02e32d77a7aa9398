"""Words made comparable: what was said and what was written become the same words.

Pure functions on text. They know nothing of intents; `dialogue.matching` compares with
them, and the loader uses the same ones to find phrases that could not be told apart.
Marks inside a word (apostrophe, geresh, gershayim, niqqud) vanish, every other
punctuation ends the word, capitals and Hebrew final letters become plain.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

MAX_HEARD_CHARACTERS: Final = 1000
"""What of one utterance is looked at: about a minute of speech."""

_HEBREW_FINALS: Final = {"ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ"}
_INSIDE_WORDS: Final = frozenset("'’‘ʼ`\"”“׳״")
"""Apostrophes, geresh (U+05F3), gershayim (U+05F4), and what is typed in their place."""

_HEBREW_POINTS: Final = (0x0591, 0x05C7)
"""Cantillation and niqqud. Maqaf U+05BE, paseq U+05C0, sof pasuq U+05C3 and nun hafukha
U+05C6 lie in the range but are punctuation: their Unicode category tells them apart."""

_HEBREW_PREFIXES: Final = re.compile("[והבלמשכ]{1,2}")
"""The one-letter words (and, the, in, to, from, that, as) written onto the next word."""

_MIN_STEM_ALONE: Final = 3
_MIN_STEM_IN_PHRASE: Final = 2
"""Letters left after a prefix. A word that is a phrase by itself needs three: `מלא` (full)
is not `מ` + `לא` (no). In a longer phrase the words that follow make up for it."""


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """What one character counts as: itself, nothing, or the space between two words."""
    category = unicodedata.category(character)
    low, high = _HEBREW_POINTS
    pointed = low <= ord(character) <= high and category == "Mn"
    if pointed or category == "Cf" or character in _INSIDE_WORDS:
        return ""
    if category[0] in "LMN":
        return _HEBREW_FINALS.get(character, character)
    return " "


def words(text: str) -> tuple[str, ...]:
    """Split a text into comparable words; empty when it holds none.

    Args:
        text: Anything; only the first `MAX_HEARD_CHARACTERS` are looked at.
    """
    folded = unicodedata.normalize("NFC", text[:MAX_HEARD_CHARACTERS]).casefold()
    return tuple("".join(map(_plain, unicodedata.normalize("NFC", folded))).split())


def is_hebrew(language: str) -> bool:
    """Tell whether a BCP 47 tag is Hebrew (`iw` is its tag of before 1989)."""
    return language.split("-", maxsplit=1)[0].lower() in {"he", "iw"}


def without_hebrew_prefix(word: str, *, alone: bool) -> Iterator[str]:
    """Yield what may be left of a word when a Hebrew prefix of one or two letters goes.

    Args:
        word: A word out of `words()`.
        alone: Whether the word is looked for by itself, which asks for a longer rest.
    """
    prefix = _HEBREW_PREFIXES.match(word)
    shortest = _MIN_STEM_ALONE if alone else _MIN_STEM_IN_PHRASE
    for length in range(1, prefix.end() + 1 if prefix else 1):
        if len(word) - length >= shortest:
            yield word[length:]
