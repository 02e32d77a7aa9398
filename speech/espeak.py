"""The embedded English synthesiser: espeak-ng in a worker process.

Owns: the worker and the texts on their way. Robotic, clear and instant; US English only: its
Hebrew leaves the vowels out. Never loads the library (GPL-3) in this process. The server makes
it through `speech.engines`.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from speech.finished import FINISHED
from speech.packets import Packet, encode
from speech.ports import (
    AudioChunk,
    Cancellable,
    SynthesisDone,
    SynthesisFailed,
    SynthesisSink,
)
from speech.worker_kinds import FromWorker, ToWorker
from speech.worker_pool import PoolCounters, Ticket, WorkerPool
from speech.worker_process import HANG_S, WorkerSpec

MAX_TEXT_CHARS: Final = 2000
"""Longest text: about two minutes of speech."""

SYNTHESIS_TIMEOUT_S: Final = 15.0
"""Longest time from the request to the last chunk, replay after a worker's death included."""

MAX_IN_WORKER: Final = 64
"""Texts sent to the worker ahead of time; more wait in line here."""

WORDS_PER_MINUTE: Final = 165
"""Pace; the library's own default is 175."""


class EspeakSynthesizer:
    """Implements `speech.ports.Synthesizer`.

    Args:
        voice: an espeak-ng voice that speaks English.
        words_per_minute: pace, 80 to 450.
        hang_s: seconds without an answer after which the worker is replaced.
        fault_marker: for tests: a worker that meets these bytes dies. Empty: off.
    """

    name = "espeak"
    language = "en-US"

    def __init__(
        self,
        *,
        voice: str = "en-us",
        words_per_minute: int = WORDS_PER_MINUTE,
        hang_s: float = HANG_S,
        fault_marker: bytes = b"",
    ) -> None:
        self.about = f"synthesiser espeak-ng: US English, voice {voice}, one worker process"
        configuration = {
            "voice": voice,
            "words_per_minute": words_per_minute,
            "fault_marker": fault_marker.hex(),
        }
        spec = WorkerSpec("speech.espeak_worker", configuration, hang_s)
        self._pool = WorkerPool(spec, 1, MAX_IN_WORKER, lambda: None)
        self.syntheses = 0
        """Texts asked for."""

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers alive."""
        return self._pool.pids

    @property
    def pool_counters(self) -> PoolCounters:
        """What has happened to the worker."""
        return self._pool.counters

    def counts(self) -> dict[str, int]:
        """Say how often what has happened, for metrics."""
        return asdict(self._pool.counters) | {"syntheses": self.syntheses}

    async def start(self) -> None:
        """Start the worker.

        Raises:
            EngineError: it cannot be started, or does not know the voice.
        """
        await self._pool.start()

    async def aclose(self) -> None:
        """End the worker; texts on their way fail."""
        await self._pool.aclose()

    def synthesize(self, text: str, sink: SynthesisSink) -> Cancellable:
        """Speak a text of at most 2000 characters."""
        self.syntheses += 1
        if len(text) > MAX_TEXT_CHARS:
            sink(SynthesisFailed(f"text: {len(text)} characters, at most {MAX_TEXT_CHARS}"))
            return FINISHED
        return SpeechJob(self._pool, text, sink)


class SpeechJob:
    """One text on its way; implements `Cancellable` and `speech.worker_pool.Job`."""

    def __init__(self, pool: WorkerPool, text: str, sink: SynthesisSink) -> None:
        self._pool = pool
        self._text = text
        self._sink: SynthesisSink | None = sink
        self._ticket: Ticket | None = None
        self.replayable = True
        """Until audio has been handed over, which cannot be taken back."""
        self._timeout = asyncio.get_running_loop().call_later(SYNTHESIS_TIMEOUT_S, self._too_late)
        self._ticket = pool.submit(self)

    def cancel(self) -> None:
        """Drop the text; the sink hears nothing more."""
        self._sink = None
        self._timeout.cancel()
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            self._pool.drop(ticket)

    def packets(self, number: int) -> Iterator[bytes]:
        """The text; always fits one packet (2000 characters are at most 8000 bytes)."""
        yield encode(Packet(ToWorker.SPEAK, number, self._text.encode("utf-8", "replace")))

    def hear(self, packet: Packet) -> bool:
        """Take `SPEECH` and `SPOKEN`."""
        if packet.kind == FromWorker.SPEECH and self._sink is not None:
            self.replayable = False
            self._sink(AudioChunk(packet.body))
        if packet.kind != FromWorker.SPOKEN:
            return False
        sink = self._sink
        self._ticket = None
        self.cancel()
        if sink is not None:
            sink(SynthesisDone())
        return True

    def set_aside(self, reason: str) -> None:
        """The worker died of it, or amid its audio."""
        self.fail("ABORTED", reason)

    def fail(self, status: str, reason: str) -> None:
        """It will not be spoken, or not to its end."""
        sink = self._sink
        self.cancel()
        if sink is not None:
            sink(SynthesisFailed(f"{status}: {reason}"))

    def _too_late(self) -> None:
        self.fail("DEADLINE_EXCEEDED", f"not spoken within {SYNTHESIS_TIMEOUT_S} s")
