"""The worker process of the espeak synthesiser: texts in, telephone audio out.

Owns: the library, in a process of its own because it is GPL-3, global and not thread-safe. Texts
are spoken one after the other. Never caches. Started by `speech.espeak` as
`python -m speech.espeak_worker`; the loop around it is `speech.worker_main`.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from speech.espeak_library import EspeakLibrary
from speech.packets import MAX_BODY_BYTES, Packet
from speech.speech_shaper import SpeechShaper
from speech.worker_kinds import FromWorker, ToWorker
from speech.worker_main import Answer, serve

GAIN: Final = 1.0
"""Factor on the library's samples, which brings the speech of `en-us` to -20 dBov RMS."""


class EspeakWorker:
    """Implements `speech.worker_main.WorkerEngine`.

    Args:
        configuration: `voice`, a name; `words_per_minute`, a number.
        answer: sends packets to the server.

    Raises:
        EngineError: the library or the voice cannot be loaded.
    """

    def __init__(self, configuration: dict[str, Any], answer: Answer) -> None:
        self._answer = answer
        self._library = EspeakLibrary(
            configuration["voice"], int(configuration["words_per_minute"])
        )

    def handle(self, packet: Packet) -> None:
        """Work off `SPEAK`; `DROP` comes too late by nature and is ignored."""
        if packet.kind != ToWorker.SPEAK:
            return
        shaper = SpeechShaper(self._library.sample_rate_hz, GAIN)

        def on_samples(samples: NDArray[np.int16]) -> bool:
            self._send(packet.job, shaper.push(samples))
            return True

        self._library.speak(packet.body.decode(), on_samples)
        self._send(packet.job, shaper.flush())
        self._answer(FromWorker.SPOKEN, packet.job, b"")

    def _send(self, job: int, audio: bytes) -> None:
        for start in range(0, len(audio), MAX_BODY_BYTES):
            self._answer(FromWorker.SPEECH, job, audio[start : start + MAX_BODY_BYTES])


if __name__ == "__main__":
    serve(EspeakWorker)
