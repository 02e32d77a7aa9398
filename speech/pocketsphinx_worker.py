"""The worker process of the pocketsphinx recogniser: utterances in, texts out.

Owns: the decoders, one slot for each utterance under way, made when first needed. Never
segments audio and never keeps any. Started by `speech.pocketsphinx` as
`python -m speech.pocketsphinx_worker`; the loop around it is `speech.worker_main`.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from media.frame import BYTES_PER_MS
from speech.grammar import Grammar, compile_grammar
from speech.packets import Packet
from speech.pocketsphinx_decoder import UtteranceDecoder, model_path
from speech.ports import EngineError
from speech.worker_kinds import FromWorker, ToWorker
from speech.worker_main import Answer, serve

PARTIAL_MS: Final = 200
"""Audio between two partials of an utterance."""

SLOTS_AT_START: Final = 8
"""Decoders made before the worker is ready; making one later holds the others up for 0.1 s."""


@dataclass(slots=True)
class _Utterance:
    """An utterance under way."""

    decoder: UtteranceDecoder
    unshown_bytes: int = 0
    shown: str = ""


class PocketsphinxWorker:
    """Implements `speech.worker_main.WorkerEngine`.

    Args:
        configuration: `phrases`, a list of texts; `rejection`, a number.
        answer: sends packets to the server.

    Raises:
        EngineError: the phrases cannot be in a grammar, or the model cannot be loaded.
    """

    def __init__(self, configuration: dict[str, Any], answer: Answer) -> None:
        self._answer = answer
        self._rejection = float(configuration["rejection"])
        self._grammar = _grammar_of(configuration["phrases"])
        self._spare = [self._new_decoder() for _ in range(SLOTS_AT_START)]
        self._utterances: dict[int, _Utterance] = {}

    def handle(self, packet: Packet) -> None:
        """Work off `AUDIO`, `END` and `DROP`."""
        match packet.kind:
            case ToWorker.AUDIO:
                self._hear(packet.job, packet.body)
            case ToWorker.END:
                self._end(packet.job)
            case ToWorker.DROP:
                self._drop(packet.job)
            case _:
                pass

    def _hear(self, job: int, audio: bytes) -> None:
        utterance = self._utterances.get(job)
        if utterance is None:
            utterance = self._utterances[job] = _Utterance(self._take_decoder())
            utterance.decoder.begin()
        utterance.decoder.hear(audio)
        utterance.unshown_bytes += len(audio)
        if utterance.unshown_bytes >= PARTIAL_MS * BYTES_PER_MS:
            utterance.unshown_bytes = 0
            self._show(job, utterance)

    def _show(self, job: int, utterance: _Utterance) -> None:
        text = utterance.decoder.text()
        if text and text != utterance.shown:
            utterance.shown = text
            self._answer(FromWorker.PARTIAL, job, text.encode())

    def _end(self, job: int) -> None:
        utterance = self._utterances.pop(job, None)
        if utterance is None:
            self._answer(FromWorker.FINAL, job, b"")
            return
        text = utterance.decoder.end()
        self._spare.append(utterance.decoder)
        self._answer(FromWorker.FINAL, job, text.encode())

    def _drop(self, job: int) -> None:
        utterance = self._utterances.pop(job, None)
        if utterance is not None:
            utterance.decoder.abandon()
            self._spare.append(utterance.decoder)

    def _take_decoder(self) -> UtteranceDecoder:
        return self._spare.pop() if self._spare else self._new_decoder()

    def _new_decoder(self) -> UtteranceDecoder:
        with TemporaryDirectory() as folder:
            dictionary = Path(folder) / "words.dict"
            lines = (f"{word} {phones}\n" for word, phones in self._grammar.words.items())
            dictionary.write_text("".join(lines), encoding="ascii")
            try:
                return UtteranceDecoder(self._grammar, dictionary, self._rejection)
            except RuntimeError as error:
                raise EngineError(f"pocketsphinx: the en-us model cannot load: {error}") from error


def _grammar_of(phrases: list[str]) -> Grammar:
    path = model_path() / "cmudict-en-us.dict"
    try:
        with path.open(encoding="ascii", errors="replace") as dictionary:
            return compile_grammar(phrases, dictionary)
    except OSError as error:
        raise EngineError(f"pocketsphinx: the dictionary cannot be read: {error}") from error


if __name__ == "__main__":
    serve(PocketsphinxWorker)
