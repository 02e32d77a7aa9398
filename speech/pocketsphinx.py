"""The embedded English recogniser: phrases of a grammar, in worker processes.

Owns: the workers and the streams over them. Recognises nothing but the phrases it was made with
(and that something was none of them), in US English. Never loads the library in this process: its
calls hold the GIL. The server makes it through `speech.engines`.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from speech.grammar import normalise_phrases
from speech.pocketsphinx_request import PocketsphinxRequest
from speech.pocketsphinx_stream import PocketsphinxStream, StreamCounters
from speech.ports import Cancellable, RecognizerSink, RecognizeSink
from speech.worker_pool import PoolCounters, WorkerPool
from speech.worker_process import HANG_S, WorkerSpec

MAX_WORKERS: Final = 2
"""Most worker processes: each keeps up with seven to nine calls that speak at once (0.1 s of
CPU for each second of speech)."""

MAX_SLOTS: Final = 16
"""Utterances decoded at once by one worker; more wait in line."""

REJECTION: Final = 3.9
"""The most by which a phrase may explain the sound worse than free phones do: thousandths of
the decoder's log score for each frame of speech. Phrases lie at -0.5 to 2 said by people, up to
3.7 said by synthetic voices. The other half of the rejection is
`speech.pocketsphinx_decoder.UNEXPLAINED_FRAMES`. Tried with bench/real_voices.py."""


def default_workers() -> int:
    """Worker processes for this machine: one for each CPU, at most 2."""
    return min(MAX_WORKERS, os.cpu_count() or 1)


class PocketsphinxRecognizer:
    """Implements `speech.ports.Recognizer`.

    Args:
        phrases: what callers may say; English words without digits or punctuation.
        workers: worker processes, 1 or 2; None: by the CPU count.
        rejection: smaller rejects more; see `REJECTION`.
        hang_s: seconds without an answer after which a worker is replaced.
        fault_marker: for tests: a worker that meets these bytes dies. Empty: off.

    Raises:
        EngineError: a phrase cannot be in a grammar.
    """

    name = "pocketsphinx"
    max_stream_s = None
    early_finals = False
    signs_of_life = False
    language = "en-US"

    def __init__(
        self,
        phrases: Sequence[str],
        *,
        workers: int | None = None,
        rejection: float = REJECTION,
        hang_s: float = HANG_S,
        fault_marker: bytes = b"",
    ) -> None:
        count = default_workers() if workers is None else workers
        if not 1 <= count <= MAX_WORKERS:
            raise ValueError(f"workers: 1 to {MAX_WORKERS} expected, got {count}")
        known = normalise_phrases(phrases)
        self.about = (
            f"recogniser pocketsphinx: US English, {len(known)} phrases and nothing else,"
            f" {count} worker processes"
        )
        configuration = {
            "phrases": known,
            "rejection": rejection,
            "fault_marker": fault_marker.hex(),
        }
        spec = WorkerSpec("speech.pocketsphinx_worker", configuration, hang_s)
        self._pool = WorkerPool(spec, count, MAX_SLOTS, self._pool_changed)
        self._streams: set[PocketsphinxStream] = set()
        self.stream_counters = StreamCounters()
        """What the streams have seen."""

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers alive."""
        return self._pool.pids

    @property
    def pool_counters(self) -> PoolCounters:
        """What has happened to the workers."""
        return self._pool.counters

    def counts(self) -> dict[str, int]:
        """Say how often what has happened, for metrics."""
        return asdict(self._pool.counters) | asdict(self.stream_counters)

    @property
    def open_streams(self) -> int:
        """Streams that have not ended."""
        return len(self._streams)

    async def start(self) -> None:
        """Start the workers.

        Raises:
            EngineError: a word is not in the dictionary, or no worker can be started.
        """
        await self._pool.start()

    async def aclose(self) -> None:
        """End the streams and the workers."""
        for stream in list(self._streams):
            stream.close("CANCELLED", "the engine was closed")
        await self._pool.aclose()

    def open(self, sink: RecognizerSink) -> PocketsphinxStream:
        """Open a stream; it is open as soon as a worker is ready."""
        stream = PocketsphinxStream(self._pool, sink, self.stream_counters, self._streams.discard)
        self._streams.add(stream)
        stream.pool_changed()
        return stream

    def recognize(self, audio: bytes, sink: RecognizeSink) -> Cancellable:
        """Recognise one segment of at most 15 s; answers within `REQUEST_TIMEOUT_S`."""
        return PocketsphinxRequest(self._pool, audio, sink)

    def _pool_changed(self) -> None:
        for stream in list(self._streams):
            stream.pool_changed()
