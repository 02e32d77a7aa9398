"""Where Google's credentials are looked for, and that the looking ends."""

import threading
from pathlib import Path
from typing import Any

import pytest

import speech.google_credentials as finding
from speech.google_credentials import Credentials, find_credentials, place, within
from speech.google_status import credentials_refused, one_line, status_name
from speech.ports import EngineError

pytestmark = pytest.mark.unit

NOWHERE = Path("/nowhere/at/all")


@pytest.fixture(autouse=True)
def _a_machine_without_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(finding, "_PRODUCT_FILE", NOWHERE)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (finding.FILE_VARIABLE, "CLOUDSDK_CONFIG", *finding._CLOUD_VARIABLES):
        monkeypatch.delenv(name, raising=False)


def test_a_bare_machine_has_no_place_and_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> tuple[Any, str | None]:
        raise AssertionError("the libraries were loaded in vain")

    monkeypatch.setattr(finding, "_load_default", load)
    assert place({"HOME": str(NOWHERE)}, NOWHERE) is None
    assert find_credentials() is None


def test_the_places_in_their_order(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "gcloud"
    folder.mkdir(parents=True)
    (folder / "application_default_credentials.json").write_text("{}", encoding="utf-8")
    label = tmp_path / "product_name"
    label.write_text("Google Compute Engine\n", encoding="utf-8")
    home = {"HOME": str(tmp_path)}
    assert place(home | {finding.FILE_VARIABLE: "key.json"}, label) == finding.FILE_VARIABLE
    assert place(home, label) == "gcloud's user file"
    assert place({"CLOUDSDK_CONFIG": str(folder)}, NOWHERE) == "gcloud's user file"
    assert place({"HOME": "/"}, label) == "Google's metadata server"
    assert place({"HOME": "/", "K_SERVICE": "agent"}, NOWHERE) == "Google's metadata server"
    assert place({"HOME": "/", "NO_GCE_CHECK": "true"}, label) is None
    label.write_text("Standard PC", encoding="utf-8")
    assert place({"HOME": "/"}, label) is None


def test_an_emulator_needs_none() -> None:
    found = find_credentials("127.0.0.1:9")
    assert found is not None
    assert found.secret is None
    assert "127.0.0.1:9" in found.where


def test_what_is_found_comes_with_its_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(finding.FILE_VARIABLE, "key.json")
    monkeypatch.setattr(finding, "_load_default", lambda: ("hush", "my-project"))
    found = find_credentials()
    assert found == Credentials(finding.FILE_VARIABLE, "my-project", "hush")
    assert "hush" not in repr(found)


@pytest.mark.parametrize("text", [None, "{", '{"type": "service_account"}'])
def test_a_key_that_cannot_be_used_is_one_line(
    text: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "key.json"
    if text is not None:
        key.write_text(text, encoding="utf-8")
    monkeypatch.setenv(finding.FILE_VARIABLE, str(key))
    with pytest.raises(EngineError, match=f"^Google credentials: {finding.FILE_VARIABLE}: ") as bad:
        find_credentials()
    assert "\n" not in str(bad.value)


def test_a_metadata_server_that_is_not_there_is_not_waited_for() -> None:
    never = threading.Event()

    def load() -> tuple[Any, str | None]:
        never.wait(30)
        return None, None

    with pytest.raises(EngineError, match="the metadata server: no answer within"):
        within(0.01, "the metadata server", load)
    never.set()


def test_any_failure_of_the_library_is_one_line() -> None:
    def load() -> tuple[Any, str | None]:
        raise RuntimeError("secret detail\nof a library")

    with pytest.raises(EngineError, match=r"here: RuntimeError$"):
        within(5, "here", load)


def test_refused_credentials_are_told_from_a_network_that_is_down() -> None:
    assert credentials_refused("UNAUTHENTICATED", "")
    assert credentials_refused("UNAVAILABLE", "Getting metadata failed: ('invalid_grant: x')")
    assert not credentials_refused("UNAVAILABLE", "connection refused")
    assert status_name(3) == "INVALID_ARGUMENT"
    assert status_name(99) == "UNKNOWN"
    assert one_line("a\n b " + "x" * 1000) == ("a b " + "x" * 196)
