"""Turns the phrases callers may say into a grammar and the dictionary it needs.

Owns: the rules for phrases, the JSGF text (JSpeech Grammar Format, W3C note 2000) and the
selection of pronunciations. Pure: the dictionary comes in as lines. Never loads a decoder. The
recogniser's worker talks to it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from speech.ports import EngineError

MAX_PHRASES: Final = 2000
"""Most phrases in a grammar."""

MAX_PHRASE_CHARS: Final = 200
"""Longest phrase."""

_WORD: Final = re.compile(r"[a-z][a-z']*|'[a-z]+")
_VARIANT: Final = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a decoder is built from."""

    jsgf: str
    """The grammar: exactly one of the phrases."""

    phrases: frozenset[str]
    """The phrases as the decoder writes them."""

    words: Mapping[str, str]
    """Dictionary entry to its phones; a second pronunciation is called `word(2)`."""

    def settle(self, text: str) -> str:
        """The phrase that a decoder's last hypothesis stands for, empty when none.

        The search may end one word short of a phrase or one word into a longer one (`yes i`
        for `yes`, where `yes i would` is a phrase too); further off is no phrase.
        """
        if text in self.phrases:
            return text
        shorter = text.rpartition(" ")[0]
        if shorter in self.phrases:
            return shorter
        words = text.split()
        longer = [phrase for phrase in self.phrases if phrase.split()[:-1] == words]
        return longer[0] if len(longer) == 1 and len(words) > 1 else ""


def compile_grammar(phrases: Sequence[str], dictionary: Iterable[str]) -> Grammar:
    """Compile phrases with a CMU dictionary.

    Args:
        phrases: what may be said; case does not matter.
        dictionary: lines of a CMU dictionary, `word phone phone …`.

    Raises:
        EngineError: a phrase cannot be in a grammar; names the word and the phrase.
    """
    clean = normalise_phrases(phrases)
    wanted = {word: phrase for phrase in reversed(clean) for word in phrase.split()}
    words = _pronunciations(wanted.keys(), dictionary)
    for word, phrase in wanted.items():
        if word not in words:
            raise EngineError(
                f"grammar: the word {word!r} in the phrase {phrase!r} is not in the US English"
                " dictionary; use another word"
            )
    alternatives = "\n  | ".join(clean)
    jsgf = f"#JSGF V1.0;\ngrammar phrases;\npublic <phrase> = {alternatives};\n"
    return Grammar(jsgf, frozenset(clean), words)


def normalise_phrases(phrases: Sequence[str]) -> list[str]:
    """The phrases in lower case with single spaces, each once, in order.

    Raises:
        EngineError: there is none, or one is empty, too long or not made of English words.
    """
    if not 0 < len(phrases) <= MAX_PHRASES:
        raise EngineError(f"grammar: 1 to {MAX_PHRASES} phrases expected, got {len(phrases)}")
    return list(dict.fromkeys(_normalise(phrase) for phrase in phrases))


def _normalise(phrase: str) -> str:
    words = phrase.lower().replace("’", "'").split()
    if not words or len(phrase) > MAX_PHRASE_CHARS:
        raise EngineError(f"grammar: phrase {phrase[:40]!r}: 1 to {MAX_PHRASE_CHARS} characters")
    for word in words:
        if not _WORD.fullmatch(word):
            raise EngineError(
                f"grammar: {word!r} in the phrase {phrase!r} is no English word; write"
                " numbers out and leave punctuation away"
            )
    return " ".join(words)


def _pronunciations(wanted: Iterable[str], dictionary: Iterable[str]) -> dict[str, str]:
    names = set(wanted)
    found: dict[str, str] = {}
    for line in dictionary:
        entry, _, phones = line.strip().partition(" ")
        if _VARIANT.sub("", entry) in names:
            found[entry] = phones.strip()
    return found
