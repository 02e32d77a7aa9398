"""Engines by name."""

import pytest

from speech.engines import make_recognizer, make_synthesizer
from speech.ports import EngineError

pytestmark = pytest.mark.unit

PHRASES = ["what are your opening hours"]


@pytest.mark.parametrize(
    ("name", "language", "made"),
    [
        ("auto", "en-US", "pocketsphinx"),
        ("pocketsphinx", "en_GB", "pocketsphinx"),
        ("instant", "he-IL", "instant"),
    ],
)
def test_recogniser_by_name(name: str, language: str, made: str) -> None:
    assert make_recognizer(name, language, PHRASES).name == made


@pytest.mark.parametrize(
    ("name", "language", "made"),
    [("auto", "en-US", "espeak"), ("espeak", "en", "espeak"), ("tone", "he-IL", "tone")],
)
def test_synthesiser_by_name(name: str, language: str, made: str) -> None:
    assert make_synthesizer(name, language).name == made


@pytest.mark.parametrize("name", ["auto", "pocketsphinx"])
@pytest.mark.parametrize("language", ["he-IL", "iw-IL"])
def test_hebrew_needs_google_and_says_so(name: str, language: str) -> None:
    with pytest.raises(EngineError, match="Hebrew needs Google's engines"):
        make_recognizer(name, language, PHRASES)
    with pytest.raises(EngineError, match="Hebrew needs Google's engines"):
        make_synthesizer("auto", language)


def test_google_without_credentials_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speech.google_recognizer.find_credentials", lambda _host: None)
    with pytest.raises(EngineError, match="no Google credentials were found; set GOOGLE_APP"):
        make_recognizer("google", "he-IL", PHRASES)


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(EngineError, match="use one of: auto, espeak, tone"):
        make_synthesizer("festival", "en-US")


def test_about_says_what_runs_and_what_it_cannot_do() -> None:
    about = make_recognizer("auto", "en-US", PHRASES).about
    assert "US English, 1 phrases and nothing else" in about
    assert "phrase cache of 5000 bytes" in make_synthesizer("auto", "en", cache_bytes=5000).about


def test_phrase_that_cannot_be_in_a_grammar_is_an_error_when_made() -> None:
    with pytest.raises(EngineError, match="'8'"):
        make_recognizer("pocketsphinx", "en-US", ["open at 8"])
