"""Reads a model's answer off the wire: bytes, events, pieces.

Owns the bounds on what a server may send and the tolerance for what servers leave out. Pure:
knows no socket and no clock, and repeats nothing of what came in its errors. The stream is
`text/event-stream` (html.spec.whatwg.org/multipage/server-sent-events.html) with chat
completion chunks in it. `dialogue.openai_model` feeds it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import orjson

from dialogue.model_stream import Finished, ModelError, Piece, TextDelta, ToolDelta

MAX_EVENT_BYTES: Final = 262_144
"""One event. A chunk holds a word or two; some servers send all arguments of a tool in one."""

MAX_STREAM_BYTES: Final = 8_388_608
"""One answer: 4096 tokens, the most that may be asked for, are about 1 MB of events."""

_Json = Mapping[str, Any]
_NOTHING: Final[_Json] = {}
_DONE: Final = b"[DONE]"
_PLAIN_CODE: Final = re.compile(r"[a-z0-9_.-]{1,40}")
"""An error code that can be shown: a word of a protocol, not a sentence that quotes somebody."""


class EventReader:
    """Cuts one answer's bytes into the data of its events."""

    def __init__(self) -> None:
        self._line = b""
        self._data: list[bytes] = []
        self._event_bytes = 0
        self._read = 0
        self.done = False
        """Whether the server has said that nothing more comes."""

    def push(self, chunk: bytes) -> Iterator[bytes]:
        """Take the next bytes and yield the data of every event that is whole by now.

        Raises:
            ModelError: more than an answer can have.
        """
        self._read += len(chunk)
        if self._read > MAX_STREAM_BYTES:
            raise ModelError(f"model: an answer of more than {MAX_STREAM_BYTES} bytes")
        lines = (self._line + chunk).split(b"\n")
        self._line = lines.pop()
        if len(self._line) > MAX_EVENT_BYTES:
            raise ModelError(f"model: an event of more than {MAX_EVENT_BYTES} bytes")
        for line in lines:
            yield from self._take(line.removesuffix(b"\r"))

    def _take(self, line: bytes) -> Iterator[bytes]:
        if line.startswith(b"data:"):
            self._event_bytes += len(line)
            if self._event_bytes > MAX_EVENT_BYTES:
                raise ModelError(f"model: an event of more than {MAX_EVENT_BYTES} bytes")
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            data, self._data, self._event_bytes = b"\n".join(self._data), [], 0
            if data.strip() == _DONE:
                self.done = True
            elif not self.done:
                yield data


def pieces_of(data: bytes) -> Iterator[Piece]:
    """Yield what the data of one event holds for us, perhaps nothing.

    Raises:
        ModelError: it is no chunk of an answer, or says that the server failed.
    """
    try:
        chunk = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise ModelError("model: an event that is not JSON") from None
    if not isinstance(chunk, dict):
        raise ModelError("model: an event that is no JSON object")
    fields = cast("_Json", chunk)
    if error := fields.get("error"):
        raise ModelError(f"model: the server reported an error{_code(error)} in its answer")
    choices = fields.get("choices")
    if not choices:
        return  # The usage, a ping, a content filter's report.
    try:
        yield from _choice_pieces(choices[0])
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        raise ModelError("model: an event of another shape than a chat completion's") from None


def _choice_pieces(choice: _Json) -> Iterator[Piece]:
    delta: _Json = choice.get("delta") or _NOTHING
    text: object = delta.get("content")
    if text:
        if not isinstance(text, str):
            raise TypeError
        yield TextDelta(text)
    for place, call in enumerate(cast("list[_Json]", delta.get("tool_calls") or [])):
        yield _tool_delta(place, call)
    if reason := choice.get("finish_reason"):
        yield Finished(str(reason)[:40])


def _tool_delta(place: int, call: _Json) -> ToolDelta:
    """Read a part of a tool call; servers other than OpenAI's leave out the index or the id."""
    function: _Json = call.get("function") or _NOTHING
    index = call.get("index")
    return ToolDelta(
        place if index is None else int(index),
        str(call.get("id") or ""),
        str(function.get("name") or ""),
        _arguments(function.get("arguments")),
    )


def _arguments(value: Any) -> str:
    """Take arguments as the text they should be; some servers send the object itself."""
    if isinstance(value, str) or value is None:
        return value or ""
    return orjson.dumps(value).decode()


def _code(error: object) -> str:
    fields = cast("_Json", error) if isinstance(error, dict) else _NOTHING
    code: object = fields.get("code") or fields.get("type")
    return f" ({code})" if isinstance(code, str) and _PLAIN_CODE.fullmatch(code) else ""
