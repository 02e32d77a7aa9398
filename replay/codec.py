"""Messages, engine events and brain outputs as JSON, and back. Pure.

A dataclass is a list: its name, then its fields in order. Bytes are base64. A field that
was added since a recording was made takes its default; one that was removed is an error.
"""

import base64
import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from inspect import formatannotation
from types import UnionType
from typing import Any, Final, get_args, get_type_hints

from actors import messages, outcome
from dialogue import ports as brains
from replay.fields import Take, taker
from speech import ports as speech

FORMAT: Final = 1
"""Version of the recording's lines."""

_UNIONS: Final[tuple[Any, ...]] = (
    messages.RxMessage,
    messages.TxMessage,
    messages.AgentMessage,
    messages.CallMessage,
    outcome.Outcome,
    brains.CallerEvent,
    brains.BrainOutput,
    brains.ToolUsed,
    brains.Manners,
    speech.RecognizerEvent,
    speech.Recognized | speech.RecognizeFailed,
    speech.SynthesisEvent,
)


class RecordingError(Exception):
    """A recording cannot be used. One line: where, what, what was expected."""


def _members(union: Any) -> Iterator[type[Any]]:
    if isinstance(union, UnionType):
        yield from get_args(union)
    else:
        yield union


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of such a type."""

    name: str
    expected: str
    take: Take


@dataclass(frozen=True, slots=True)
class _Known:
    """A type that can be made again."""

    kind: type[Any]
    required: int
    """Fields without a default."""

    fields: tuple[_Field, ...]

    @property
    def count(self) -> str:
        """How many fields it may have, in words."""
        most = len(self.fields)
        return f"{most}" if self.required == most else f"{self.required} to {most}"


def _known(kind: type[Any]) -> _Known:
    fields = dataclasses.fields(kind)
    hints = get_type_hints(kind)
    missing = dataclasses.MISSING
    required = sum(one.default is missing and one.default_factory is missing for one in fields)
    return _Known(kind, required, tuple(_field(one.name, hints[one.name]) for one in fields))


def _field(name: str, hint: Any) -> _Field:
    expected = "base64" if hint is bytes else formatannotation(hint)
    return _Field(name, expected, taker(hint))


_KNOWN: Final = {one.__name__: _known(one) for union in _UNIONS for one in _members(union)}


def pack(value: Any) -> Any:  # noqa: PLR0911  # one for each kind of value
    """Make what JSON can hold.

    Raises:
        TypeError: it holds something that is neither data nor one of ours.
    """
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [pack(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, frozenset):
        return sorted(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, dict):
        return {str(key): pack(one) for key, one in value.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if dataclasses.is_dataclass(value):
        fields = (pack(getattr(value, field.name)) for field in dataclasses.fields(value))
        return [type(value).__name__, *fields]
    raise TypeError(f"recording: a {type(value).__name__} has no JSON form")


def unpack(packed: list[Any]) -> Any:
    """Make the message, event or output again.

    Args:
        packed: a name, then fields.

    Raises:
        RecordingError: it is none that is known, or has other fields. The text tells nothing
            of what they hold.
    """
    name = packed[0]
    known = _KNOWN.get(name)
    if known is None:
        raise RecordingError("expected a message of a known kind")
    values = packed[1:]
    if not known.required <= len(values) <= len(known.fields):
        raise RecordingError(f"{name}: {len(values)} fields, expected {known.count}")
    taken = [_taken(name, field, one) for field, one in zip(known.fields, values, strict=False)]
    try:
        return known.kind(*taken)
    except ValueError as error:
        raise RecordingError(f"{error}") from None


def _taken(name: str, field: _Field, value: Any) -> Any:
    try:
        return field.take(value)
    except ValueError:
        raise RecordingError(f"{name}.{field.name}: expected {field.expected}") from None


def encode(line: tuple[Any, ...]) -> bytes:
    """Make a line of a file, newline included.

    Raises:
        TypeError, ValueError: it holds something that JSON cannot.
    """
    text = json.dumps(pack(line), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def as_read(what: tuple[Any, ...]) -> list[Any]:
    """Say what a line will be once it is read from a file."""
    content: list[Any] = json.loads(encode(what))
    return content
