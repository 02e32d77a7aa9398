"""Drops from a sentence what is written to be looked at: Markdown, emoji, control characters.

Pure, one sentence at a time; a mark of Markdown that was cut in two is dropped in both
halves. Nothing here gets longer. `dialogue.sentences` asks before a sentence is spoken.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_FENCE: Final = re.compile(r"^\s*(?:`{3,}|~{3,})\s*[\w+#.-]*\s*$")
_TABLE_RULE: Final = re.compile(r"^[\s|:-]*$")
_LINE_MARK: Final = re.compile(r"^\s*(?:>\s*)*(?:#{1,6}\s+|[-*+•‣◦]\s+(?:\[[ xX]\]\s+)?)?")
"""A quotation, a heading, a bullet or a box to tick, at the beginning of a line."""

_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_HALF_LINK: Final = re.compile(r"\]\([^()\s]*\)?|\[(?=[^\]]*$)")
_STRONG: Final = re.compile(r"\*+(?=\S)|(?<=\S)\*+|~~|`+")
"""Asterisks that touch something; one between blanks multiplies."""

_UNDERLINED: Final = re.compile(r"(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)")
"""Underscores around words; one within a word belongs to it."""

_FIRST_SYMBOL: Final = "\u2190"
"""Symbols before this (©, °, ™, №, ℃) can be spoken, those from here on are pictures."""

_PICTURES: Final = (("\u2300", "\u23ff"), ("\u2600", "\u27bf"), ("\U0001f000", "\U0001faff"))
"""Blocks of emoji; not all of their characters are of the category "other symbol"."""


def speakable(raw: str, *, line_start: bool) -> str:
    """Return what a voice is to say of a sentence; empty if it holds no letter or digit.

    Args:
        raw: the sentence as the model wrote it.
        line_start: whether it begins a line.
    """
    text = raw
    if line_start:
        if _FENCE.match(text) or _TABLE_RULE.match(text):
            return ""
        text = text[_LINE_MARK.match(text).end() :]  # type: ignore[union-attr]  # matches all
    text = _LINK.sub(r"\1", text)
    text = _HALF_LINK.sub("", text)
    text = _UNDERLINED.sub("", _STRONG.sub("", text))
    text = " ".join("".join(map(_spoken_character, text)).split())
    return text if any(map(str.isalnum, text)) else ""


@lru_cache(maxsize=4096)
def _spoken_character(character: str) -> str:
    """The character itself, a blank, or nothing."""
    category = unicodedata.category(character)
    if category == "Cc" or character == "|":
        return " "
    # Half of a pair, private use, unassigned, formatting, keycap: no voice can say them.
    if category in {"Cs", "Co", "Cn", "Cf", "Me", "Sk"} and character not in "^`´¨":
        return ""
    if "\ufe00" <= character <= "\ufe0f":
        return ""
    if category == "So" and character >= _FIRST_SYMBOL:
        return ""
    return "" if any(low <= character <= high for low, high in _PICTURES) else character
