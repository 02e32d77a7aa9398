"""The caller's number on its way from the voice webhook to the call's brain.

Owns which text passes for a number or an address, and how withheld ones look. It travels as a
parameter of the stream, so it is checked at both ends: what comes in with `start` may come
from anybody where no token is demanded. Personal data: nothing here logs.
"""

import re
from typing import Final

CALLER_PARAMETER: Final = "from"
"""The name of the stream's parameter."""

MAX_CALLER_CHARS: Final = 128
"""Longest number or address. E.164 has 16 characters, a `sip:` URI rarely 100; Twilio takes
500 for the name and value of a parameter (twilio.com/docs/voice/twiml/stream)."""

_ALLOWED: Final = re.compile(r"[+0-9a-zA-Z:@._-]+")

_WITHHELD_WORDS: Final = ("anonymous", "blocked", "private", "restricted", "unavailable", "unknown")

_KEYS: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
"""The letters on a telephone's keys (ITU-T E.161)."""

_WITHHELD: Final = frozenset(_WITHHELD_WORDS) | {word.translate(_KEYS) for word in _WITHHELD_WORDS}
"""Withheld numbers come as a word, or, where there must be digits, as that word keyed in:
`+266696687` is ANONYMOUS."""


def caller_of(sent: str) -> str:
    """Return the caller's number or address; empty for none, a withheld one, or nonsense."""
    address = sent.strip().partition(";")[0]  # a URI's parameters are the route's, not the name's
    if len(address) > MAX_CALLER_CHARS or not _ALLOWED.fullmatch(address):
        return ""
    name = re.sub(r"^sips?:", "", address.lower()).partition("@")[0].removeprefix("+")
    return "" if name in _WITHHELD else address
