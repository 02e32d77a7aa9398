"""The command line of the server: what it prints, and with which exit code it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import server
from settings import ROOT, Settings

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _engines_that_need_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("STT_ENGINE", "instant")
    monkeypatch.setenv("TTS_ENGINE", "tone")


def test_a_check_prints_what_would_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "hush-hush")
    monkeypatch.setenv("PUBLIC_HOST", "voice.example.com")
    assert server.main(["--check"]) == 0
    printed = capsys.readouterr().out
    assert "PUBLIC_HOST=voice.example.com\n" in printed
    assert "TWILIO_AUTH_TOKEN=(set)\n" in printed
    assert "hush" not in printed
    assert "instant" in printed
    assert "; language en-US" in printed


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "x", "server: PORT='x': expected 0 to 65535"),
        ("DIALOGUE", "nowhere.toml", "nowhere.toml"),
        ("STT_ENGINE", "ear", "ear"),
        ("TTS_ENGINE", "mouth", "mouth"),
    ],
)
def test_what_cannot_work_is_one_line_and_exit_code_2(
    name: str,
    value: str,
    expected: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(name, value)
    assert server.main([]) == 2
    told = capsys.readouterr().err
    assert expected in told
    assert told.startswith("server: ")
    assert told.count("\n") == 1


def test_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        server.main(["--help"])
    assert ended.value.code == 0
    assert "RX_MAILBOX_FRAMES=200" in capsys.readouterr().out


def test_it_works_from_any_folder(tmp_path: Path) -> None:
    checked = subprocess.run(  # noqa: S603  # our own file
        [sys.executable, str(ROOT / "server.py"), "--check"],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "dialogue maple-street-clinic" in checked.stdout
