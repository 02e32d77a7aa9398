"""Functions of your own that a model may call: `@tool` makes one of a plain function.

Owns what a tool is; `dialogue.tools_parameters` turns type hints into a JSON schema,
`dialogue.tools_box` runs tools, `dialogue.tools_load` finds those of the setting AGENT_TOOLS.
Written for users: `from dialogue.tools import tool, ToolError`. See docs/agents.md.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, overload

from dialogue.tools_parameters import Parameter, ToolError, parameters_of, read_arguments, schema_of

__all__ = ["MAX_DESCRIPTION_CHARS", "Tool", "ToolError", "tool"]

DEFAULT_TIMEOUT_S: Final = 5.0
"""For one call of a tool: nobody waits longer in silence, and the agent gives up at 8 s."""

MAX_DESCRIPTION_CHARS: Final = 1024
"""OpenAI's limit (platform.openai.com/docs/api-reference/chat, `tools.function`)."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""OpenAI's rule for names, same place."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may call."""

    name: str
    description: str
    function: Callable[..., Any]
    """Plain functions run in a thread and may block; `async` ones run on the loop of all calls
    and must not."""

    timeout_s: float = DEFAULT_TIMEOUT_S
    parameters: tuple[Parameter, ...] = ()
    call_parameter: str = ""
    """The name of the parameter that gets the `CallFacts`; empty: none."""

    is_async: bool = field(default=False)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as if it had never been decorated."""
        return self.function(*args, **kwargs)

    @property
    def spec(self) -> dict[str, Any]:
        """The tool as a model is told of it."""
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": schema_of(self.parameters),
        }
        return {"type": "function", "function": function}

    def read_arguments(self, text: str) -> Mapping[str, Any]:
        """Make the arguments of the JSON that a model wrote.

        Raises:
            ToolError: they do not fit; told to the model.
        """
        return read_arguments(self.parameters, text)


@overload
def tool(function: Callable[..., Any], /) -> Tool:  # noqa: D418  # every public one has one
    """Make a tool: `@tool`."""


@overload
def tool(  # noqa: D418
    *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> Callable[[Callable[..., Any]], Tool]:
    """Make a tool with a time of its own: `@tool(timeout_s=3)`."""


def tool(
    function: Callable[..., Any] | None = None, /, *, timeout_s: float = DEFAULT_TIMEOUT_S
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a function: its name, docstring and type hints are what the model knows.

    A parameter annotated with `dialogue.ports.CallFacts` gets the call and is not shown to the
    model. The result is told to the model; a `Say`, `TransferCall`, `EndCall`, `CollectDigits`
    or `LeaveNote`, or a list of these, is done instead.

    Args:
        function: the function, where the decorator is written without parentheses.
        timeout_s: for one call of it.

    Raises:
        TypeError: no tool can be made of it; one line.
    """
    if function is None:
        return partial(_made, timeout_s=timeout_s)
    return _made(function, timeout_s)


def _made(function: Callable[..., Any], timeout_s: float) -> Tool:
    name: str = getattr(function, "__name__", "")
    if not _NAME.fullmatch(name):
        raise TypeError(f"tool {name!r}: expected a name of 1 to 64 letters, digits, _ and -")
    description = inspect.cleandoc(function.__doc__ or "")
    if not 0 < len(description) <= MAX_DESCRIPTION_CHARS:
        expected = f"a docstring of 1 to {MAX_DESCRIPTION_CHARS} characters: the model reads it"
        raise TypeError(f"tool {name}: expected {expected}")
    parameters, call_parameter = parameters_of(name, function)
    is_async = inspect.iscoroutinefunction(function)
    return Tool(name, description, function, timeout_s, parameters, call_parameter, is_async)
