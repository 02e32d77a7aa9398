"""A model's server on loopback: real HTTP, chat completions as server-sent events.

Answers are scripted, one `Answer` for each request; an answer waits for an event where a test
must look at something first. Keeps what it was asked and says when a client has gone.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

WAIT_S = 5.0
"""For what must happen; a test that waits this long has failed."""


def delta(text: str) -> dict[str, Any]:
    """A chunk with the next text."""
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


def call(name: str, arguments: str, call_id: str = "c1", index: int = 0) -> dict[str, Any]:
    """A chunk with a whole call of a tool."""
    function = {"name": name, "arguments": arguments}
    part = {"index": index, "id": call_id, "type": "function", "function": function}
    return {"choices": [{"index": 0, "delta": {"tool_calls": [part]}, "finish_reason": None}]}


def finish(reason: str = "stop") -> dict[str, Any]:
    """The chunk that ends an answer."""
    return {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


DONE = b"data: [DONE]\n\n"
ROLE = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}

Step = dict[str, Any] | bytes | asyncio.Event
"""A chunk, raw bytes, or something to wait for."""


@dataclass
class Answer:
    """How one request is answered."""

    steps: Sequence[Step] = ()
    status: int = 200
    body: bytes = b'{"error": {"message": "the caller said SECRET"}}'
    """Of an answer with another status."""

    cut: bool = False
    """Whether the connection is lost behind the steps."""

    hold_head: asyncio.Event | None = None
    """What the status line waits for."""

    keep_open: bool = False
    """Whether nothing ends the stream behind the steps."""


def text_answer(*texts: str, reason: str = "stop") -> Answer:
    """An answer of some pieces of text."""
    return Answer([ROLE, *map(delta, texts), finish(reason), DONE])


@dataclass
class OpenAIServer:
    """What was asked, and what will be answered."""

    answers: deque[Answer] = field(default_factory=deque[Answer])
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    paths: list[str] = field(default_factory=list[str])
    connections: int = 0
    url: str = ""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """A client has closed its connection before its answer was complete."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    """A request has come."""

    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        # Cancelled at the end of the test: asyncio's own callback would report it.
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
        }
        self.paths.append(head[0])
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        self.headers.append(headers)
        if head[0].startswith("GET"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
            writer.write(b'content-length: 11\r\n\r\n{"data":[]}')
            self.reached.set()
            return True
        self.asked.append(json.loads(content))
        self.reached.set()
        answer = self.answers.popleft()
        watch = asyncio.get_running_loop().create_task(self._watch(reader))
        try:
            return await self._answer(answer, writer, watch)
        finally:
            watch.cancel()
            await asyncio.wait({watch})

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        """Notice a client that leaves; none sends anything while it is being answered."""
        if await reader.read(1) == b"":
            self.gone.set()

    async def _answer(
        self, answer: Answer, writer: asyncio.StreamWriter, watch: "asyncio.Task[None]"
    ) -> bool:
        if answer.hold_head is not None:
            await self._until(answer.hold_head, watch)
        if answer.status != 200:
            writer.write(f"HTTP/1.1 {answer.status} No\r\n".encode())
            writer.write(b"content-type: application/json\r\n")
            writer.write(f"content-length: {len(answer.body)}\r\n\r\n".encode() + answer.body)
            return True
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
        writer.write(b"transfer-encoding: chunked\r\n\r\n")
        for step in answer.steps:
            if isinstance(step, asyncio.Event):
                await self._until(step, watch)
                continue
            data = step if isinstance(step, bytes) else b"data: %s\n\n" % json.dumps(step).encode()
            writer.write(b"%x\r\n%s\r\n" % (len(data), data))
            await writer.drain()
        if answer.keep_open:
            await self._until(asyncio.Event(), watch)
        if answer.cut:
            writer.transport.abort()
            return False
        writer.write(b"0\r\n\r\n")
        return True

    async def _until(self, event: asyncio.Event, watch: "asyncio.Task[None]") -> None:
        """Wait for an event, or for the client to leave."""
        waiting = asyncio.get_running_loop().create_task(event.wait())
        try:
            await asyncio.wait({waiting, watch}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not event.is_set():
            raise ConnectionResetError


@asynccontextmanager
async def serving(*answers: Answer) -> AsyncIterator[OpenAIServer]:
    """Serve on a free port of loopback; everything has ended afterwards."""
    server = OpenAIServer(deque(answers))
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield server
    finally:
        listener.close()
        for task in list(server.tasks):
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)
        await listener.wait_closed()
