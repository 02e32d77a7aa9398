"""What Twilio's own voice says for us when no call can speak: busy, and something broke.

Owns these sentences in the languages we know; a dialogue in another language gets English.
Pure data; the webhooks use it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences of one language, and the voice that says them."""

    language: str
    """`language` of `<Say>` (twilio.com/docs/voice/twiml/say)."""

    voice: str | None
    """`voice` of `<Say>`; None: Twilio's default for the language."""

    busy: str
    """Nobody can take the call now."""

    reconnecting: str
    """The call broke and is being set up again."""

    broken: str
    """The call broke twice."""


ENGLISH: Final = Phrases(
    "en-US",
    None,
    "We are sorry, all our lines are busy. Please call again in a few minutes.",
    "We are sorry, we lost the connection. One moment please.",
    "We are sorry, something went wrong. Please call again later.",
)
"""Also for languages that are not here."""

HEBREW: Final = Phrases(
    "he-IL",
    "Google.he-IL-Standard-A",
    "אנו מצטערים, כל הקווים תפוסים כרגע. נא להתקשר שוב בעוד מספר דקות.",
    "אנו מצטערים, השיחה נותקה. רק רגע בבקשה.",
    "אנו מצטערים, אירעה תקלה. נא להתקשר שוב מאוחר יותר.",
)
"""Twilio speaks Hebrew with Google's voices alone, so the voice is named."""


def phrases_for(language: str) -> Phrases:
    """Return the sentences for a BCP 47 tag."""
    primary = language.replace("_", "-").split("-")[0].lower()
    return HEBREW if primary in {"he", "iw"} else ENGLISH
