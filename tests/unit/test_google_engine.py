"""Which recogniser is made, where Google's credentials are found and where not."""

import pytest

from settings import Settings
from speech import engines
from speech.engines import make_recognizer
from speech.google_credentials import Credentials
from speech.google_options import GoogleOptions, google_options
from speech.google_recognizer import GoogleRecognizer
from speech.ports import EngineError

pytestmark = pytest.mark.unit

PHRASES = ["what are your opening hours"]
FOUND = Credentials("a key file", "my-project", "hush")


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    found_are(monkeypatch, None)


def found_are(monkeypatch: pytest.MonkeyPatch, credentials: Credentials | None) -> None:
    monkeypatch.setattr(engines, "find_credentials", lambda _host: credentials)
    monkeypatch.setattr("speech.google_recognizer.find_credentials", lambda _host: credentials)


def test_auto_takes_google_where_credentials_are_found_and_says_which(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found_are(monkeypatch, FOUND)
    for language in ("en-US", "he-IL"):
        made = make_recognizer("auto", language, PHRASES, google=GoogleOptions(language))
        assert (made.name, made.language) == ("google", language)
        assert made.max_stream_s == 305.0
        assert "credentials: a key file" in made.about
        assert "hush" not in made.about


def test_auto_takes_the_embedded_one_without_and_says_why() -> None:
    made = make_recognizer("auto", "en-US", PHRASES, google=GoogleOptions("en-US"))
    assert made.name == "pocketsphinx"
    assert made.about.endswith("; taken because no Google credentials were found")


@pytest.mark.parametrize("name", ["auto", "pocketsphinx", "google"])
def test_hebrew_without_credentials_refuses_to_start(name: str) -> None:
    with pytest.raises(EngineError, match="GOOGLE_APPLICATION_CREDENTIALS") as refused:
        make_recognizer(name, "he-IL", PHRASES, google=GoogleOptions())
    assert "\n" not in str(refused.value)


def test_behind_twilio_auto_never_settles_for_less() -> None:
    english = GoogleOptions("en-US")
    with pytest.raises(EngineError, match="TWILIO_AUTH_TOKEN is set and no Google credentials"):
        make_recognizer("auto", "en-US", PHRASES, google=english, signed=True)
    chosen = make_recognizer("pocketsphinx", "en-US", PHRASES, google=english, signed=True)
    assert chosen.name == "pocketsphinx"


def test_an_emulator_is_enough_for_google(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    options = GoogleOptions("en-US", emulator_host="127.0.0.1:9")
    for name in ("auto", "google"):
        made = make_recognizer(name, "en-US", PHRASES, google=options)
        assert isinstance(made, GoogleRecognizer)
        assert "v1 model phone_call at 127.0.0.1:9 (en-US); 1 phrase hints" in made.about


def test_the_options_are_those_of_the_settings() -> None:
    assert google_options(Settings(), "he-IL") == GoogleOptions("he-IL")
    settings = Settings(
        stt_api="v2",
        stt_models="chirp_3, telephony,",
        google_cloud_region="europe-west4",
        google_cloud_project="p",
        stt_use_enhanced=False,
        stt_punctuation=False,
        stt_phrase_hints="a b,c",
        stt_hint_boost=5,
        stt_channels=4,
        stt_early_finals=False,
        speech_emulator_host="localhost:50051",
    )
    assert google_options(settings, "en-US") == GoogleOptions(
        "en-US",
        "v2",
        ("chirp_3", "telephony"),
        "europe-west4",
        "p",
        use_enhanced=False,
        punctuation=False,
        hints=("a b", "c"),
        hint_boost=5,
        emulator_host="localhost:50051",
        channels=4,
        early_finals=False,
    )
