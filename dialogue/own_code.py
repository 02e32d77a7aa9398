"""Finds an agent's code by its name, and says what can be called in what it makes.

Owns the form of the setting `AGENT=package.module:factory` and one clear line for each way
in which it can be wrong. Imports that module, once, at boot. `dialogue.own_agent` and
`dialogue.own_brain` use it.
"""

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Final, cast

from dialogue.agent_api import AgentFactory, Respond
from dialogue.fields import DialogueError, quoted
from dialogue.own_errors import place_of
from dialogue.own_outputs import AnswerRefused
from dialogue.own_threads import CODE_FAILED

_FORM: Final = "package.module:factory"


def load_factory(spec: str) -> AgentFactory:
    """Import the function that makes a call's agent.

    Args:
        spec: `package.module:factory`, found as Python finds modules.

    Raises:
        DialogueError: it cannot be used; one line with the setting and what is wrong.
    """
    module_name, _, name = spec.partition(":")
    if not (all(part.isidentifier() for part in module_name.split(".")) and name.isidentifier()):
        raise DialogueError(f"AGENT={quoted(spec)}: expected {_FORM}")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise DialogueError(f"AGENT={spec}: no module named {error.name}") from None
    except CODE_FAILED as error:
        raise DialogueError(f"AGENT={spec}: importing {module_name}: {place_of(error)}") from None
    factory = getattr(module, name, None)
    if factory is None:
        raise DialogueError(f"AGENT={spec}: module {module_name} has no {name}")
    if not callable(factory):
        kind = type(factory).__name__
        raise DialogueError(f"AGENT={spec}: expected a function or a class, {name} is {kind}")
    return cast("AgentFactory", factory)


def respond_of(agent: object) -> Respond:
    """Return what is told of a call's events: a method of the agent, or the agent itself.

    Raises:
        AnswerRefused: it has none.
    """
    respond = getattr(agent, "respond", agent)
    if not callable(respond):
        kind = type(agent).__name__
        raise AnswerRefused(f"the factory gave {kind}; expected respond() or a function")
    return cast("Respond", respond)


def close_of(agent: object) -> Callable[[], object] | None:
    """Return what an agent wants called when its call is over, if anything."""
    close = getattr(agent, "close", None)
    return cast("Callable[[], object]", close) if callable(close) else None


def runs_on_the_loop(code: Callable[..., object]) -> bool:
    """Tell whether calling something only makes a coroutine or an async generator."""
    called = (code, type(code).__call__)  # An object may have an `async def __call__`.
    return any(map(inspect.iscoroutinefunction, called)) or any(
        map(inspect.isasyncgenfunction, called)
    )
