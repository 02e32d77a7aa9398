"""Makes one short line for the log of what a far side said about a failure.

Pure. A service may quote the text it could not speak, and texts are personal data: words of
the text do not get through, nor does anything in quotation marks or beyond ASCII. Google's
synthesiser uses it.
"""

import re
from typing import Final

MAX_CHARS: Final = 160
"""Longest line."""

HIDDEN: Final = "…"
"""Stands for what was left out."""

_QUOTED: Final = re.compile(r"([\"“”«»„]).*?(?:[\"“”«»„]|$)", re.DOTALL)
_WORD: Final = re.compile(r"\w+")
_SHORT_CHARS: Final = 3
"""Words up to this length say nothing by themselves, unless they are numbers."""


def short_reason(status: str, detail: str, text: str) -> str:
    """Return `STATUS: detail` on one line, without the text.

    Args:
        status: a gRPC status name.
        detail: what the far side said, of any length.
        text: what was to be spoken.
    """
    words = {word.casefold() for word in _WORD.findall(text)}

    def hide(found: re.Match[str]) -> str:
        word = found.group()
        if not word.isascii():
            return HIDDEN
        short = len(word) <= _SHORT_CHARS and word.isalpha()
        return HIDDEN if word.casefold() in words and not short else word

    shown = _WORD.sub(hide, _QUOTED.sub(HIDDEN, detail))
    shown = " ".join(shown.split())[:MAX_CHARS]
    return f"{status}: {shown}" if shown else status
