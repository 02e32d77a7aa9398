"""One stream to Google's recogniser: a task that reads and one that writes.

Owns the audio that waits to be sent (bounded), the order of the messages, and the one event
that ends the stream. Never raises at its owner, and never restarts anything: a failure is
`StreamEnded` with gRPC's status. The recogniser makes it; an actor holds it.
"""

import asyncio
from collections import deque
from typing import Any, Final

import grpc
import grpc.aio

from speech.google_config import REQUEST_MAX_BYTES, SAMPLE_RATE_HZ, STREAM_TIMEOUT_S
from speech.google_ladder import Rung
from speech.google_responses import ResponseReader
from speech.google_send import send, send_end
from speech.google_service import GoogleService, OnEnd
from speech.google_status import one_line, status_name
from speech.google_wire import DuplexCall
from speech.ports import STREAM_WAITING_MAX_S, RecognizerSink, StreamEnded, StreamOpened

_AIO: Final[Any] = grpc.aio  # it has no types

MAX_WAITING_BYTES: Final = STREAM_WAITING_MAX_S * SAMPLE_RATE_HZ

LAST_FINALS_TIMEOUT_S: Final = 10.0
"""For the last finals after `half_close()`; then the stream ends by itself."""

DEAF_AFTER_BYTES: Final = SAMPLE_RATE_HZ
"""Audio sent without any answer that makes the connection of a given-up stream suspect."""


class EndedStream:
    """A stream that was over before it was returned; holds nothing."""

    __slots__ = ()

    def write(self, audio: bytes) -> None:
        """Take no notice."""

    def half_close(self) -> None:
        """Take no notice: the sink has heard the end."""

    def cancel(self) -> None:
        """Take no notice: the sink has heard the end."""

    async def wait_closed(self) -> None:
        """Return: nothing ever ran."""


class GoogleStream:
    """Implements `speech.ports.RecognizerStream`."""

    __slots__ = (
        "_call",
        "_channel",
        "_closing",
        "_counters",
        "_dialect",
        "_heard_before",
        "_on_end",
        "_pool",
        "_rung",
        "_sent_bytes",
        "_service",
        "_sink",
        "_tasks",
        "_timer",
        "_waiting",
        "_waiting_bytes",
        "_wake",
    )

    def __init__(
        self,
        service: GoogleService,
        rung: Rung,
        sink: RecognizerSink,
        on_end: OnEnd | None = None,
    ) -> None:
        self._service = service
        self._rung = rung
        self._sink: RecognizerSink | None = sink
        self._on_end: OnEnd = on_end or service.ended
        self._dialect = service.dialect
        self._counters = service.counters
        self._pool = service.pool(rung)
        self._channel = self._pool.take()
        self._heard_before = self._channel.heard
        self._sent_bytes = 0
        self._call: DuplexCall | None = None
        self._closing = False
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._wake: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._run())]
        # Not in the task: one that is cancelled before its first turn never runs.
        self._tasks[0].add_done_callback(self._on_done)
        service.served.add(self)

    # --- the port --------------------------------------------------------------------

    def write(self, audio: bytes) -> None:
        """Queue audio for sending; more than `STREAM_WAITING_MAX_S` of it ends the stream."""
        if self._sink is None or self._closing:
            self._counters.late_writes += 1
            return
        if self._waiting_bytes + len(audio) > MAX_WAITING_BYTES:
            self._counters.overflows += 1
            waits = f"{STREAM_WAITING_MAX_S} s of audio wait: the recogniser takes none"
            self.end("UNAVAILABLE", waits)
            return
        self._waiting_bytes += len(audio)
        if len(audio) <= REQUEST_MAX_BYTES:
            self._waiting.append(audio)
        else:
            starts = range(0, len(audio), REQUEST_MAX_BYTES)
            self._waiting.extend(audio[start : start + REQUEST_MAX_BYTES] for start in starts)
        self._wake_writer()

    def half_close(self) -> None:
        """Say that no more audio comes; what waits is sent first. Beyond the port: for probes."""
        if self._sink is None or self._closing:
            return
        self._closing = True
        self._timer = asyncio.get_running_loop().call_later(
            LAST_FINALS_TIMEOUT_S, self.end, "DEADLINE_EXCEEDED", "no end after the half-close"
        )
        self._wake_writer()

    def cancel(self) -> None:
        """Drop the stream; the sink hears nothing more."""
        if self._sink is None:
            return
        self._counters.cancelled += 1
        self._sink = None
        self._doubt_the_channel()
        self._stop()

    # --- the end ---------------------------------------------------------------------

    def end(self, status: str, detail: str = "") -> None:
        """End the stream now and tell the sink; nothing happens if it is over already."""
        sink, self._sink = self._sink, None
        if sink is None:
            return
        self._stop()
        told = self._on_end(self._rung, StreamEnded(status, one_line(detail)))
        self._counters.ended[told.status] += 1
        sink(told)

    def _stop(self) -> None:
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._call is not None:
            self._call.cancel()
            self._call = None
        for task in self._tasks:
            task.cancel()

    def _on_done(self, _task: asyncio.Task[None]) -> None:
        self._pool.give_back(self._channel)
        self._service.served.discard(self)
        # A cancelled task refers to us by its traceback: without this a collection frees us.
        self._tasks.clear()
        self._wake = None

    async def wait_closed(self) -> None:
        """Wait until nothing runs any more; only after `end` or `cancel`."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _doubt_the_channel(self) -> None:
        """A stream given up unanswered, on a connection that is silent for all, is a symptom."""
        silent = self._channel.heard == self._heard_before
        if silent and self._sent_bytes >= DEAF_AFTER_BYTES and self._pool.replace(self._channel):
            self._counters.replaced_channels += 1

    # --- reading ---------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            status, detail = await self._talk()
        except grpc.RpcError as error:
            status, detail = status_name(error), error.details() or ""
        # The boundary to gRPC: whatever goes wrong there is a stream that ended.
        except Exception as error:  # noqa: BLE001
            status, detail = "INTERNAL", type(error).__name__
        self.end(status, detail)

    async def _talk(self) -> tuple[str, str]:
        """Open, then read until the end, which is returned as status and detail."""
        call = self._call = self._channel.streaming(
            metadata=self._dialect.metadata(self._rung),
            timeout=STREAM_TIMEOUT_S,
            wait_for_ready=True,  # the owner's patience is the bound, not one lost connection
        )
        await call.wait_for_connection()
        if await send(call, self._dialect.first(self._rung)):
            self._counters.opened += 1
            self._tell(StreamOpened())
            self._tasks.append(asyncio.get_running_loop().create_task(self._send(call)))
        reader = ResponseReader(self._dialect, self._counters)
        while (response := await call.read()) is not _AIO.EOF:
            self._channel.heard += 1
            number, text = self._dialect.error_of(response)
            if number:
                return status_name(number), text
            self._service.well()
            for event in reader.read(response):
                self._tell(event)
        return "OK", ""

    def _tell(self, event: Any) -> None:
        if self._sink is not None:
            self._sink(event)

    # --- writing ---------------------------------------------------------------------

    def _wake_writer(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _send(self, call: DuplexCall) -> None:
        while await self._send_waiting(call):
            if self._closing:
                await send_end(call)
                return
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake

    async def _send_waiting(self, call: DuplexCall) -> bool:
        """Whether all of it was taken; otherwise the call is over."""
        while self._waiting:
            audio = self._waiting.popleft()
            self._sent_bytes += len(audio)
            if not await send(call, self._dialect.audio(audio)):
                return False
            self._waiting_bytes -= len(audio)  # after, so that what gRPC holds is counted too
        return True
