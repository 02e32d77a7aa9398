"""When the server takes Google's voice, and with which settings."""

import subprocess
import sys
from pathlib import Path

import pytest

from settings import ROOT, Settings, SettingsError, load_settings
from speech import engines
from speech.engines import make_synthesizer
from speech.google_credentials import Credentials
from speech.google_tts_options import GoogleTtsOptions, google_tts_options
from speech.ports import EngineError

pytestmark = pytest.mark.unit

EMULATED = GoogleTtsOptions(emulator_host="127.0.0.1:1")


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)

    def find(emulator_host: str | None = None) -> Credentials | None:
        return Credentials("an emulator") if emulator_host else None

    monkeypatch.setattr(engines, "find_credentials", find)


@pytest.mark.parametrize("name", ["auto", "google"])
@pytest.mark.parametrize("language", ["he-IL", "en-US"])
def test_google_speaks_where_credentials_are_found(name: str, language: str) -> None:
    cache = make_synthesizer(name, language, google=EMULATED)
    assert (cache.name, cache.language) == ("google", language)
    assert "stock phrases in" not in cache.about


def test_without_credentials_english_is_embedded_and_hebrew_is_an_error() -> None:
    assert make_synthesizer("auto", "en-US", google=GoogleTtsOptions()).name == "espeak"
    with pytest.raises(EngineError, match="Hebrew needs Google's engines"):
        make_synthesizer("auto", "he-IL", google=GoogleTtsOptions())
    with pytest.raises(EngineError, match=r"^TTS_ENGINE=google: no Google credentials were found"):
        make_synthesizer("google", "en-US")


@pytest.mark.parametrize("name", ["espeak", "tone"])
def test_an_engine_asked_for_by_name_is_taken(name: str) -> None:
    assert make_synthesizer(name, "en-US", google=EMULATED).name == name


def test_the_settings_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    assert google_tts_options(load_settings(None)) == GoogleTtsOptions()
    monkeypatch.setenv("TTS_VOICE", "he-IL-Wavenet-D")
    monkeypatch.setenv("TTS_EMULATOR_HOST", "localhost:50051")
    monkeypatch.setenv("TTS_AT_ONCE", "5")
    monkeypatch.setenv("TTS_FIRST_AUDIO_MS", "800")
    monkeypatch.setenv("PHRASE_CACHE_DIR", ".cache/phrases")
    monkeypatch.setenv("PHRASE_CACHE_DISK_MIB", "2")
    options = google_tts_options(load_settings(None))
    assert options == GoogleTtsOptions(
        voice="he-IL-Wavenet-D",
        emulator_host="localhost:50051",
        at_once=5,
        first_audio_s=0.8,
        phrase_folder=ROOT / ".cache" / "phrases",
        phrase_disk_bytes=2 << 20,
    )
    about = make_synthesizer("auto", "he-IL", google=options).about
    assert "voice he-IL-Wavenet-D" in about
    assert about.endswith(f"; stock phrases in {ROOT / '.cache' / 'phrases'}")


def test_an_emulator_without_a_port_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTS_EMULATOR_HOST", "localhost")
    with pytest.raises(SettingsError, match=r"^TTS_EMULATOR_HOST='localhost': expected host:port"):
        load_settings(None)


def test_googles_libraries_are_loaded_only_for_google() -> None:
    code = "import sys, speech.engines; print([n for n in sys.modules if n.startswith('google')])"
    run = [sys.executable, "-c", code]
    loaded = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603  # our own line
    assert loaded.stdout.strip() == "[]"


def test_nothing_is_on_disk_before_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "phrases"
    make_synthesizer("google", "he-IL", google=GoogleTtsOptions("v", "h:1", phrase_folder=folder))
    assert not folder.exists()
