"""Runs the tools that a model calls, and turns whatever comes of it into a result.

Owns the bounds: time, threads, size of a result. A tool's exception becomes an error that the
model reads; its text stays out of logs, as it may hold what a caller said.
`dialogue.model_reply` hands the calls over.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
from loguru import logger

from dialogue.own_errors import place_of
from dialogue.own_threads import AgentThreads
from dialogue.ports import (
    BrainOutput,
    CallFacts,
    CollectDigits,
    EndCall,
    LeaveNote,
    Say,
    TransferCall,
)
from dialogue.tools import Tool, ToolError

MAX_RESULT_CHARS: Final = 4000
"""Of one result; the model is sent it again with every later turn."""

MAX_ERROR_CHARS: Final = 500

DONE: Final = "done"
"""The result of a tool that returns nothing to tell."""

_DEEDS: Final = (Say, CollectDigits, LeaveNote, TransferCall, EndCall)
"""What a tool may return to be done rather than told."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model asks for."""

    id: str
    name: str
    arguments: str
    """JSON. Personal data."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of it."""

    text: str
    """For the model; at most `MAX_RESULT_CHARS`. Personal data."""

    deeds: tuple[BrainOutput, ...] = ()


class Toolbox:
    """All tools of the server, shared by its calls.

    Args:
        tools: each with a name of its own.
        threads: where plain functions run.
    """

    def __init__(self, tools: Sequence[Tool], threads: AgentThreads) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._threads = threads
        self.specs = tuple(tool.spec for tool in tools)
        """What a model is told of them."""

    async def run(self, calls: Sequence[ToolCall], facts: CallFacts) -> list[ToolResult]:
        """Run tools side by side; a result for each, in order."""
        return await asyncio.gather(*(self._run(call, facts) for call in calls))

    def close(self) -> None:
        """Let the threads go."""
        self._threads.close()

    async def _run(self, call: ToolCall, facts: CallFacts) -> ToolResult:
        tool = self._tools.get(call.name)
        if tool is None:
            return _error(f"there is no such tool; there are: {', '.join(self._tools)}")
        try:
            arguments = dict(tool.read_arguments(call.arguments))
            if tool.call_parameter:
                arguments[tool.call_parameter] = facts
            async with asyncio.timeout(tool.timeout_s):
                return _result(await self._value(tool, arguments))
        except ToolError as error:
            return _error(str(error))
        except TimeoutError:
            log = logger.bind(call_sid=facts.call_sid)
            log.warning("tool {}: no result within {:g} s", tool.name, tool.timeout_s)
            return _error("it took too long; whether it was done is not known")
        # The boundary to foreign code; `sys.exit()` in a tool must not end the server.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            log = logger.bind(call_sid=facts.call_sid)
            log.warning("tool {}: {}", tool.name, place_of(error))
            return _error("it failed")

    async def _value(self, tool: Tool, arguments: dict[str, Any]) -> Any:
        if tool.is_async:
            return await tool.function(**arguments)
        await self._threads.take_seat()
        return await self._threads.run(lambda: tool.function(**arguments))


def _result(value: Any) -> ToolResult:
    several = tuple(cast("list[Any]", value)) if isinstance(value, list | tuple) else (value,)
    if several and all(isinstance(one, _DEEDS) for one in several):
        return ToolResult(DONE, several)
    return ToolResult(_text(value)[:MAX_RESULT_CHARS])


def _text(value: Any) -> str:
    if value is None:
        return DONE
    if isinstance(value, str):
        return value
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _error(text: str) -> ToolResult:
    return ToolResult(orjson.dumps({"error": text[:MAX_ERROR_CHARS]}).decode())
