"""What the bench's agent says, and what it sounds like: every frame tells which reply it is of.

Owns the text of a reply, which carries its number, and the audio of such a text, which carries
it too. The model's process makes the texts, the voice's process the audio, the phone reads the
frames that reach it. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from media.frame import FRAME_MS
from speech.tone import CHARACTER_MS
from tests.support.stamped_frame import Sound, Stamp, payload_of, stamp_of

MAX_NUMBER: Final = 65_535
"""Replies that can be told apart: what a stamp holds. 0 is a text that no model has made."""

FIRST_WORD: Final = "Reply"
"""Only the first text of a reply begins with it."""

_NUMBER: Final = re.compile(r"\d{1,5}")


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame of the agent's speech, as the phone received it."""

    number: int
    """Of the reply."""
    text: int
    """Texts of the reply before this one."""
    frame: int
    """Frames of the text before this one."""


def reply_words(number: int) -> tuple[list[str], list[str]]:
    """Return the words of the two sentences of a reply: 1.2 s, and 1.9 s to interrupt.

    Raises:
        ValueError: there are too many replies to be told apart.
    """
    if not 0 < number <= MAX_NUMBER:
        raise ValueError(f"reply: expected 1 to {MAX_NUMBER}, got {number}")
    return (
        f"{FIRST_WORD} {number} says yes.".split(),
        f"More of {number} is to be heard now.".split(),
    )


def number_of(text: str) -> int:
    """Return the number of the reply that a text is of; 0 for any other text."""
    found = _NUMBER.search(text)
    return int(found[0]) % (MAX_NUMBER + 1) if found else 0


def is_first(text: str) -> bool:
    """Whether a text is the first of its reply."""
    return text.startswith(FIRST_WORD)


def audio_of(text: str, frames_at_once: int = 10) -> Iterator[bytes]:
    """Make the audio of a text in pieces of so many frames, as long as `speech.tone` has it.

    Music, not words: the caller's own voice must not sound like the agent's echo.
    """
    number = number_of(text)
    later = int(number > 0 and not is_first(text))
    frames = len(text) * CHARACTER_MS // FRAME_MS
    for start in range(0, frames, frames_at_once):
        stamps = (
            Stamp(call=number, index=frame, sound=Sound.MUSIC, utterance=later)
            for frame in range(start, min(start + frames_at_once, frames))
        )
        yield b"".join(map(payload_of, stamps))


def heard_in(payload: bytes) -> Heard | None:
    """Read a frame; None for silence, and for anything that is not whole."""
    stamp = stamp_of(payload)
    return None if stamp is None else Heard(stamp.call, stamp.utterance, stamp.index)
