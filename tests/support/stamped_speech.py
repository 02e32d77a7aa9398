"""What a stamped caller says: utterances of words, pauses, and music if asked for.

Owns the plan of one call and its audio, frame by frame; every frame is stamped, the pauses
too. Seeded: the same arguments make the same bytes. Whoever has to know what was said reads
it here; who hears it, `stamped_track` and `stamped_hearing`. Pure.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from media.frame import FRAME_MS
from tests.support.stamped_frame import Sound, Stamp, payload_of
from tests.support.stamped_words import word_text

Span = tuple[int, int]
"""Least and most, both included."""

WORD_FRAMES: Final[Span] = (12, 18)
"""240 to 360 ms."""

GAP_FRAMES: Final[Span] = (1, 3)
"""20 to 60 ms: shorter than any quiet that ends an utterance."""

PAUSE_FRAMES: Final[Span] = (40, 60)
"""800 to 1200 ms."""

UTTERANCE_WORDS: Final[Span] = (2, 5)


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word and the frames it takes: `start` to before `end`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words said in one breath."""

    words: tuple[SpokenWord, ...]

    @property
    def text(self) -> str:
        """All of its words."""
        return " ".join(word.text for word in self.words)

    @property
    def start(self) -> int:
        """Its first frame."""
        return self.words[0].start

    @property
    def end(self) -> int:
        """One past its last voiced frame."""
        return self.words[-1].end


@dataclass(frozen=True, slots=True)
class Speech:
    """Everything one caller says in a call."""

    call: int
    frames: tuple[bytes, ...]
    stamps: tuple[Stamp, ...]
    utterances: tuple[Utterance, ...]

    @property
    def audio(self) -> bytes:
        """All of it as µ-law bytes."""
        return b"".join(self.frames)

    @property
    def words(self) -> tuple[str, ...]:
        """Every word, in order."""
        return tuple(word.text for said in self.utterances for word in said.words)

    @property
    def seconds(self) -> float:
        """How long it takes to say."""
        return len(self.frames) * FRAME_MS / 1000


class SpeechBuilder:
    """Puts a speech together, piece by piece.

    Args:
        call: the caller's number; every frame carries it.
        seed: decides the lengths of words, gaps and pauses.
        hebrew: whether words are spelt in Hebrew letters.
    """

    def __init__(self, call: int, *, seed: int = 0, hebrew: bool = False) -> None:
        self._call = call
        self._hebrew = hebrew
        self._random = random.Random((call << 32) | seed)  # noqa: S311 - no secret
        self._stamps: list[Stamp] = []
        self._utterances: list[Utterance] = []
        self._words = 0

    def pause(self, frames: int) -> "SpeechBuilder":
        """Say nothing for a while."""
        return self._add(Sound.PAUSE, frames)

    def pause_within(self, frames: Span) -> "SpeechBuilder":
        """Say nothing for a while of random length."""
        return self.pause(self._random.randint(*frames))

    def music(self, frames: int) -> "SpeechBuilder":
        """Let a melody be heard."""
        return self._add(Sound.MUSIC, frames)

    def say(
        self, words: int, *, word_frames: Span = WORD_FRAMES, gap_frames: Span = GAP_FRAMES
    ) -> "SpeechBuilder":
        """Say so many new words in one breath."""
        said: list[SpokenWord] = []
        for number in range(words):
            if number:
                self._add(Sound.GAP, self._random.randint(*gap_frames))
            said.append(self._word(self._random.randint(*word_frames)))
        self._utterances.append(Utterance(tuple(said)))
        return self

    def say_within(self, words: Span) -> "SpeechBuilder":
        """Say a random number of new words in one breath."""
        return self.say(self._random.randint(*words))

    def build(self) -> Speech:
        """Make the audio."""
        frames = tuple(map(payload_of, self._stamps))
        return Speech(self._call, frames, tuple(self._stamps), tuple(self._utterances))

    def _word(self, length: int) -> SpokenWord:
        start = len(self._stamps)
        for position in range(length):
            self._stamp(Sound.WORD, word=self._words, position=position, length=length)
        text = word_text(self._call, self._words, hebrew=self._hebrew)
        self._words += 1
        return SpokenWord(text, start, start + length)

    def _add(self, sound: Sound, frames: int) -> "SpeechBuilder":
        for _ in range(frames):
            self._stamp(sound)
        return self

    def _stamp(self, sound: Sound, *, word: int = 0, position: int = 0, length: int = 0) -> None:
        self._stamps.append(
            Stamp(
                call=self._call,
                index=len(self._stamps),
                sound=sound,
                hebrew=self._hebrew,
                word=word,
                position=position,
                length=length,
                utterance=len(self._utterances),
            )
        )


def make_speech(
    call: int = 0,
    *,
    utterances: int = 4,
    words: Span = UTTERANCE_WORDS,
    pause_frames: Span = PAUSE_FRAMES,
    lead_frames: int = 25,
    tail_frames: int = 50,
    seed: int = 0,
    hebrew: bool = False,
) -> Speech:
    """Make the ordinary speech: a lead of quiet, utterances between pauses, a tail of quiet.

    Args:
        call: the caller's number, 0 to 65 535.
        utterances: how many.
        words: of one utterance.
        pause_frames: between two utterances.
        lead_frames: of quiet at first.
        tail_frames: of quiet at last; at least the quiet that ends an utterance.
        seed: another one makes other lengths; the words stay.
        hebrew: spelt in Hebrew letters.
    """
    builder = SpeechBuilder(call, seed=seed, hebrew=hebrew).pause(lead_frames)
    for number in range(utterances):
        if number:
            builder.pause_within(pause_frames)
        builder.say_within(words)
    return builder.pause(tail_frames).build()


def batches(speech: Speech, frames: int = 3) -> Iterator[bytes]:
    """Cut the audio into writes of so many frames."""
    for start in range(0, len(speech.frames), frames):
        yield b"".join(speech.frames[start : start + frames])
