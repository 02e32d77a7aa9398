"""Which intent a caller means: the phrases of a script, ready to be looked up.

An index of phrases by their words. A look-up costs a few dictionary reads for each word
heard, however many phrases there are, because it runs on the event loop between frames.
The brain asks several indexes at once: the live follow-ups first, then the top level.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from dialogue.script import Intent, Script
from dialogue.text import is_hebrew, without_hebrew_prefix, words

Words = tuple[str, ...]


class Match(NamedTuple):
    """A phrase found in an utterance. Of two matches the greater one is the better."""

    length: int
    """Words in the phrase."""

    rank: int
    """Minus the place of the index that was asked: follow-ups before the top level."""

    order: int
    """Minus the intent's place in the file."""

    intent: Intent


class PhraseIndex:
    """The intents that are live together: one level of a script."""

    def __init__(self, intents: Sequence[Intent], *, prefixes: bool) -> None:
        """Index the phrases and keys of some intents.

        Args:
            intents: In file order.
            prefixes: Whether a Hebrew prefix on a phrase's first word is tolerated.
        """
        self._prefixes = prefixes
        self._by_key = {intent.key: intent for intent in intents if intent.key}
        self._by_words: dict[Words, tuple[int, Intent]] = {}
        for order, intent in enumerate(intents):
            for phrase in intent.phrases:
                self._by_words.setdefault(words(phrase), (-order, intent))
        self._lengths = sorted({len(phrase) for phrase in self._by_words}, reverse=True)

    def of_key(self, digit: str) -> Intent | None:
        """Return the intent of a telephone key, if it has one."""
        return self._by_key.get(digit)

    def matches(self, heard: Words, rank: int) -> Iterator[Match]:
        """Yield the longest phrases found in an utterance, if any is.

        Args:
            heard: The utterance, out of `words()`.
            rank: What the matches carry as their rank.
        """
        for length in self._lengths:
            found = list(self._of_length(heard, length, rank))
            if found:
                yield from found
                return

    def _of_length(self, heard: Words, length: int, rank: int) -> Iterator[Match]:
        for start in range(len(heard) - length + 1):
            spellings = self._spellings(heard[start : start + length])
            entry = next(filter(None, map(self._by_words.get, spellings)), None)
            if entry:
                yield Match(length, rank, *entry)

    def _spellings(self, spoken: Words) -> Iterator[Words]:
        """Yield the words as heard, then without a Hebrew prefix on the first."""
        yield spoken
        if self._prefixes:
            first, *rest = spoken
            for stem in without_hebrew_prefix(first, alone=not rest):
                yield (stem, *rest)


class ScriptIndex:
    """The phrase indexes of a script, shared by its brains."""

    def __init__(self, script: Script) -> None:
        """Index a script: once for the top level, once for each intent with follow-ups."""
        prefixes = is_hebrew(script.language)
        self._top = PhraseIndex(script.intents, prefixes=prefixes)
        self._under = {
            intent.name: PhraseIndex(intent.follow_ups, prefixes=prefixes)
            for intent in script.intents
            if intent.follow_ups
        }

    def live(self, topic: Intent | None) -> list[PhraseIndex]:
        """Return what a caller may say after a top-level intent, the preferred first."""
        under = self._under.get(topic.name) if topic else None
        return [under, self._top] if under else [self._top]


def best_match(indexes: Iterable[PhraseIndex], text: str) -> tuple[int, Intent] | None:
    """Find the intent that an utterance means.

    A phrase matches where its words stand in the utterance in order, with nothing between.
    The phrase with most words wins; among equals the one of the earlier index, then that of
    the intent earlier in the file. Words as heard go before words without their prefix.

    Args:
        indexes: What is live, the preferred one first.
        text: The utterance as recognised.

    Returns:
        The place of the index that had it and the intent, or None.
    """
    heard = words(text)
    found = (match for rank, index in enumerate(indexes) for match in index.matches(heard, -rank))
    best = max(found, key=lambda match: match[:-1], default=None)
    return None if best is None else (-best.rank, best.intent)
