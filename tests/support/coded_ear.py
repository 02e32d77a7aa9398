"""Google's recogniser on loopback for coded words: activity, growing partials, finals.

Owns the hearing of one stream; the protocol is the emulator's own, `tests.emulator`, with
another ear in it. A word is said once it has ended, a final comes after some quiet. Noise is
speech activity without words.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc
import grpc.aio

from media import g711
from media.frame import FRAME_BYTES, FRAME_MS
from speech import ports
from tests.emulator.house import House
from tests.emulator.recognition import StreamRun
from tests.emulator.speech import SpeechServicer
from tests.emulator.wire import Wire
from tests.emulator.wire_v1 import WireV1
from tests.support.coded_words import LEAST_FRAMES, Codebook
from tests.support.stamped_hearing import QUIET_MS, STABILITY, HeardEvent, Hearing

NOISE_RMS: Final = 800.0
"""Sound without words that is taken for speech: a cough, not an echo."""


class CodedHearing(Hearing):
    """What one stream hears."""

    def __init__(self, book: Codebook) -> None:
        super().__init__()
        self._book = book
        self._word: str | None = None
        self._length = 0
        self._said: list[str] = []

    def push(self, payload: bytes) -> list[HeardEvent]:
        self.track.push(payload)
        word = self._book.word_of(payload)
        if word is None and g711.rms(payload) < NOISE_RMS:
            return [*self._end_word(), *self._quieter()]
        events = [*self._begin(), *(self._end_word() if word != self._word else ())]
        self._word, self._length = word, self._length + 1
        return events

    def flush(self) -> list[HeardEvent]:
        return [*self._end_word(), *self._end()]

    def _begin(self) -> Iterator[HeardEvent]:
        self._quiet = 0
        if not self._active:
            self._active = True
            yield ports.SpeechActivity(began=True)

    def _end_word(self) -> Iterator[HeardEvent]:
        word, length = self._word, self._length
        self._word, self._length = None, 0
        if word is not None and length >= LEAST_FRAMES:
            self._said.append(word)
            self._voice_end = self.track.frames
            yield ports.Partial(" ".join(self._said), STABILITY, self._voice_end_ms())

    def _quieter(self) -> list[HeardEvent]:
        self._quiet += 1
        ends = self._active and self._quiet >= QUIET_MS // FRAME_MS
        return list(self._end()) if ends else []

    def _end(self) -> Iterator[HeardEvent]:
        if self._active:
            self._active = False
            yield ports.SpeechActivity(began=False)
        if self._said:
            yield ports.Final(" ".join(self._said), self._voice_end_ms())
            self._said = []


class CodedEar:
    """Stands in the place of `StampedEar`: hears one stream, to which nothing ever happens."""

    call = None
    number = None

    def __init__(self, book: Codebook) -> None:
        self.hearing = CodedHearing(book)
        self._rest = b""

    def hear(self, audio: bytes) -> Iterator[HeardEvent]:
        audio = self._rest + audio
        whole = len(audio) - len(audio) % FRAME_BYTES
        self._rest = audio[whole:]
        for at in range(0, whole, FRAME_BYTES):
            yield from self.hearing.push(audio[at : at + FRAME_BYTES])

    def flush(self) -> Iterator[HeardEvent]:
        yield from self.hearing.flush()


class CodedServicer(SpeechServicer):
    """The emulator's servicer with coded ears."""

    def __init__(self, house: House, wire: Wire, book: Codebook) -> None:
        super().__init__(house, wire)
        self._book = book

    async def streaming_recognize(self, _requests: object, context: Any) -> None:
        run = StreamRun(self._house, self._wire, context)
        run.__dict__["_ear"] = CodedEar(self._book)
        await run.run()


@asynccontextmanager
async def recognising(book: Codebook) -> AsyncIterator[str]:
    """Run the recogniser on loopback; gives `host:port`."""
    wire = WireV1()
    servicer = CodedServicer(House(), wire, book)
    method = grpc.stream_stream_rpc_method_handler(
        servicer.streaming_recognize,
        wire.parse_stream_request,
        lambda message: message.SerializeToString(),
    )
    handler = grpc.method_handlers_generic_handler(wire.service, {"StreamingRecognize": method})
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
