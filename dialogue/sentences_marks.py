"""Which full stops end a sentence in Hebrew and English, and which belong to a word.

Pure. Where a full stop may be either, the sentence goes on: a cut that comes too late costs
a little time, one that comes too early is heard. `dialogue.sentences` asks.
"""

import re
from typing import Final

OPENING: Final = "([{\"'“„‘«*_`\u200e\u200f"
"""What may stand before a word without belonging to it."""

_DOTTED: Final = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
"""Letters with full stops between them: U.S, e.g, p.m, ת.ז; the last stop is not part of it."""

_LIST_NUMBER: Final = re.compile(r"\W*\d{1,3}")

_NEVER_ENDS: Final = frozenset(
    [
        "adm",
        "approx",
        "apr",
        "aug",
        "ave",
        "blvd",
        "capt",
        "cf",
        "col",
        "dept",
        "dr",
        "est",
        "esp",
        "ext",
        "feb",
        "fig",
        "fri",
        "gen",
        "gov",
        "hon",
        "jan",
        "jul",
        "jun",
        "lt",
        "maj",
        "messrs",
        "mon",
        "mr",
        "mrs",
        "ms",
        "mt",
        "mx",
        "nov",
        "oct",
        "op",
        "prof",
        "pt",
        "rep",
        "rev",
        "sat",
        "sen",
        "sep",
        "sept",
        "sgt",
        "st",
        "ste",
        "sun",
        "tel",
        "thu",
        "thur",
        "thurs",
        "tue",
        "tues",
        "viz",
        "vs",
        "wed",
        "גב",
        "מס",
        "עמ",
        "פרופ",
        "רח",
        "שד",
        "טל",
    ]
)
"""Words cut short that something always follows. `mar`, `sat` and the like are words too, but
a sentence that ends in one of those kept here is rarer than a date or a name."""

_BEFORE_NUMBERS: Final = frozenset(
    ["art", "ch", "fig", "no", "nos", "nr", "p", "pp", "para", "sec", "vol"]
)
"""Cut short before a number only: "No. 5", but "No. We are closed"."""

_MAY_END: Final = frozenset(
    ["a.m", "p.m", "am", "pm", "bros", "co", "corp", "etc", "inc", "jr", "ltd", "plc", "sr"]
)
"""Cut short, but often last in a sentence: what follows tells."""


def is_end(before: str, mark: str, ahead: str | None, *, line_start: bool) -> bool | None:
    """Judge a mark behind which a blank comes.

    Args:
        before: the sentence up to the mark.
        mark: `.`, `?`, `!`, `…` or several, with the closing quotes and brackets behind.
        ahead: the next character that is not blank, empty for none; None: not known yet.
        line_start: whether `before` begins a line.

    Returns:
        whether the sentence ends here; None if that depends on `ahead`, which is not known.
    """
    if mark[0] == "…" or mark.startswith(".."):
        return None if ahead is None else not ahead.islower()
    if mark[0] != ".":
        return True
    if line_start and _LIST_NUMBER.fullmatch(before):
        return False
    word = before.rsplit(maxsplit=1)[-1].lstrip(OPENING) if before else ""
    return _stop_ends(word, word.casefold(), ahead)


def _stop_ends(word: str, plain: str, ahead: str | None) -> bool | None:
    """Judge a single full stop by the word before it."""
    if plain in _MAY_END:
        return None if ahead is None else not (ahead.islower() or ahead.isdigit())
    if plain in _BEFORE_NUMBERS:
        return None if ahead is None else not ahead.isdigit()
    if plain in _NEVER_ENDS or _DOTTED.fullmatch(word):
        return False
    # A single capital is somebody's initial, a single Hebrew letter too; "I" is a word.
    is_initial = len(word) == 1 and word.isalpha() and not word.islower()
    return word == "I" or not is_initial
