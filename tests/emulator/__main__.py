"""`python -m tests.emulator --port 0`: Google's speech service, as far as a call needs it.

Prints one JSON line with its port, then takes orders from stdin, one JSON object a line, and
answers each with one line. It ends with its stdin, so that no run leaves one behind.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator

from tests.emulator.emulator import Emulator
from tests.emulator.house import Limits

MAX_ORDER_BYTES = 16 * 1024 * 1024
DEFAULTS = Limits()


def main() -> None:
    """Run until stdin ends or `stop` is said."""
    parser = argparse.ArgumentParser(prog="tests.emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--stream-limit-s", type=float, default=DEFAULTS.stream_s)
    parser.add_argument("--audio-timeout-s", type=float, default=DEFAULTS.audio_timeout_s)
    parser.add_argument("--quiet-ms", type=int, default=DEFAULTS.quiet_ms)
    parser.add_argument("--thinking-s", type=float, default=DEFAULTS.thinking_s)
    parser.add_argument(
        "--hold", action="store_true", help="listen only once a first line has come"
    )
    options = parser.parse_args()
    limits = Limits(
        stream_s=options.stream_limit_s,
        audio_timeout_s=options.audio_timeout_s,
        quiet_ms=options.quiet_ms,
        thinking_s=options.thinking_s,
    )
    asyncio.run(_run(Emulator(limits), options.port, hold=options.hold))


async def _run(emulator: Emulator, port: int, *, hold: bool) -> None:
    lines = _lines()
    if hold:
        _answer({"held": True})
        await anext(lines)
    _answer({"port": await emulator.start(port)})
    try:
        async for line in lines:
            order = json.loads(line)
            if order.get("do") == "stop":
                _answer({})
                return
            _answer(await emulator.obey(order))
    finally:
        await emulator.stop()


async def _lines() -> AsyncIterator[bytes]:
    reader = asyncio.StreamReader(MAX_ORDER_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line


def _answer(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
