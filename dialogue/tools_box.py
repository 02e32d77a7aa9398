"""Runs the tools that a model calls, and turns whatever comes of it into a result.

Owns the bounds: time, threads, size of a result, what a tool may have done; and tells the call
of every tool that was used. A tool's exception becomes an error that the model reads; its text
stays out of logs, as it may hold what a caller said. `dialogue.model_reply` hands the calls over.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
from loguru import logger

from dialogue.own_errors import place_of
from dialogue.own_outputs import AnswerRefused, OutputReader
from dialogue.own_threads import AgentThreads
from dialogue.ports import (
    BrainOutput,
    CallFacts,
    CollectDigits,
    EndCall,
    LeaveNote,
    Say,
    ToolOutcome,
    ToolUsed,
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
    outcome: ToolOutcome = "done"


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
        """Run one and tell the call of it, even if nobody waits for the end."""
        tool = self._tools.get(call.name)
        now = asyncio.get_running_loop().time
        outcome: ToolOutcome = "interrupted"
        began_at = now()
        try:
            result = await self._result(tool, call, facts) if tool else self._no_such_tool()
            outcome = result.outcome
        finally:
            took_ms = (now() - began_at) * 1000
            name = tool.name if tool else ""
            facts.on_tool(ToolUsed(name, outcome, took_ms, call.arguments))
        return result

    def _no_such_tool(self) -> ToolResult:
        names = ", ".join(self._tools)
        return _error(f"there is no such tool; there are: {names}", "unknown")

    async def _result(self, tool: Tool, call: ToolCall, facts: CallFacts) -> ToolResult:
        log = logger.bind(call_sid=facts.call_sid)
        try:
            arguments = dict(tool.read_arguments(call.arguments))
            if tool.call_parameter:
                arguments[tool.call_parameter] = facts
            async with asyncio.timeout(tool.timeout_s):
                return _result(await self._value(tool, arguments))
        except ToolError as error:
            return _error(str(error), "refused")
        except AnswerRefused as refusal:
            log.warning("tool {}: {}", tool.name, refusal)
            return _error(str(refusal), "refused")
        except TimeoutError:
            log.warning("tool {}: no result within {:g} s", tool.name, tool.timeout_s)
            return _error("it took too long; whether it was done is not known", "late")
        # The boundary to foreign code; `sys.exit()` in a tool must not end the server.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            log.warning("tool {}: {}", tool.name, place_of(error))
            return _error("it failed", "failed")

    async def _value(self, tool: Tool, arguments: dict[str, Any]) -> Any:
        if tool.is_async:
            return await tool.function(**arguments)
        await self._threads.take_seat()
        return await self._threads.run(lambda: tool.function(**arguments))


def _result(value: Any) -> ToolResult:
    several = tuple(cast("list[Any]", value)) if isinstance(value, list | tuple) else (value,)
    if several and all(isinstance(one, _DEEDS) for one in several):
        reader = OutputReader()
        deeds = (reader.read(one) for one in several)
        return ToolResult(DONE, tuple(deed for deed in deeds if deed is not None))
    return ToolResult(_text(value)[:MAX_RESULT_CHARS])


def _text(value: Any) -> str:
    if value is None:
        return DONE
    if isinstance(value, str):
        return value
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _error(text: str, outcome: ToolOutcome) -> ToolResult:
    told = orjson.dumps({"error": text[:MAX_ERROR_CHARS]}).decode()
    return ToolResult(told, outcome=outcome)
