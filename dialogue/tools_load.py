"""Finds the tools that the setting AGENT_TOOLS names, or says in one line why it cannot.

Imports the user's module, once, at boot. `dialogue.model_dialogue` asks.
"""

import importlib
from collections.abc import Iterable, Sequence
from typing import Final

from dialogue.fields import DialogueError
from dialogue.own_errors import place_of
from dialogue.tools import Tool

MAX_TOOLS: Final = 128
"""OpenAI's limit (platform.openai.com/docs/api-reference/chat, `tools`)."""


def load_tools(module_name: str) -> list[Tool]:
    """Import a module and return the tools that it has, in the order of their definition.

    Raises:
        DialogueError: no such module, one that fails, or one without tools; one line.
    """
    where = f"AGENT_TOOLS={module_name}"
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        expected = "a module that can be imported from the folder of server.py"
        raise DialogueError(f"{where}: no module {error.name!r}; expected {expected}") from None
    except TypeError as error:  # What `@tool` raises, and what any code may.
        raise DialogueError(f"{where}: {' '.join(str(error).split())}") from None
    # The boundary to the user's code, which runs as it is imported.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        raise DialogueError(f"{where}: cannot be imported: {place_of(error)}") from None
    tools = [value for value in vars(module).values() if isinstance(value, Tool)]
    if not tools:
        raise DialogueError(f"{where}: holds no tool; expected functions with @tool")
    return tools


def checked_tools(tools: Iterable[Tool]) -> Sequence[Tool]:
    """Return the tools if a model can be told of all of them.

    Raises:
        DialogueError: two have the same name, or there are too many.
    """
    found: dict[str, Tool] = {}
    for tool in tools:
        if found.setdefault(tool.name, tool) is not tool:
            raise DialogueError(f"AGENT_TOOLS: two tools are called {tool.name}; rename one")
    if len(found) > MAX_TOOLS:
        raise DialogueError(f"AGENT_TOOLS: {len(found)} tools; expected at most {MAX_TOOLS}")
    return tuple(found.values())
