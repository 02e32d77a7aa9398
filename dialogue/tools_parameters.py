"""The parameters of a tool: from type hints to a JSON schema, from a model's JSON to values.

Pure. Leans on pydantic for single values, one at a time, so that a parameter may have any
name. `dialogue.tools` asks.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast, get_args, get_origin, get_type_hints

import orjson
from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from dialogue.ports import CallFacts

MAX_ARGUMENT_CHARS: Final = 16_384
"""The JSON of one call; a few sentences are a few hundred characters."""

_KINDS: Final = frozenset({inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY})


class ToolError(Exception):
    """A tool cannot do what it was asked. The text is told to the model, never logged."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter that the model fills in."""

    name: str
    schema: Mapping[str, Any]
    adapter: TypeAdapter[Any]
    required: bool


def parameters_of(name: str, function: Callable[..., Any]) -> tuple[tuple[Parameter, ...], str]:
    """Read a function's signature.

    Returns:
        what the model fills in, and the name of the parameter for the `CallFacts`, if any.

    Raises:
        TypeError: a parameter has no type, or one that has no JSON schema; one line.
    """
    try:
        hints = get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise TypeError(f"tool {name}: a type hint cannot be read: {error}") from None
    parameters: list[Parameter] = []
    call_parameter = ""
    for parameter in inspect.signature(function).parameters.values():
        where = f"tool {name}, parameter {parameter.name}"
        if parameter.kind not in _KINDS:
            raise TypeError(f"{where}: expected one that can be given by its name")
        if parameter.name not in hints:
            raise TypeError(f"{where}: expected a type hint such as str or int | None")
        if hints[parameter.name] is CallFacts:
            call_parameter = parameter.name
        else:
            parameters.append(_parameter(where, parameter, hints[parameter.name]))
    return tuple(parameters), call_parameter


def schema_of(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return the JSON schema of an object with these parameters."""
    return {
        "type": "object",
        "properties": {parameter.name: parameter.schema for parameter in parameters},
        "required": [parameter.name for parameter in parameters if parameter.required],
        "additionalProperties": False,
    }


def read_arguments(parameters: Sequence[Parameter], text: str) -> dict[str, Any]:
    """Make arguments of the JSON that a model wrote.

    Raises:
        ToolError: they do not fit; says which and what is expected.
    """
    given = _json_object(text)
    if unknown := given.keys() - {parameter.name for parameter in parameters}:
        raise ToolError(f"unknown arguments: {', '.join(sorted(unknown))[:200]}")
    arguments: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.name in given:
            arguments[parameter.name] = _value(parameter, given[parameter.name])
        elif parameter.required:
            raise ToolError(f"argument {parameter.name}: missing")
    return arguments


def _parameter(where: str, parameter: inspect.Parameter, hint: Any) -> Parameter:
    expected = f"{where}: expected str, int, float, bool, Literal, or a list of these"
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
        schema = adapter.json_schema()
    except (PydanticUserError, PydanticSchemaGenerationError):
        raise TypeError(expected) from None
    if "$defs" in schema:  # A type with parts of its own: its references would not fit here.
        raise TypeError(expected)
    for note in get_args(hint)[1:] if get_origin(hint) is Annotated else ():
        if isinstance(note, str):  # The usual short form, which pydantic leaves to others.
            schema["description"] = note
    required = parameter.default is inspect.Parameter.empty
    return Parameter(parameter.name, schema, adapter, required)


def _json_object(text: str) -> dict[str, Any]:
    if len(text) > MAX_ARGUMENT_CHARS:
        raise ToolError(f"expected arguments of at most {MAX_ARGUMENT_CHARS} characters")
    try:
        given: object = orjson.loads(text) if text.strip() else dict[str, Any]()
    except orjson.JSONDecodeError:
        raise ToolError("expected the arguments as a JSON object") from None
    if not isinstance(given, dict):
        raise ToolError("expected the arguments as a JSON object")
    return cast("dict[str, Any]", given)


def _value(parameter: Parameter, given: Any) -> Any:
    try:
        return parameter.adapter.validate_python(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ToolError(f"argument {parameter.name}: {first['msg']}") from None
