"""Makes the caller recordings of the demonstration call anew, with espeak-ng.

Owns: the list of what the caller says, and in which voice. Never runs in the server. Run it from
the root of the project with `python -m recordings.make`; the consonants' noise differs a little
each time, so check the new files with `python -m pytest tests/e2e/test_embedded_engines.py`.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from media.frame import BYTES_PER_MS, SAMPLE_RATE_HZ, SILENCE_BYTE
from speech.espeak_library import EspeakLibrary
from speech.speech_shaper import SpeechShaper

FOLDER: Final = Path(__file__).resolve().parent
"""Where the files go."""

WAVE_FORMAT_MULAW: Final = 7
"""`wFormatTag` of G.711 µ-law (RFC 2361, section 3.7)."""

EDGE_MS: Final = 100
"""Silence put before and after the speech."""


class Recording(NamedTuple):
    """One utterance of the caller."""

    file: str
    text: str
    voice: str
    words_per_minute: int
    pitch: int


RECORDINGS: Final = (
    Recording("opening_hours.wav", "what are your opening hours", "en-us", 155, 50),
    Recording("friday.wav", "and on friday", "en-us", 145, 45),
    Recording("preparation.wav", "what should i bring with me", "en-us", 155, 45),
    Recording("address.wav", "where are you located", "en-us+m1", 150, 45),
    Recording("parking.wav", "where can i park my car", "en-us+m1", 150, 45),
    Recording("not_understood.wav", "do you also repair bicycles", "en-us", 155, 50),
    Recording("goodbye.wav", "thank you and goodbye", "en-us", 150, 45),
)
"""In the order of the call."""


def speak(library: EspeakLibrary, recording: Recording) -> bytes:
    """The recording's µ-law audio."""
    library.set_voice(recording.voice, recording.words_per_minute, recording.pitch)
    shaper = SpeechShaper(library.sample_rate_hz, 1.0, noise=0.0)
    audio = bytearray()

    def on_samples(samples: NDArray[np.int16]) -> bool:
        audio.extend(shaper.push(samples))
        return True

    library.speak(recording.text, on_samples)
    edge = bytes([SILENCE_BYTE]) * (EDGE_MS * BYTES_PER_MS)
    return edge + bytes(audio) + shaper.flush() + edge


def wave_file(audio: bytes) -> bytes:
    """A RIFF file of µ-law audio, one channel, 8000 Hz."""
    layout = struct.pack("<HHIIHHH", WAVE_FORMAT_MULAW, 1, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ, 1, 8, 0)
    padded = audio + b"\0" * (len(audio) % 2)
    chunks = (
        b"fmt " + struct.pack("<I", len(layout)) + layout
        + b"fact" + struct.pack("<II", 4, len(audio))
        + b"data" + struct.pack("<I", len(audio)) + padded
    )  # fmt: skip
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def make_all() -> Iterator[Path]:
    """Write every recording; yields the files written."""
    library = EspeakLibrary("en-us", 160)
    for recording in RECORDINGS:
        path = FOLDER / recording.file
        path.write_bytes(wave_file(speak(library, recording)))
        yield path


def main() -> None:
    """Write every recording and say which."""
    for path in make_all():
        print(f"{path.name}: {path.stat().st_size} bytes")  # noqa: T201  a command line tool


if __name__ == "__main__":
    main()
