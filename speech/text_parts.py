"""Cuts a text into parts that one request can carry.

Pure. Nothing is lost and nothing added: the parts joined are the text. A cut lies behind a
sentence where there is one, else behind a space, else between two letters; never between a
letter and its vowel points. Google's synthesiser uses it.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

MAX_REQUEST_BYTES: Final = 5000
"""UTF-8 bytes of text in one request (cloud.google.com/text-to-speech/quotas)."""

_SENTENCE_END: Final = re.compile(r"(?:[.?!…׃][\"'”’׳״»)\u200e\u200f]*(?=\s)|\n)\s?")
_SPACE: Final = re.compile(r"\s")


def text_parts(text: str, max_bytes: int = MAX_REQUEST_BYTES) -> Iterator[str]:
    """Cut a text into parts of at most `max_bytes` bytes of UTF-8, each as long as can be.

    Args:
        text: any text without lone surrogates.
        max_bytes: at least 4, the longest character.
    """
    while len(text.encode()) > max_bytes:
        room = len(text.encode()[:max_bytes].decode(errors="ignore"))
        cut = _cut(text, room)
        yield text[:cut]
        text = text[cut:]
    if text:
        yield text


def _cut(text: str, room: int) -> int:
    """Where to cut, in characters: 1 to `room`."""
    for border in (_SENTENCE_END, _SPACE):
        ends = [found.end() for found in border.finditer(text) if found.end() <= room]
        if ends:
            return ends[-1]
    for cut in range(room, 0, -1):
        if not unicodedata.combining(text[cut]):
            return cut
    return room
