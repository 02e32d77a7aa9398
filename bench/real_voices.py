"""Tries the embedded recogniser on people's voices, as a telephone would carry them.

    python bench/real_voices.py FOLDER

FOLDER is `test/data` of github.com/cmusphinx/pocketsphinx (not part of this project): 16 kHz
recordings with transcripts. Each goes through a telephone (250-3500 Hz, 8000 Hz, µ-law) and the
real workers, three times: with a grammar of all transcripts (must be heard), with a grammar
that lacks its own transcript, and with the phrases of a dialogue (both must be rejected).
"""

import asyncio
import sys
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dialogue.loader import load_dialogue
from media import g711
from media.frame import SAMPLE_RATE_HZ, SILENCE_BYTE
from speech.pocketsphinx import PocketsphinxRecognizer
from speech.ports import Final as FinalEvent
from speech.ports import RecognizerEvent, StreamEnded
from speech.resampler import Resampler

SOURCE_HZ: Final = 16_000
BAND_HZ: Final = (250, 3500)
SPEECH_RMS: Final = 2600.0
"""-22 dBov."""
QUIET: Final = bytes([SILENCE_BYTE]) * 4000
SINGLES: Final = (
    ("goforward.raw", "go forward ten meters"),
    ("something.raw", "go somewhere and do something"),
)
DIALOGUE: Final = Path(__file__).resolve().parent.parent / "dialogues" / "english.toml"


class Voice(NamedTuple):
    """One recording."""

    text: str
    audio: bytes


def telephone(samples: NDArray[np.float32]) -> bytes:
    """16 kHz samples as a telephone call would bring them."""
    resampler = Resampler(SOURCE_HZ, SAMPLE_RATE_HZ)
    narrow = np.concatenate((resampler.push(samples), resampler.flush()))
    spectrum = np.fft.rfft(narrow)
    hz = np.fft.rfftfreq(len(narrow), 1 / SAMPLE_RATE_HZ)
    spectrum[(hz < BAND_HZ[0]) | (hz > BAND_HZ[1])] = 0
    band = np.fft.irfft(spectrum, len(narrow))
    active = band[np.abs(band) > np.abs(band).max() * 0.02]
    scaled = band * (SPEECH_RMS / np.sqrt(np.mean(active**2)))
    return g711.encode(np.clip(scaled, -32_000, 32_000).astype(np.int16))


def read(path: Path) -> bytes:
    """A file of 16 kHz PCM16, as telephone audio between two silences."""
    if path.suffix == ".raw":
        data = path.read_bytes()
    else:
        with wave.open(str(path)) as file:
            data = file.readframes(file.getnframes())
    return QUIET + telephone(np.frombuffer(data, np.int16).astype(np.float32)) + QUIET


def transcribed(folder: Path, transcripts: str) -> list[Voice]:
    """The recordings of a folder with a transcript file of `text (name)` lines."""
    voices: list[Voice] = []
    for line in (folder / transcripts).read_text(encoding="utf-8").splitlines():
        text, _, name = line.rpartition("(")
        words = text.replace("<s>", "").replace("</s>", "").lower().split()
        voices.append(Voice(" ".join(words), read(folder / f"{name.strip(' )')}.wav")))
    return voices


def collect(folder: Path) -> list[Voice]:
    """All recordings with a transcript."""
    voices = transcribed(folder / "librivox", "transcription")
    voices += transcribed(folder / "cards", "cards.transcription")
    return voices + [Voice(text, read(folder / file)) for file, text in SINGLES]


async def hear(engine: PocketsphinxRecognizer, voice: Voice) -> str:
    """What the engine makes of a recording; several utterances are joined."""
    texts: list[str] = []
    ended = asyncio.Event()

    def sink(event: RecognizerEvent) -> None:
        if isinstance(event, FinalEvent):
            texts.append(event.text)
        if isinstance(event, StreamEnded):
            ended.set()

    stream = engine.open(sink)
    for start in range(0, len(voice.audio), 480):
        stream.write(voice.audio[start : start + 480])
    stream.half_close()
    await ended.wait()
    return " ".join(text for text in texts if text)


async def hear_with(phrases: Sequence[str], voices: Sequence[Voice]) -> list[str]:
    """What a recogniser of these phrases makes of the recordings."""
    engine = PocketsphinxRecognizer(phrases)
    await engine.start()
    try:
        return [await hear(engine, voice) for voice in voices]
    finally:
        await engine.aclose()


async def run(folder: Path) -> None:
    """Try all recordings and print what came out."""
    voices = collect(folder)
    phrases = [voice.text for voice in voices]
    for voice, text in zip(voices, await hear_with(phrases, voices), strict=True):
        print(f"{'right' if text == voice.text else 'WRONG'}: {voice.text!r} -> {text!r}")
    for voice in voices:
        others = [phrase for phrase in phrases if phrase != voice.text]
        [text] = await hear_with(others, [voice])
        print(f"{'ACCEPTED' if text else 'rejected'} without it: {voice.text!r} -> {text!r}")
    dialogue = load_dialogue(DIALOGUE)
    for voice, text in zip(voices, await hear_with(dialogue.phrases(), voices), strict=True):
        print(f"{'ACCEPTED' if text else 'rejected'} by the dialogue: {voice.text!r} -> {text!r}")


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004  the program and the folder
        sys.exit("usage: python bench/real_voices.py FOLDER (test/data of cmusphinx/pocketsphinx)")
    asyncio.run(run(Path(sys.argv[1])))
