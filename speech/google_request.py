"""One segment of speech recognised by a single request.

Owns the request's task and its time. A refused configuration is asked again on the next rung,
so that the segment is not lost. Answers once, by its sink. The recogniser makes it.
"""

import asyncio

import grpc

from speech.failure import Failure, failure_of
from speech.google_channels import PooledChannel
from speech.google_config import SINGLE_TIMEOUT_S
from speech.google_ladder import Rung
from speech.google_service import NOTHING_LEFT, GoogleService
from speech.google_status import one_line, status_name
from speech.ports import Recognized, RecognizeFailed, RecognizeSink, StreamEnded


class GoogleRequest:
    """Implements `speech.ports.Cancellable`."""

    __slots__ = ("_service", "_sink", "_task", "_timeout_s")

    def __init__(
        self,
        service: GoogleService,
        audio: bytes,
        sink: RecognizeSink,
        timeout_s: float = SINGLE_TIMEOUT_S,
    ) -> None:
        self._service = service
        self._sink: RecognizeSink | None = sink
        self._timeout_s = timeout_s
        service.counters.requests += 1
        self._task = asyncio.get_running_loop().create_task(self._run(audio))
        self._task.add_done_callback(lambda _task: service.served.discard(self))
        service.served.add(self)

    def cancel(self) -> None:
        """Drop the request; the sink hears nothing more."""
        self._sink = None
        self._task.cancel()

    def end(self, status: str, detail: str = "") -> None:
        """End it now and tell the sink; nothing happens if it is answered already."""
        sink, self._sink = self._sink, None
        self._task.cancel()
        if sink is not None:
            self._service.counters.failed_requests += 1
            sink(RecognizeFailed(status, detail))

    async def wait_closed(self) -> None:
        """Wait until nothing runs any more; only after `end` or `cancel`."""
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, audio: bytes) -> None:
        answer: Recognized | RecognizeFailed
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._ask(audio)
        except TimeoutError:
            answer = RecognizeFailed("DEADLINE_EXCEEDED", f"no answer in {self._timeout_s:.1f} s")
        # The boundary to gRPC: whatever goes wrong there is a request that failed.
        except Exception as error:  # noqa: BLE001
            answer = RecognizeFailed("INTERNAL", type(error).__name__)
        if isinstance(answer, RecognizeFailed):
            self._service.counters.failed_requests += 1
        sink, self._sink = self._sink, None
        if sink is not None:
            sink(answer)

    async def _ask(self, audio: bytes) -> Recognized | RecognizeFailed:
        """Ask on the rung in use, and on the next as long as they are refused."""
        ended = NOTHING_LEFT
        while (rung := self._service.ladder.current) is not None:
            pool = self._service.pool(rung)
            channel = pool.take()
            try:
                return Recognized(await self._ask_on(channel, rung, audio))
            except grpc.RpcError as error:
                refusal = StreamEnded(status_name(error), one_line(error.details() or ""))
                ended = self._service.ended(rung, refusal)
            finally:
                pool.give_back(channel)
            if failure_of(ended.status, ended.detail) is not Failure.CONFIG:
                break
        return RecognizeFailed(ended.status, ended.detail)

    async def _ask_on(self, channel: PooledChannel, rung: Rung, audio: bytes) -> str:
        dialect = self._service.dialect
        response = await channel.single(
            dialect.single(rung, audio),
            metadata=dialect.metadata(rung),
            timeout=self._timeout_s,
            wait_for_ready=True,
        )
        channel.heard += 1
        self._service.well()
        texts = (one.alternatives[0].transcript for one in response.results if one.alternatives)
        return " ".join(stripped for text in texts if (stripped := text.strip()))
