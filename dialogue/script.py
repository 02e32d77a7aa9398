"""What a dialogue file says, as plain data that no longer can be wrong.

Made by `dialogue.loader` only, which has checked every bound and every name; read by
`dialogue.matching` and `dialogue.scripted`. Nothing here changes during a call.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dialogue.ports import CollectDigits, EndCall, Manners, TransferCall

MAX_INTENTS: Final = 200
"""Intents in one file, follow-ups counted."""

MAX_PHRASES: Final = 50
"""Phrases of one intent."""

MAX_PHRASE_CHARACTERS: Final = 100
"""Characters in one phrase."""

MAX_PHRASE_WORDS: Final = 12
"""Words in one phrase: what a caller says in one breath."""

MAX_VARIANTS: Final = 10
"""Texts that one reply takes in turn."""

MAX_REPLY_CHARACTERS: Final = 500
"""Characters in one text to speak: about half a minute of speech."""

MAX_NAME_CHARACTERS: Final = 60
"""Characters in the name of the dialogue or of an intent."""

MAX_STRIKES: Final = 10
"""The most failed turns in a row that `strikes` may ask for."""

SILENCE_RANGE_S: Final = (1, 300)
"""What `silence.after_s` may be."""

DEFAULT_STRIKES: Final = 2
"""Failed turns in a row after which the call ends, where the file does not say."""

MAX_DEAF_TURNS: Final = 2
"""Failed turns in a row after which a call that has only its keys left ends, whatever
`strikes` says: the caller has then been told of the keys twice, and nobody may be there."""

DIGITS: Final = "{digits}"
"""In a text to speak: the digits that the caller has keyed in, one by one."""

MAX_BACKCHANNELS: Final = 50
"""Backchannels that a file may add to those of its language."""

MAX_BACKCHANNEL_CHARACTERS: Final = 40
"""Characters in one of them."""

Variants = tuple[str, ...]
"""Texts used in turn, at least one."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Digits that the caller is asked to key in, and what is said about them."""

    request: CollectDigits
    collected: Variants
    """With `DIGITS` where they are read back."""

    not_collected: Variants
    """Said before they are asked for once more."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Something a caller may want, and what is done about it."""

    name: str
    phrases: tuple[str, ...]
    reply: Variants
    key: str | None = None
    action: TransferCall | EndCall | None = None
    """Comes after the reply; with a collection, after its digits."""

    follow_ups: tuple["Intent", ...] = ()
    interruptible: bool = True
    """Whether the caller's voice stops the reply."""

    collection: Collection | None = None

    def texts(self) -> Iterator[str]:
        """Yield every text that is known beforehand."""
        yield from self.reply
        if self.collection:
            yield from self.collection.not_collected
            yield from (text for text in self.collection.collected if DIGITS not in text)


@dataclass(frozen=True, slots=True)
class NoRecognition:
    """What happens when nothing the caller says can be recognised any more."""

    reply: Variants
    action: TransferCall | EndCall | None
    """None: the call goes on with its keys."""


@dataclass(frozen=True, slots=True)
class Script:
    """A whole dialogue file."""

    name: str
    language: str
    greeting: str
    not_understood: Variants
    manners: Manners
    strikes: int
    silence: Variants
    """Said to somebody who says nothing for `Manners.silence_after_s`."""

    no_recognition: NoRecognition
    intents: tuple[Intent, ...]
    greeting_interruptible: bool = True
    """Whether the caller's voice stops the greeting."""

    def all_intents(self) -> Iterator[Intent]:
        """Yield every intent in file order, each followed by its follow-ups."""
        for intent in self.intents:
            yield intent
            yield from intent.follow_ups

    def phrases(self) -> tuple[str, ...]:
        """Return every phrase once, as written, in file order."""
        found: dict[str, str] = {}
        for intent in self.all_intents():
            for phrase in intent.phrases:
                found.setdefault(phrase.casefold(), phrase)
        return tuple(found.values())

    def transfer_targets(self) -> dict[str, str]:
        """Return whom intents transfer to, each with the name of the first that does."""
        found: dict[str, str] = {}
        for intent in self.all_intents():
            if isinstance(intent.action, TransferCall):
                found.setdefault(intent.action.to, intent.name)
        return found

    def texts(self) -> tuple[str, ...]:
        """Return every text that may be spoken once, the greeting first.

        Those that read back what a caller has keyed in are not known yet.
        """
        manners = self.manners
        fixed = (self.greeting, *self.not_understood, *self.silence, manners.one_moment)
        trouble = (*self.no_recognition.reply, manners.apology, manners.goodbye)
        filler = (manners.filler,) if manners.filler else ()
        replies = (text for intent in self.all_intents() for text in intent.texts())
        return tuple(dict.fromkeys((*fixed, *trouble, *filler, *replies)))
