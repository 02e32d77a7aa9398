"""The tools that one answer of a model calls: gathered from pieces, then told back to it.

Pure. Owns the shape of the messages about them. `dialogue.model_reply` feeds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dialogue.model_stream import Message, ModelError, ToolDelta
from dialogue.tools_box import ToolCall, ToolResult
from dialogue.tools_parameters import MAX_ARGUMENT_CHARS

MAX_CALLS: Final = 8
"""In one answer; nobody on the telephone waits for more."""

UNKNOWN: Final = '{"error": "interrupted by the caller; it may have been done or not"}'
"""The result of a tool that was not waited for."""


@dataclass(slots=True)
class _Gathered:
    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class CallGatherer:
    """The calls of one answer, as they come in."""

    def __init__(self) -> None:
        self._calls: list[_Gathered] = []

    def push(self, delta: ToolDelta) -> None:
        """Take the next part of a call.

        Raises:
            ModelError: more calls, or longer ones, than an answer may have.
        """
        call = self._call(delta)
        call.id = call.id or delta.id
        call.name = call.name or delta.name
        call.arguments += delta.arguments
        if len(call.arguments) > MAX_ARGUMENT_CHARS:
            raise ModelError(f"model: a tool's arguments beyond {MAX_ARGUMENT_CHARS} characters")

    def calls(self) -> list[ToolCall]:
        """Return what was called for; calls without an id get one."""
        return [
            ToolCall(call.id or f"call_{place}", call.name, call.arguments)
            for place, call in enumerate(self._calls)
        ]

    def _call(self, delta: ToolDelta) -> _Gathered:
        """Find the call that a part belongs to; the newest, as an index may be used twice."""
        for call in reversed(self._calls):
            # Some servers give every call the index 0: a new id then means a new call.
            if call.index == delta.index and (not delta.id or call.id in {"", delta.id}):
                return call
        if len(self._calls) >= MAX_CALLS:
            raise ModelError(f"model: more than {MAX_CALLS} calls of tools in one answer")
        self._calls.append(_Gathered(delta.index))
        return self._calls[-1]


def messages_about(
    calls: Sequence[ToolCall], results: Sequence[ToolResult] | None, said: str = ""
) -> list[Message]:
    """Return the messages that tell a model of its own calls and what came of them.

    Args:
        calls: what it called.
        results: one for each; None: they are not known, and may never be.
        said: what the answer said besides.
    """
    asked = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments or "{}"},
        }
        for call in calls
    ]
    texts = [UNKNOWN] * len(calls) if results is None else [result.text for result in results]
    return [
        {"role": "assistant", "content": said or None, "tool_calls": asked},
        *(
            {"role": "tool", "tool_call_id": call.id, "content": text}
            for call, text in zip(calls, texts, strict=True)
        ),
    ]
