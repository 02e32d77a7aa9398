"""The child's half of a worker process: reads packets, lets an engine answer them.

Owns: the child's stdin and stdout and its end. Never knows what the engine does. A worker
ends when its stdin closes, so none outlives its server; it ignores SIGINT and SIGTERM,
which reach the whole process group, because only the server decides when calls are over.
The modules `speech.*_worker` call `serve()`; `speech.worker_process` is the other half.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any, Final, Protocol

from speech.packets import Packet, PacketReader, encode
from speech.ports import EngineError
from speech.worker_kinds import FromWorker, ToWorker

READ_BYTES: Final = 65_536
"""Most that is read at once."""

SIGN_OF_LIFE_S: Final = 0.5
"""A worker with a backlog says at least so often that it is alive."""

FAULT_EXIT_CODE: Final = 70
"""Exit code of a worker that met the fault marker."""

Answer = Callable[[FromWorker, int, bytes], None]
"""Sends one packet to the server: kind, job, body."""


class WorkerEngine(Protocol):
    """What a worker does with packets."""

    def handle(self, packet: Packet) -> None:
        """Work a packet off; answers go through the `Answer` given to the factory."""
        ...


EngineFactory = Callable[[dict[str, Any], Answer], WorkerEngine]
"""Makes the engine from its configuration; raises EngineError when it cannot work."""


def serve(factory: EngineFactory) -> None:
    """Serve one server until its end of the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    answer = _answers_to(_private_stdout())
    packets = _packets()
    configuration = json.loads(next(packets).body)
    try:
        engine = factory(configuration, answer)
    except EngineError as error:
        answer(FromWorker.REFUSED, 0, str(error).encode())
        return
    answer(FromWorker.READY, 0, b"")
    marker = bytes.fromhex(configuration.get("fault_marker", ""))
    alive_at = monotonic()
    for packet in packets:
        if marker and marker in packet.body:
            os._exit(FAULT_EXIT_CODE)
        if packet.kind == ToWorker.PING:
            answer(FromWorker.PONG, packet.job, b"")
        else:
            engine.handle(packet)
        if monotonic() - alive_at >= SIGN_OF_LIFE_S:
            alive_at = monotonic()
            answer(FromWorker.PONG, 0, b"")


def _private_stdout() -> int:
    """Keep stdout for packets: what a library prints goes to stderr instead."""
    packets = os.dup(1)
    os.dup2(sys.stderr.fileno(), 1)
    return packets


def _answers_to(descriptor: int) -> Answer:
    def answer(kind: FromWorker, job: int, body: bytes) -> None:
        data = memoryview(encode(Packet(kind, job, body)))
        while data:
            data = data[os.write(descriptor, data) :]

    return answer


def _packets() -> Iterator[Packet]:
    reader = PacketReader()
    while data := os.read(0, READ_BYTES):
        yield from reader.feed(data)
