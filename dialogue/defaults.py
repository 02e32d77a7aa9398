"""What is said where a dialogue file leaves it out, in the languages we can write ourselves.

Owns texts about our own trouble only: what a dialogue is about, its author must say. Pure
data; `dialogue.loader` asks for it. A dialogue in another language gets nothing from here.
"""

from dataclasses import dataclass
from typing import Final

from dialogue.text import is_hebrew


@dataclass(frozen=True, slots=True)
class Defaults:
    """The texts of one language."""

    one_moment: str
    """The recogniser has trouble and is being set up again."""

    filler: str
    """An answer takes long."""

    keys_only: str
    """Nothing can be recognised any more, and the dialogue has keys."""

    call_again: str
    """Nothing can be recognised any more, and the call ends."""


ENGLISH: Final = Defaults(
    "One moment, please.",
    "Just a second, I am looking.",
    "I am sorry, I cannot understand speech at the moment. Please use the keys of your telephone.",
    "I am sorry, I cannot understand speech at the moment. Please call again later. Goodbye.",
)

HEBREW: Final = Defaults(
    "רק רגע, בבקשה.",
    "רק שנייה, כבר בודקים.",
    "סליחה, כרגע אין באפשרותי להבין דיבור. אפשר להשתמש במקשי הטלפון.",
    "סליחה, כרגע אין באפשרותי להבין דיבור. אפשר להתקשר שוב מאוחר יותר. להתראות.",
)


def is_english(language: str) -> bool:
    """Tell whether a BCP 47 tag is English."""
    return language.split("-", maxsplit=1)[0].lower() == "en"


def defaults_for(language: str) -> Defaults | None:
    """Return the texts for a BCP 47 tag, None where there are none."""
    if is_hebrew(language):
        return HEBREW
    return ENGLISH if is_english(language) else None
