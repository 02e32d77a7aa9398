"""What a listening caller says without meaning to interrupt: "mhm", "yes", "I see".

Owns the lists of the languages we can write ourselves and the question whether an utterance
is nothing else. Pure; knows nothing of who speaks. `dialogue.loader` puts a list into the
`Manners` of a dialogue; the agent asks about what it hears while it speaks.
"""

from typing import Final

from dialogue.defaults import is_english
from dialogue.text import MAX_HEARD_CHARACTERS, is_hebrew, words

MAX_WORDS: Final = 3
"""Words in one backchannel: "all right then"."""

_ENGLISH: Final = (
    *("mhm", "mm", "mmm", "mm hm", "mm hmm", "hm", "hmm", "uh huh", "aha", "ah", "oh", "yeah"),
    *("yep", "yup", "yes", "okay", "ok", "o k", "alright", "all right", "right", "i see", "sure"),
    *("got it", "good", "great", "fine", "of course", "exactly", "understood", "i understand"),
)
"""No "no", "wait" or "what": they object. No "thank you": it often ends a call."""

_HEBREW: Final = (
    *("כן", "אהה", "אההה", "אהא", "אה", "אהם", "ממ", "מממ", "המ", "הממ", "בסדר", "בסדר גמור"),
    *("אוקיי", "אוקי", "או קיי", "נכון", "הבנתי", "יופי", "טוב", "טוב מאוד", "מצוין", "מעולה"),
    *("סבבה", "אחלה", "ברור", "בטח", "כמובן", "בדיוק", "מובן", "וואלה", "אני מבין", "אני מבינה"),
)
"""No "לא", "רגע" or "מה": they object. No "תודה": it often ends a call."""


def backchannel(text: str) -> str:
    """Return a text as it stands in a set of backchannels; empty if it has no words."""
    return " ".join(words(text))


_IN_ENGLISH: Final = frozenset(map(backchannel, _ENGLISH))
_IN_HEBREW: Final = frozenset(map(backchannel, _HEBREW))


def backchannels_for(language: str) -> frozenset[str]:
    """Return the backchannels of a BCP 47 tag; none for a language we do not know."""
    if is_hebrew(language):
        return _IN_HEBREW
    return _IN_ENGLISH if is_english(language) else frozenset()


def is_backchannel(text: str, known: frozenset[str]) -> bool:
    """Tell whether a text is one backchannel or several, and nothing else.

    Args:
        text: A transcript, perhaps a partial one. One without words is no backchannel; nor
            is one too long to be looked at whole.
        known: As `backchannels_for` gives them; longer ones than `MAX_WORDS` words do not
            count.
    """
    if not known or len(text) > MAX_HEARD_CHARACTERS:
        return False
    heard = words(text)
    ends = {0}
    """How many of the first words can be told as backchannels, in all ways to cut them."""
    for end in range(1, len(heard) + 1):
        starts = range(max(0, end - MAX_WORDS), end)
        if any(start in ends and " ".join(heard[start:end]) in known for start in starts):
            ends.add(end)
    return bool(heard) and len(heard) in ends
