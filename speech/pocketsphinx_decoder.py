"""Decodes one utterance at a time: the phrase it most resembles, or that it resembles none.

Owns: two decoders over the same audio: one held to the grammar, one free to hear any phones.
A grammar decoder hears a phrase in everything; what tells real phrases from other speech is
how much worse it explains the sound than the free one does, for each frame of speech. Never
does I/O except loading the model. Runs in the worker only: the library holds the GIL.
"""

import math
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import pocketsphinx

from media import g711
from media.frame import SAMPLE_RATE_HZ
from speech.grammar import Grammar
from speech.resampler import Resampler

_binding: Final = cast("Any", pocketsphinx)  # a C extension without types

MODEL_RATE_HZ: Final = 16_000
"""The stock model's rate; its `feat.params` forbid 8000."""

CMN: Final = "44,11,-16,22,-2,-14,7,-18,-8,3,-12,-2,-5"
"""Cepstral mean of telephone speech each utterance starts from (mean over the tuning data), so
that the result does not depend on who spoke before in the same slot."""

UNEXPLAINED_FRAMES: Final = 30
"""Frames (10 ms each) of speech that may lie outside the phrase's words. The search hides what
fits no word in silence, or gives up long before the audio ends."""

NOISE_LEVEL: Final = 12.0
"""Added noise, standard deviation in 16-bit units: digital silence has no logarithm."""

_NOISE: Final = np.random.default_rng(8000).normal(0, NOISE_LEVEL, MODEL_RATE_HZ).astype(np.float32)

_NOT_SPEECH: Final = frozenset(
    {"SIL", "+NSN+", "+SPN+", "<s>", "</s>", "<sil>", "[NOISE]", "[SPEECH]"}
)


def model_path() -> Path:
    """The model in the wheel."""
    return Path(str(_binding.get_model_path("en-us")))


def _decoder(**options: Any) -> Any:
    # compallsen: scores of two decoders compare only when both normalise over all senones.
    return _binding.Decoder(
        hmm=str(model_path() / "en-us"), lm=None, loglevel="FATAL", compallsen=True, **options
    )


class UtteranceDecoder:
    """One slot of a worker.

    Args:
        grammar: what may be said.
        dictionary: file with the grammar's words, in CMU format.
        rejection: the most that the grammar may fall short of free phones: thousandths of the
            decoder's log score for each frame of speech.
    """

    def __init__(self, grammar: Grammar, dictionary: Path, rejection: float) -> None:
        self._rejection = rejection
        self._grammar = grammar
        self._phrases = _decoder(dict=str(dictionary))
        self._phrases.add_jsgf_string("phrases", grammar.jsgf)
        self._phrases.activate_search("phrases")
        self._phones = _decoder(dict=str(dictionary), allphone_ci=True)
        self._phones.add_allphone_file("phones", None)
        self._phones.activate_search("phones")
        self._resampler = Resampler(SAMPLE_RATE_HZ, MODEL_RATE_HZ)
        self._samples = 0
        self.unexplained_frames = 0
        """Frames of speech outside the words of the last hypothesis."""

    def begin(self) -> None:
        """Begin an utterance."""
        self._resampler = Resampler(SAMPLE_RATE_HZ, MODEL_RATE_HZ)
        self._samples = 0
        for decoder in (self._phrases, self._phones):
            decoder.set_cmn(CMN)
            decoder.start_utt()

    def hear(self, audio: bytes) -> None:
        """Decode the next µ-law bytes."""
        samples = self._resampler.push(g711.decode(audio).astype(np.float32))
        noise = _NOISE.take(range(self._samples, self._samples + len(samples)), mode="wrap")
        self._samples += len(samples)
        pcm = np.clip(samples + noise, -32768, 32767).astype(np.int16).tobytes()
        self._phrases.process_raw(pcm)
        self._phones.process_raw(pcm)

    def end(self) -> str:
        """End the utterance; returns its phrase, empty when it was none of them."""
        self.abandon()
        return self._grammar.settle(self.text())

    def abandon(self) -> None:
        """End an utterance that nobody waits for."""
        self._phrases.end_utt()
        self._phones.end_utt()

    def text(self) -> str:
        """The hypothesis so far; empty when none is believable."""
        text, shortfall = self.hypothesis()
        return text if shortfall <= self._rejection else ""

    def hypothesis(self) -> tuple[str, float]:
        """The words so far, and by how much they fall short of free phones (see above)."""
        bound, free = self._phrases.hyp(), self._phones.hyp()
        if bound is None or free is None or not bound.hypstr:
            return "", math.inf
        speech, words = self._frames_of(self._phones), self._frames_of(self._phrases)
        self.unexplained_frames = len(speech - words)
        if not speech or self.unexplained_frames > UNEXPLAINED_FRAMES:
            return "", math.inf
        return str(bound.hypstr), 1000 * math.log(free.best_score / bound.best_score) / len(speech)

    def _frames_of(self, decoder: Any) -> set[int]:
        """The frames that a decoder explains by speech."""
        frames: set[int] = set()
        for segment in decoder.seg():
            if segment.word not in _NOT_SPEECH:
                frames.update(range(segment.start_frame, segment.end_frame + 1))
        return frames
