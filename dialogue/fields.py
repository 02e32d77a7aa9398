"""One table of a dialogue file being read: typed values, and mistakes said in one line.

Knows types, bounds and where in the file it stands (`intents[2].follow_ups[0].name`);
knows nothing of what a dialogue is. `dialogue.loader` asks it. Written by hand and not as
a pydantic model: "a text or a list of texts" gives one mistake several locations there.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, cast

_MAX_QUOTED_CHARACTERS: Final = 40
"""How much of a wrong value an error message repeats."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Unicode category Cc: a NUL would end a text early inside a synthesiser written in C."""


class DialogueError(Exception):
    """A dialogue file cannot be used. The message is one line: file, key, what is expected."""


def quoted(value: object) -> str:
    """Repeat a wrong value on one line, shortened, the way TOML would write it."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _MAX_QUOTED_CHARACTERS else text[:_MAX_QUOTED_CHARACTERS] + "…"


class Fields:
    """A table of the file and the path that leads to it."""

    def __init__(self, values: Mapping[str, object], path: str, allowed: Sequence[str]) -> None:
        """Take a table.

        Args:
            values: What TOML made of it.
            path: Where it stands, empty for the top of the file.
            allowed: The keys it may have.

        Raises:
            DialogueError: it has another key.
        """
        self._values = values
        self._path = path
        for key in values:
            if key not in allowed:
                raise DialogueError(f"{self.place(_shown(key))}: {_unknown(key, allowed)}")

    def place(self, key: str) -> str:
        """Return the path of one of this table's keys."""
        return f"{self._path}.{key}" if self._path else key

    def has(self, key: str) -> bool:
        """Tell whether the file sets a key."""
        return key in self._values

    def text(self, key: str, limit: int) -> str:
        """Read a text of 1 to `limit` characters; runs of white space become one space."""
        return _text(self._required(key, "a text"), self.place(key), limit)

    def texts(self, key: str, limit: int, most: int) -> tuple[str, ...]:
        """Read a list of 1 to `most` texts."""
        value = self._required(key, "a list of texts")
        listed = _listed(value, self.place(key), most, "a list of texts")
        return tuple(_text(item, place, limit) for place, item in listed)

    def text_or_texts(self, key: str, limit: int, most: int) -> tuple[str, ...]:
        """Read a text, or a list of 1 to `most` of them."""
        value = self._required(key, "a text or a list of texts")
        if isinstance(value, str):
            return (self.text(key, limit),)
        listed = _listed(value, self.place(key), most, "a text or a list of texts")
        return tuple(_text(item, place, limit) for place, item in listed)

    def choice(self, key: str, options: Sequence[str]) -> str:
        """Read one of at least two words."""
        *others, last = (f'"{option}"' for option in options)
        expected = f"{', '.join(others)} or {last}"
        value = self._required(key, expected)
        if value in options:
            return cast("str", value)
        raise self._wrong(key, f"expected {expected}", value)

    def whole(self, key: str, least: int, most: int) -> int:
        """Read a whole number."""
        value = self._required(key, "a whole number")
        if type(value) is int and least <= value <= most:
            return value
        raise self._wrong(key, f"expected a whole number from {least} to {most}", value)

    def switch(self, key: str, *, default: bool) -> bool:
        """Read true or false."""
        value = self._values.get(key, default)
        if isinstance(value, bool):
            return value
        raise self._wrong(key, "expected true or false", value)

    def seconds(self, key: str, least: float, most: float) -> float:
        """Read a number of seconds."""
        value = self._required(key, "a number of seconds")
        if type(value) in (int, float) and least <= cast("float", value) <= most:
            return float(cast("float", value))
        expected = f"expected a number of seconds from {least:g} to {most:g}"
        raise self._wrong(key, expected, value)

    def table(self, key: str, allowed: Sequence[str]) -> "Fields":
        """Read a table inside this one."""
        value = self._required(key, f"a table: [{self.place(key)}]")
        return _table(value, self.place(key), allowed)

    def inline(self, key: str, allowed: Sequence[str]) -> "Fields":
        """Read a table that stands in one line."""
        value = self._required(key, f"a table: {{ {allowed[0]} = … }}")
        return _table(value, self.place(key), allowed)

    def tables(self, key: str, most: int, allowed: Sequence[str]) -> Iterator["Fields"]:
        """Read a list of 1 to `most` tables."""
        kind = "a list of tables ([[…]])"
        value = self._required(key, kind)
        for place, item in _listed(value, self.place(key), most, kind):
            yield _table(item, place, allowed)

    def _required(self, key: str, kind: str) -> object:
        if key not in self._values:
            raise DialogueError(f"{self.place(key)}: missing; expected {kind}")
        return self._values[key]

    def _wrong(self, key: str, expected: str, value: object) -> DialogueError:
        return DialogueError(f"{self.place(key)}: {expected}, not {quoted(value)}")


def _shown(key: str) -> str:
    """Return an unknown key for a message: as it is, unless it would break the line."""
    short = len(key) <= _MAX_QUOTED_CHARACTERS
    return key if short and key.isprintable() else quoted(key)


def _unknown(key: str, allowed: Sequence[str]) -> str:
    close = get_close_matches(key[:_MAX_QUOTED_CHARACTERS], allowed, n=1)
    hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(allowed)}"
    return f"unknown key; {hint}"


def _text(value: object, place: str, limit: int) -> str:
    if not isinstance(value, str):
        raise DialogueError(f"{place}: expected a text, not {quoted(value)}")
    text = " ".join(value.split())
    if not text:
        raise DialogueError(f"{place}: expected a text, not an empty one")
    if control := _CONTROL.search(text):
        raise DialogueError(f"{place}: expected no control characters, such as {control[0]!r}")
    if len(text) > limit:
        raise DialogueError(f"{place}: expected at most {limit} characters, not {len(text)}")
    return text


def _listed(value: object, place: str, most: int, kind: str) -> Iterator[tuple[str, object]]:
    if not isinstance(value, list):
        raise DialogueError(f"{place}: expected {kind}, not {quoted(value)}")
    items = cast("list[object]", value)
    if not 1 <= len(items) <= most:
        raise DialogueError(f"{place}: expected 1 to {most} entries, not {len(items)}")
    for index, item in enumerate(items):
        yield f"{place}[{index}]", item


def _table(value: object, place: str, allowed: Sequence[str]) -> Fields:
    if not isinstance(value, dict):
        raise DialogueError(f"{place}: expected a table, not {quoted(value)}")
    return Fields(cast("dict[str, object]", value), place, allowed)
