"""One utterance on its way through a recogniser's worker.

Owns: a bounded copy of the utterance's audio, so that it can be told again to another worker.
Never segments. The pocketsphinx recogniser and its streams make these; `speech.worker_pool`
carries them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from media.frame import BYTES_PER_MS
from speech.packets import Packet, encode, encode_all
from speech.worker_kinds import FromWorker, ToWorker
from speech.worker_pool import Ticket, WorkerPool

MAX_AUDIO_BYTES: Final = 15_400 * BYTES_PER_MS
"""15 s and the pre-roll; audio beyond it is not recognised."""


@dataclass(frozen=True, slots=True)
class UtteranceListener:
    """Who wants to know."""

    on_partial: Callable[[str], None]
    """A hypothesis so far."""

    on_text: Callable[[str], None]
    """The last word: a phrase, or empty when rejected or set aside."""

    on_failure: Callable[[str, str], None]
    """No answer will come: gRPC status name and one line."""


class UtteranceJob:
    """Implements `speech.worker_pool.Job`; made with its first audio and grown."""

    replayable = True

    def __init__(self, pool: WorkerPool, audio: bytes, listener: UtteranceListener) -> None:
        self._pool = pool
        self._listener: UtteranceListener | None = listener
        self._audio = bytearray(audio[:MAX_AUDIO_BYTES])
        self._ended = False
        self._ticket: Ticket | None = None
        self._ticket = pool.submit(self)

    @property
    def held_bytes(self) -> int:
        """Size of the copy."""
        return len(self._audio)

    def add(self, audio: bytes) -> None:
        """More of the utterance."""
        audio = audio[: MAX_AUDIO_BYTES - len(self._audio)]
        self._audio += audio
        if self._ticket is not None:
            for data in encode_all(ToWorker.AUDIO, self._ticket.number, audio):
                self._pool.extend(self._ticket, data)

    def end(self) -> None:
        """All of it has been said; an answer follows."""
        self._ended = True
        if self._ticket is not None:
            self._pool.extend(self._ticket, encode(Packet(ToWorker.END, self._ticket.number)))

    def cancel(self) -> None:
        """Forget it; the listener hears nothing more."""
        self._listener = None
        if self._ticket is not None:
            self._pool.drop(self._ticket)

    def packets(self, number: int) -> Iterator[bytes]:
        """All of it so far."""
        yield from encode_all(ToWorker.AUDIO, number, bytes(self._audio))
        if self._ended:
            yield encode(Packet(ToWorker.END, number))

    def hear(self, packet: Packet) -> bool:
        """Take `PARTIAL` and `FINAL`."""
        text = packet.body.decode()
        if packet.kind == FromWorker.FINAL:
            self._answer(text)
            return True
        if packet.kind == FromWorker.PARTIAL and self._listener is not None:
            self._listener.on_partial(text)
        return False

    def set_aside(self, reason: str) -> None:  # noqa: ARG002  the pool has logged it
        """Workers die of it: it counts as not understood."""
        self._answer("")

    def fail(self, status: str, reason: str) -> None:
        """No worker can take it."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_failure(status, reason)

    def _answer(self, text: str) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_text(text)
