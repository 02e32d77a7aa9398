"""The words that stamped callers say: all different, pronounceable, English or Hebrew letters.

A word is made of its caller's number and its own. Of calls 0 to 420 no two share a word,
so that a word that reached another call shows. Pure.
"""

from typing import Final

WORDS_OF_A_CALL: Final = 1000

_CONSONANTS: Final = ("b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z")
_VOWELS: Final = ("a", "e", "i", "o", "u")
_HEBREW_CONSONANTS: Final = (
    *("ב", "ג", "ד", "ז", "ח", "ט", "כ", "ל"),
    *("מ", "נ", "ס", "פ", "צ", "ק", "ר"),
)
_HEBREW_VOWELS: Final = ("", "א", "ה", "ו", "י")
"""Letters that stand for vowels, or none; never among the consonants, so words stay apart."""

_SYLLABLES: Final = len(_CONSONANTS) * len(_VOWELS)
_WORDS: Final = _SYLLABLES**3
_STRIDE: Final = 162_938
"""Coprime to the number of words (75 cubed): neighbours sound nothing like each other."""


def word_text(call: int, word: int, *, hebrew: bool = False) -> str:
    """Spell the word with this number, 0 to 999, of a call."""
    number = (call * WORDS_OF_A_CALL + word % WORDS_OF_A_CALL) * _STRIDE % _WORDS
    consonants = _HEBREW_CONSONANTS if hebrew else _CONSONANTS
    vowels = _HEBREW_VOWELS if hebrew else _VOWELS
    spelt = ""
    for _ in range(3):
        number, syllable = divmod(number, _SYLLABLES)
        consonant, vowel = divmod(syllable, len(vowels))
        spelt += consonants[consonant] + vowels[vowel]
    return spelt
