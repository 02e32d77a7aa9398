"""The fields of messages: whether what JSON holds fits a field's type. Pure.

Owns the types that a message's fields may have in a recording. `replay.codec` asks.
"""

import base64
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from replay.json_types import is_list

Take = Callable[[Any], Any]
"""Makes a field's value of what JSON holds; raises `ValueError` where that does not fit."""


def taker(hint: Any) -> Take:  # noqa: PLR0911  # one for each kind of type
    """Say how values of a type are taken.

    Args:
        hint: a field's type, resolved. Nothing fits one that has no JSON form.
    """
    if hint is bytes:
        return _octets
    if hint is float:
        return _one_of(int, float)
    if hint in {bool, int, str, NoneType}:
        return _one_of(hint)
    if get_origin(hint) in {Union, UnionType}:
        return _first_of([taker(one) for one in get_args(hint)])
    if get_origin(hint) is Literal:
        return _member_of(get_args(hint))
    if hint == frozenset[str]:
        return _texts
    return _nothing


def _one_of(*types: type) -> Take:
    """Take these types alone: to Python a bool is an int as well."""

    def take(value: Any) -> Any:
        if type(value) not in types:
            raise ValueError
        return value

    return take


def _first_of(takers: list[Take]) -> Take:
    def take(value: Any) -> Any:
        for one in takers:
            try:
                return one(value)
            except ValueError:
                continue
        raise ValueError

    return take


def _member_of(members: tuple[Any, ...]) -> Take:
    def take(value: Any) -> Any:
        if not isinstance(value, str) or value not in members:
            raise ValueError
        return value

    return take


def _octets(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004  # as all of them
    return base64.b64decode(value, validate=True)


def _texts(value: Any) -> frozenset[str]:
    if not is_list(value) or not all(isinstance(one, str) for one in value):
        raise ValueError
    return frozenset(value)


def _nothing(_value: Any) -> Any:
    raise ValueError
