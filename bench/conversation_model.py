"""`python -m bench.conversation_model`: a model of known pace behind OpenAI's API, on loopback.

Answers each request after a given time, then word by word, and remembers when it was asked and
when its first sentence was complete. Prints its port as a JSON line; answers each line of stdin
with what it remembers; ends with its stdin. A process of its own, so that the server under test
does not pay for it.
"""

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Final

from bench.conversation_words import reply_words
from tests.support.child_process import serve_orders

MAX_BODY_BYTES: Final = 1 << 20
HEADERS_END: Final = b"\r\n\r\n"
STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
MODELS: Final = b'{"object":"list","data":[]}'


@dataclass(slots=True)
class Asked:
    """One request."""

    said: str
    """What the caller said last."""
    number: int
    """Of the reply."""
    asked_at: float
    """When the whole request was here; `time.monotonic()`, which all processes share."""
    sentence_at: float | None = None
    """When the word went out that shows where the first sentence ends: the one behind it."""


@dataclass(slots=True)
class Model:
    """The server.

    Args:
        token_s: from a request to the first word of its answer.
        word_s: from one word to the next.
    """

    token_s: float
    word_s: float
    asked: list[Asked] = field(default_factory=list[Asked])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it is closed."""
        try:
            while True:
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The client has left, perhaps in the middle of an answer: an interruption.
        finally:
            writer.close()

    def report(self, _order: str) -> dict[str, Any]:
        """Tell of all requests so far."""
        return {"asked": [asdict(one) for one in self.asked]}

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(HEADERS_END)).decode("latin-1").lower()
        length = head.partition("content-length:")[2].partition("\r\n")[0].strip()
        body = await reader.readexactly(min(int(length or 0), MAX_BODY_BYTES))
        if head.startswith("get"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
            writer.write(b"content-length: %d\r\n\r\n" % len(MODELS) + MODELS)
            return
        asked = Asked(_last_words(json.loads(body)), len(self.asked) + 1, time.monotonic())
        self.asked.append(asked)
        await self._answer(asked, writer)

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        first, rest = reply_words(asked.number)
        writer.write(STREAM_HEAD)
        for place, word in enumerate([*first, *rest]):
            due_at = asked.asked_at + self.token_s + place * self.word_s
            await asyncio.sleep(max(0.0, due_at - time.monotonic()))
            if place == len(first):
                asked.sentence_at = time.monotonic()
            writer.write(_chunk(word if place == 0 else f" {word}"))
            await writer.drain()
        writer.write(_event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
        writer.write(_sized(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await writer.drain()


def _last_words(request: dict[str, Any]) -> str:
    content: str = request["messages"][-1]["content"]
    return content


def _chunk(text: str) -> bytes:
    delta = {"content": text}
    return _event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


def _event(content: dict[str, Any]) -> bytes:
    return _sized(b"data: %s\n\n" % json.dumps(content).encode())


def _sized(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def run(token_s: float, word_s: float) -> None:
    """Serve until stdin ends."""
    model = Model(token_s, word_s)
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(model.serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        await serve_orders(listener.sockets[0].getsockname()[1], model.report)
    finally:
        listener.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def main() -> int:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(prog="bench.conversation_model", description=__doc__)
    parser.add_argument("--token-s", type=float, default=0.35)
    parser.add_argument("--word-s", type=float, default=0.02)
    options = parser.parse_args()
    asyncio.run(partial(run, options.token_s, options.word_s)())
    return 0


if __name__ == "__main__":
    sys.exit(main())
