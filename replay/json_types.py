"""The types of JSON, told from one another and said to the type checkers. Pure."""

from typing import Any, TypeGuard


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether it is a list."""
    return isinstance(value, list)


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether it is an object."""
    return isinstance(value, dict)


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether it is a number; to Python a bool is one as well."""
    return type(value) in {int, float}
