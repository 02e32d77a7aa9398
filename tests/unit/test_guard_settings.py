"""What the settings refuse before anything listens, and that secrets show nowhere."""

from collections.abc import Mapping

import pytest

from settings import Settings, SettingsError, load_settings
from settings.tables import effective_lines
from tests.support.front import sign
from web.front import make_guard
from web.knock import Knock

pytestmark = pytest.mark.unit

HEX32 = "0123456789abcdef0123456789abcdef"
PUBLIC = {"TWILIO_AUTH_TOKEN": HEX32, "PUBLIC_HOST": "voice.example.com"}
VISIBLE = "expected 1 to 256 visible ASCII characters without spaces"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def load(monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str]) -> Settings:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return load_settings(None)


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        (
            {"HOST": "0.0.0.0"},
            "HOST=0.0.0.0: open to others; set TWILIO_AUTH_TOKEN, or expected 127.0.0.1",
        ),
        (
            {"HOST": "::", "PUBLIC_HOST": "voice.example.com"},
            "HOST=::: open to others; set TWILIO_AUTH_TOKEN, or expected 127.0.0.1",
        ),
        (
            {"HOST": "10.0.0.1", "ADMIN_TOKEN": HEX32},
            "HOST=10.0.0.1: open to others; set TWILIO_AUTH_TOKEN, or expected 127.0.0.1",
        ),
        (
            PUBLIC | {"HOST": "0.0.0.0", "TWILIO_AUTH_TOKEN": "short"},
            "TWILIO_AUTH_TOKEN: expected 16 characters with HOST=0.0.0.0",
        ),
        (PUBLIC | {"TWILIO_AUTH_TOKEN": " "}, f"TWILIO_AUTH_TOKEN: {VISIBLE}"),
        (PUBLIC | {"TWILIO_AUTH_TOKEN": f"{HEX32}\n"}, f"TWILIO_AUTH_TOKEN: {VISIBLE}"),
        (PUBLIC | {"TWILIO_AUTH_TOKEN_OLD": f" {HEX32}"}, f"TWILIO_AUTH_TOKEN_OLD: {VISIBLE}"),
        (PUBLIC | {"TWILIO_SHARED_KEY": "ключ-7"}, f"TWILIO_SHARED_KEY: {VISIBLE}"),
        (
            {"TWILIO_AUTH_TOKEN_OLD": HEX32},
            "TWILIO_AUTH_TOKEN_OLD: expected with TWILIO_AUTH_TOKEN, never alone",
        ),
        (
            {"TWILIO_SHARED_KEY": HEX32},
            "TWILIO_SHARED_KEY: expected with TWILIO_AUTH_TOKEN, never alone",
        ),
        *(
            (
                PUBLIC | {"PUBLIC_HOST": host},
                f"PUBLIC_HOST='{host}': expected a host name only, such as voice.example.com",
            )
            for host in ("a.example:65536", "a.example:99999", "a@b", "a/b", "[::1]")
        ),
    ],
)  # fmt: skip
def test_what_would_be_open_or_never_work_is_refused_in_one_line(
    environ: dict[str, str], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, environ)
    assert str(refused.value) == line
    assert HEX32 not in str(refused.value)


def test_no_secret_is_shown_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "TWILIO_AUTH_TOKEN": "secret-one-1234567",
        "TWILIO_AUTH_TOKEN_OLD": "secret-two-1234567",
        "TWILIO_SHARED_KEY": "secret-three-12345",
        "ADMIN_TOKEN": "secret-four-123456",
        "OPENAI_API_KEY": "secret-five-123456",
    }
    loaded = load(monkeypatch, {**PUBLIC, **secrets})
    shown = "\n".join(effective_lines(loaded)) + repr(loaded) + str(loaded)
    assert "secret-" not in shown
    assert all(f"{name}=(set)" in shown for name in secrets)


def test_the_settings_of_a_rotation_reach_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    rotating = {"TWILIO_AUTH_TOKEN_OLD": "old-secret", "TWILIO_SHARED_KEY": "shared-secret"}
    guard = make_guard(load(monkeypatch, PUBLIC | rotating))
    for key, right in ((HEX32, True), ("old-secret", True), ("shared-secret", False)):
        signature = sign("https://voice.example.com/v", key=key)
        knock = Knock("203.0.113.7", "/v", "", {"x-twilio-signature": signature})
        assert (guard.refuse_webhook(knock, {}) is None) is right
