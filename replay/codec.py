"""Messages, engine events and brain outputs as JSON, and back. Pure.

A dataclass is a list: its name, then its fields in order. Bytes are base64. A field that
was added since a recording was made takes its default; one that was removed is an error.
"""

import base64
import dataclasses
import json
from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Any, Final, get_args

from actors import messages, outcome
from dialogue import ports as brains
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


_TYPES: Final = {one.__name__: one for union in _UNIONS for one in _members(union)}


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


def unpack(packed: Any) -> Any:
    """Make the message, event or output again.

    Raises:
        RecordingError: it is none that is known, or has other fields.
    """
    whole: list[Any] = packed if isinstance(packed, list) else []  # pyright: ignore[reportUnknownVariableType]
    name = whole[0] if whole else None
    kind = _TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise RecordingError("recording: a message of an unknown kind")
    fields = dataclasses.fields(kind)
    values = whole[1:]
    if len(values) > len(fields):
        raise RecordingError(f"recording: {name}: {len(values)} fields, expected {len(fields)}")
    decoded = [
        base64.b64decode(value) if field.type is bytes else value
        for field, value in zip(fields, values, strict=False)
    ]
    try:
        return kind(*decoded)
    except (TypeError, ValueError) as error:
        raise RecordingError(f"recording: {name}: {error}") from None


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
