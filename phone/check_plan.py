"""What the caller of `phone check` says, and how long it is silent.

Owns the texts, the bounds of a user's own recordings, and their errors. Blocks while it reads
and while the voice speaks; places no call. Talked to by `check_command`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from media.frame import BYTES_PER_MS, SAMPLE_RATE_HZ, SILENCE_BYTE
from phone.errors import PhoneError
from phone.play_sounds import Voice, audible
from phone.wav import read_mulaw

LANGUAGE: Final = "en-US"

QUESTION: Final = "what should i bring with me"
"""Has a long answer in dialogues/english.toml: one that can be interrupted."""

LONG: Final = (
    "good morning my name is sam and i am coming to see you next week",
    "it is my first visit and i would like to know",
    "what should i bring with me",
)
"""One sentence of 8.6 s."""

INTERRUPTION: Final = "what is your address"

BREATH_MS: Final = 120
"""Between the parts of the long sentence: shorter than any pause that ends an utterance."""

LONG_S: Final = (7.0, 10.0)
"""Seconds of voice of the long sentence; half a second more or less passes."""

LONG_SLACK_S: Final = 0.5

LEAST_VOICE_S: Final = 0.4
"""A shorter sound is no sentence."""


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What the calls consist of; audio is 8000 Hz µ-law."""

    question: bytes
    """Its answer should last some seconds."""

    long: bytes
    interruption: bytes
    silence_s: float = 5.0
    """Said nothing for, after an answer."""

    interrupt_after_s: float = 1.5
    """The answer is let speak for, before it is interrupted."""

    look_every_s: float = 1.0
    """Between two looks at the server's view of the call."""


def make_plan(
    voice: Voice, answer: Path | None = None, long: Path | None = None, cut: Path | None = None
) -> CheckPlan:
    """Get everything that will be said.

    Args:
        voice: speaks what no file is given for.
        answer: a WAV file of a question with a long answer.
        long: a WAV file of one sentence of 7 to 10 s.
        cut: a WAV file of what is said into the answer; `answer` where only that is given.

    Raises:
        PhoneError: a file cannot be read or is too short or too long, or the voice cannot speak.
    """
    cut = cut or answer
    question = _read(answer) if answer else None
    sentence = _read(long) if long else None
    interruption = _read(cut) if cut else None
    if long is not None and sentence is not None:
        _check_long(long, sentence)
    if question is None or sentence is None or interruption is None:
        first, *parts, last = voice((QUESTION, *LONG, INTERRUPTION), LANGUAGE)
        question = question or first
        sentence = sentence or _joined(parts)
        interruption = interruption or last
    return CheckPlan(question, sentence, interruption)


def voice_s(audio: bytes) -> float:
    """Seconds from the first audible sample to the last."""
    first, last = audible(audio)
    return (last - first) / SAMPLE_RATE_HZ


def _read(path: Path) -> bytes:
    audio = read_mulaw(path)
    if voice_s(audio) < LEAST_VOICE_S:
        raise PhoneError(f"{path}: expected at least {LEAST_VOICE_S} s of voice")
    return audio


def _check_long(path: Path, audio: bytes) -> None:
    least, most = LONG_S
    if not least - LONG_SLACK_S <= voice_s(audio) <= most + LONG_SLACK_S:
        expected = f"expected {least:g} to {most:g} s of voice"
        raise PhoneError(f"{path}: {expected}, it has {voice_s(audio):.1f} s")


def _joined(parts: list[bytes]) -> bytes:
    breath = bytes([SILENCE_BYTE]) * (BREATH_MS * BYTES_PER_MS)
    edges = [(part, *audible(part)) for part in parts]
    return breath.join(part[first:last] for part, first, last in edges)
