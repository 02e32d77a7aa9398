"""Reads typed values out of a TOML table; every mistake is one line with file, key, expected.

Pure. Knows nothing of scenarios: `scenario_file` says which key is of which type.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self, TypeGuard

from phone.errors import PhoneError


class Fields:
    """One table of a file.

    Args:
        values: the table.
        where: what an error begins with, up to the key: `cough.toml: turn[2].`.
        allowed: its keys.

    Raises:
        PhoneError: it has another key.
    """

    def __init__(self, values: Mapping[str, Any], where: str, allowed: Iterable[str]) -> None:
        self._values = values
        self._where = where
        for key in values:
            if key not in allowed:
                raise self.error(key, f"unknown; expected one of {', '.join(allowed)}")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def error(self, key: str, expected: str) -> PhoneError:
        """The error of one key, to be raised."""
        return PhoneError(f"{self._where}{key}: {expected}")

    def raw(self, key: str) -> Any:
        """A value of any type; None where it is missing."""
        return self._values.get(key)

    def text(self, key: str, default: str | None = None, *, max_chars: int = 500) -> str:
        """A text that is not empty; without a default it must be there."""
        value = self._values.get(key, default)
        if not isinstance(value, str) or not 0 < len(value) <= max_chars:
            raise self.error(key, f"expected a text of 1 to {max_chars} characters")
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A number between two bounds, both allowed."""
        return self.checked_number(key, self._values.get(key, default), low, high)

    def checked_number(self, key: str, value: object, low: float, high: float) -> float:
        """Check a number that stands under a key."""
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise self.error(key, f"expected a number from {low:g} to {high:g}")

    def table(self, key: str, allowed: Iterable[str]) -> Self:
        """A table below this one; empty where it is missing."""
        value: object = self._values.get(key, {})
        if not is_table(value):
            raise self.error(key, f"expected a table of {', '.join(allowed)}")
        return type(self)(value, f"{self._where}{key}.", allowed)

    def tables(self, key: str, most: int) -> list[dict[str, Any]]:
        """An array of tables, at least one."""
        value: object = self._values.get(key)
        if not is_list(value) or not 0 < len(value) <= most or not all(map(is_table, value)):
            raise self.error(key, f"expected 1 to {most} tables: [[{key}]]")
        return [one for one in value if is_table(one)]

    def texts(self, key: str, most: int) -> tuple[str, ...]:
        """One text or several; none where it is missing."""
        value: object = self._values.get(key, [])
        several = value if is_list(value) else [value]
        found = tuple(one for one in several if isinstance(one, str) and one.strip())
        if len(found) != len(several) or len(found) > most:
            raise self.error(key, f"expected a text or a list of at most {most} texts")
        return found

    def pairs(self, key: str, most: int) -> dict[str, str]:
        """A table of texts under any names."""
        value: object = self._values.get(key, {})
        if not is_table(value) or len(value) > most:
            raise self.error(key, f"expected a table of at most {most} texts")
        for name, text in value.items():
            if not isinstance(text, str):
                raise self.error(f"{key}.{name}", "expected a text")
        return {name: str(text) for name, text in value.items()}


def is_table(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value of a TOML document is a table: its keys are texts by nature."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether a value of a TOML document is an array."""
    return isinstance(value, list)
