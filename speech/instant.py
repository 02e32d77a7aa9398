"""A recogniser that needs no model and no worker: for load tests, tests and trying things out.

Owns: `InstantRecognizer` and its streams. An utterance becomes a final the moment it has
ended, in the real rhythm of the audio; what was "said" comes from a script. Never
understands a language, therefore takes any. Everything happens inside the call that brings
the audio: no tasks, no event loop needed.
"""

from collections.abc import Callable, Sequence
from typing import Final as Constant

from speech.energy_gate import EnergyGate, Utterance
from speech.finished import FINISHED
from speech.ports import (
    Cancellable,
    Final,
    Partial,
    Recognized,
    RecognizerSink,
    RecognizeSink,
    StreamOpened,
)
from speech.tone import ToneSynthesizer

__all__ = ["InstantRecognizer", "InstantStream", "ToneSynthesizer"]

DEFAULT_TEXTS: Constant = ("what are your opening hours", "thank you", "goodbye")
"""What callers say when nobody scripted anything."""

QUIET_MS: Constant = 300
"""Quiet after which an utterance counts as ended."""

PARTIAL_FRAMES: Constant = 15
"""Loud frames between two partials; each shows one word more (300 ms, a spoken word)."""

TextOfAudio = Callable[[bytes], str]
"""What was said in some µ-law audio."""


class InstantRecognizer:
    """Implements `speech.ports.Recognizer` by loudness and a script.

    Args:
        texts: what each stream hears, utterance by utterance, from the start again when
            used up; or a function of the utterance's audio (at most 15 s of µ-law). An
            empty text is speech that was not understood.
        partials: whether partials come while the voice lasts.
        language: the tag to report.
        quiet_ms: quiet after which an utterance has ended.
    """

    name = "instant"
    max_stream_s = None
    early_finals = False
    signs_of_life = False

    def __init__(
        self,
        texts: Sequence[str] | TextOfAudio = DEFAULT_TEXTS,
        *,
        partials: bool = True,
        language: str = "en-US",
        quiet_ms: int = QUIET_MS,
    ) -> None:
        if not callable(texts) and not texts:
            raise ValueError("texts: at least one text is expected")
        self._texts = texts
        self._partials = partials
        self._quiet_ms = quiet_ms
        self._requests = 0
        self.language = language
        self.about = "recogniser instant: hears loudness only and answers from a script"

    async def start(self) -> None:
        """Nothing to get ready."""

    async def aclose(self) -> None:
        """Nothing to let go of."""

    def open(self, sink: RecognizerSink) -> "InstantStream":
        """Open a stream; `StreamOpened` reaches the sink before this returns."""
        return InstantStream(sink, self._text_of, self._quiet_ms, partials=self._partials)

    def recognize(self, audio: bytes, sink: RecognizeSink) -> Cancellable:
        """Answer one segment; scripted texts are used in the order of the requests."""
        sink(Recognized(self._text_of(audio, self._requests)))
        self._requests += 1
        return FINISHED

    def _text_of(self, audio: bytes, index: int) -> str:
        if callable(self._texts):
            return self._texts(audio)
        return self._texts[index % len(self._texts)]


class InstantStream:
    """One open stream; implements `speech.ports.RecognizerStream`."""

    __slots__ = ("_gate", "_partials", "_shown_words", "_sink", "_text_of", "_utterances")

    def __init__(
        self,
        sink: RecognizerSink,
        text_of: Callable[[bytes, int], str],
        quiet_ms: int,
        *,
        partials: bool,
    ) -> None:
        self._sink: RecognizerSink | None = sink
        self._text_of = text_of
        self._partials = partials
        self._gate = EnergyGate(quiet_ms)
        self._utterances = 0
        self._shown_words = 0
        sink(StreamOpened())

    def write(self, audio: bytes) -> None:
        """Hear audio; its partials and finals reach the sink before this returns."""
        for utterance in self._gate.push(audio):
            if utterance is not None:
                self._say_final(utterance)
            elif self._partials:
                self._say_partial(self._gate.voiced_frames // PARTIAL_FRAMES)

    def cancel(self) -> None:
        """Let go of the sink."""
        self._sink = None

    def _say_final(self, utterance: Utterance) -> None:
        if self._sink is None:
            return
        text = self._text_of(utterance.audio, self._utterances)
        self._utterances += 1
        self._shown_words = 0
        self._sink(Final(text, utterance.end_ms))

    def _say_partial(self, words: int) -> None:
        if words == self._shown_words or self._sink is None:
            return
        self._shown_words = words
        text = self._text_of(self._gate.audio, self._utterances)
        shown = " ".join(text.split()[:words])
        if shown:
            self._sink(Partial(shown))
