"""The pure parts of Google's voice: which voice, where a text is cut, what a failure may say."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.chunk_joiner import LEAST_BYTES, ChunkJoiner
from speech.google_voice import (
    Voice,
    choose_voice,
    named_voice,
    voice_language,
)
from speech.ports import EngineError
from speech.reason import MAX_CHARS, short_reason
from speech.text_parts import text_parts

pytestmark = pytest.mark.unit

NAMES = (
    "he-IL-Standard-A",
    "he-IL-Wavenet-B",
    "he-IL-Wavenet-A",
    "he-IL-Studio-A",
    "he-IL-Chirp3-HD-Kore",
    "he-IL-Chirp3-HD-Aoede",
)


def voices(*names: str) -> list[Voice]:
    return [Voice(name, "he-IL") for name in names]


@pytest.mark.parametrize(
    ("there_are", "chosen"),
    [
        (NAMES, "he-IL-Chirp3-HD-Aoede"),
        (NAMES[:4], "he-IL-Wavenet-A"),
        (("he-IL-Studio-A", "he-IL-Standard-A"), "he-IL-Standard-A"),
        (("he-IL-Studio-A",), "he-IL-Studio-A"),
    ],
)
def test_the_family_liked_best_is_chosen(there_are: tuple[str, ...], chosen: str) -> None:
    assert choose_voice(voices(*there_are), "he-IL", None).name == chosen
    assert choose_voice(voices(*reversed(there_are)), "he-IL", None).name == chosen


def test_an_exact_name_wins() -> None:
    assert choose_voice(voices(*NAMES), "he-IL", "he-IL-Standard-A").name == "he-IL-Standard-A"


def test_an_unknown_name_lists_a_bounded_number_of_others() -> None:
    many = voices(*(f"he-IL-Standard-{n:03}" for n in range(50)))
    with pytest.raises(EngineError) as unknown:
        choose_voice(many, "he-IL", "Kore")
    line = str(unknown.value)
    assert line.startswith("TTS_VOICE='Kore': unknown for he-IL; expected one of: he-IL-Standard-")
    assert line.endswith("he-IL-Standard-011 and 38 more")
    assert "\n" not in line


def test_a_language_without_voices_is_an_error() -> None:
    with pytest.raises(EngineError, match="no voice for yi-XX"):
        choose_voice([], "yi-XX", None)


def test_which_voices_stream() -> None:
    assert named_voice("he-IL-Chirp3-HD-Kore") == Voice("he-IL-Chirp3-HD-Kore", "he-IL")
    assert named_voice("he-IL-Chirp3-HD-Kore").streams
    assert not named_voice("he-IL-Wavenet-A").streams


@pytest.mark.parametrize(
    ("tag", "asked"), [("iw-IL", "he-IL"), ("he_IL", "he-IL"), ("EN-US", "en-US"), ("he", "he")]
)
def test_languages_as_the_list_writes_them(tag: str, asked: str) -> None:
    assert voice_language(tag) == asked


# --- parts ----------------------------------------------------------------------------

HEBREW = st.text(alphabet="אבגדהוזחטי\u05b7\u05b8\u05bc\u200f .?!abc😀\n", max_size=200)


@given(HEBREW, st.integers(4, 60))
def test_parts_fit_and_joined_are_the_text(text: str, max_bytes: int) -> None:
    parts = list(text_parts(text, max_bytes))
    assert "".join(parts) == text
    assert all(0 < len(part.encode()) <= max_bytes for part in parts)


@pytest.mark.parametrize(
    ("text", "max_bytes", "parts"),
    [
        ("One two. Three four.", 12, ["One two. ", "Three four."]),
        ("One two three four", 12, ["One two ", "three four"]),
        ("Onetwothreefour", 12, ["Onetwothreef", "our"]),
        ("Is it? «Yes.» No.", 15, ["Is it? ", "«Yes.» No."]),
        ("שלום. שלום", 14, ["שלום. ", "שלום"]),
        ("At 10.30. Or 11.45", 16, ["At 10.30. ", "Or 11.45"]),
        ("At 10.30 or 11.45", 16, ["At 10.30 or ", "11.45"]),
        ("short", 12, ["short"]),
        ("", 12, []),
    ],
)
def test_the_best_cut_is_taken(text: str, max_bytes: int, parts: list[str]) -> None:
    assert list(text_parts(text, max_bytes)) == parts


def test_a_letter_keeps_its_points() -> None:
    text = "שָׁ" * 20
    assert not any(unicodedata.combining(part[0]) for part in text_parts(text, 16))


# --- chunks ---------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=2000)))
def test_joined_chunks_are_long_enough_and_complete(pieces: list[bytes]) -> None:
    joiner = ChunkJoiner()
    chunks = [chunk for chunk in map(joiner.add, pieces) if chunk]
    assert all(len(chunk) >= LEAST_BYTES for chunk in chunks)
    rest = joiner.rest()
    assert len(rest) < LEAST_BYTES
    assert b"".join([*chunks, rest]) == b"".join(pieces)
    assert joiner.total_bytes == sum(map(len, pieces))


# --- reasons --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detail", "line"),
    [
        ("", "INTERNAL"),
        ("two\n lines", "INTERNAL: two lines"),
        ("Call Miriam at 0501234567 now", "INTERNAL: … … at … now"),
        ('It said "anything at all', "INTERNAL: It said …"),
        ("Voice does not exist", "INTERNAL: Voice does not exist"),
        ("שלום", "INTERNAL: …"),
    ],
)
def test_a_reason_is_one_line_without_the_text(detail: str, line: str) -> None:
    assert short_reason("INTERNAL", detail, "please call Miriam at 0501234567") == line


def test_a_reason_is_short() -> None:
    assert len(short_reason("INTERNAL", "word " * 1000, "")) <= MAX_CHARS + len("INTERNAL: ")
