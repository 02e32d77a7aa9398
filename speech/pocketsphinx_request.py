"""One segment of speech recognised by itself, without a stream.

Owns: one job in the workers' pool and its time limit. Never segments. Actors hold it as a
`Cancellable`; `PocketsphinxRecognizer.recognize()` makes it.
"""

import asyncio
from typing import Final

from speech.ports import Recognized, RecognizeFailed, RecognizeSink
from speech.utterance_job import MAX_AUDIO_BYTES, UtteranceJob, UtteranceListener
from speech.worker_pool import WorkerPool

REQUEST_TIMEOUT_S: Final = 10.0
"""Longest wait for an answer, replays after a worker's death among it."""


class PocketsphinxRequest:
    """Implements `speech.ports.Cancellable`."""

    def __init__(self, pool: WorkerPool, audio: bytes, sink: RecognizeSink) -> None:
        self._sink: RecognizeSink | None = sink
        self._job: UtteranceJob | None = None
        self._timeout = asyncio.get_running_loop().call_later(REQUEST_TIMEOUT_S, self._too_late)
        if len(audio) > MAX_AUDIO_BYTES:
            self._fail("INVALID_ARGUMENT", f"{len(audio)} bytes, at most {MAX_AUDIO_BYTES}")
            return
        listener = UtteranceListener(lambda _: None, self._answer, self._fail)
        self._job = UtteranceJob(pool, audio, listener)
        self._job.end()

    def cancel(self) -> None:
        """Forget it."""
        self._sink = None
        self._timeout.cancel()
        job, self._job = self._job, None
        if job is not None:
            job.cancel()

    def _answer(self, text: str) -> None:
        sink = self._sink
        self.cancel()
        if sink is not None:
            sink(Recognized(text))

    def _fail(self, status: str, detail: str) -> None:
        sink = self._sink
        self.cancel()
        if sink is not None:
            sink(RecognizeFailed(status, detail))

    def _too_late(self) -> None:
        self._fail("DEADLINE_EXCEEDED", f"no answer within {REQUEST_TIMEOUT_S} s")
