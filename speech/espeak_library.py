"""The door to libespeak-ng: the only place that calls the C library.

Owns: the library's global state, therefore at most one instance lives in a process, and
only ever in a worker process (the library is GPL-3 and not thread-safe). Never resamples or
shapes the sound. The espeak worker and `recordings/make.py` talk to it. Functions and codes
are those of `speak_lib.h`, espeak-ng 1.52.
"""

import ctypes
from collections.abc import Callable
from typing import Final

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from speech.ports import EngineError

AUDIO_OUTPUT_SYNCHRONOUS: Final = 2
"""`espeak_AUDIO_OUTPUT`: samples come to the callback, before `espeak_Synth` returns."""

CHUNK_MS: Final = 100
"""Asked for as the length of one callback's samples; the library rounds."""

RATE: Final = 1
"""`espeak_PARAMETER`: words a minute, 80 to 450."""

PITCH: Final = 3
"""`espeak_PARAMETER`: base pitch, 0 to 100."""

CHARS_UTF8: Final = 1
"""Flag of `espeak_Synth`: plain UTF-8 text, no SSML and no phoneme codes."""

POSITION_CHARACTER: Final = 1
"""Unit of the (unused) start position."""

CONTINUE: Final = 0
"""Callback's answer: go on."""

ABORT: Final = 1
"""Callback's answer: stop making this text."""

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class EspeakLibrary:
    """One initialised library.

    Args:
        voice: a voice name of the bundled data, such as `en-us` or `en-us+f3`.
        words_per_minute: pace, 80 to 450.
        pitch: base pitch, 0 to 100.

    Raises:
        EngineError: the library cannot be loaded or does not know the voice.
    """

    def __init__(self, voice: str, words_per_minute: int, pitch: int = 50) -> None:
        self._on_samples: Callable[[NDArray[np.int16]], bool] | None = None
        self._library = _load()
        self.sample_rate_hz = _initialize(self._library)
        # The library keeps the pointer only: this attribute keeps the object alive.
        self._callback = _Callback(self._hand_over)
        self._library.espeak_SetSynthCallback(self._callback)
        self.set_voice(voice, words_per_minute, pitch)

    def set_voice(self, voice: str, words_per_minute: int, pitch: int = 50) -> None:
        """Choose another voice, pace and pitch; see the class.

        Raises:
            EngineError: the voice is unknown.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise EngineError(f"espeak-ng: voice {voice!r} is unknown; en-us is one that exists")
        self._library.espeak_SetParameter(RATE, words_per_minute, 0)
        self._library.espeak_SetParameter(PITCH, pitch, 0)

    def speak(self, text: str, on_samples: Callable[[NDArray[np.int16]], bool]) -> None:
        """Speak a text; returns when the last samples have been handed over.

        Args:
            text: what to say; a NUL character would end it early and is taken out.
            on_samples: called with samples at `sample_rate_hz`, valid during the call
                only; answers whether to go on.
        """
        encoded = text.replace("\0", " ").encode("utf-8", "replace") + b"\0"
        self._on_samples = on_samples
        try:
            self._library.espeak_Synth(
                encoded, len(encoded), 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None
            )
            self._library.espeak_Synchronize()
        finally:
            self._on_samples = None

    def _hand_over(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _: object) -> int:
        if count <= 0 or self._on_samples is None:
            return CONTINUE
        more = self._on_samples(np.ctypeslib.as_array(samples, shape=(count,)))
        return CONTINUE if more else ABORT


def _load() -> ctypes.CDLL:
    path = str(espeakng_loader.get_library_path())
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise EngineError(f"espeak-ng: the library cannot be loaded: {error}") from error
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int,
        ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p,
    ]  # fmt: skip
    return library


def _initialize(library: ctypes.CDLL) -> int:
    data = str(espeakng_loader.get_data_path()).encode()
    rate_hz = int(library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, CHUNK_MS, data, 0))
    if rate_hz <= 0:
        raise EngineError("espeak-ng: the bundled voice data cannot be opened")
    return rate_hz
