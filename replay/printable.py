"""Text from a recording as a terminal may be sent it: one line, no control characters. Pure."""


def printable(text: str) -> str:
    """Write what is not printable as an escape, half of a surrogate pair included."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
