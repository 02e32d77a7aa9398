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
        (
            PUBLIC | {"HOST": "0.0.0.0", "TWILIO_AUTH_TOKEN_OLD": "x"},
            "TWILIO_AUTH_TOKEN_OLD: expected 16 characters with HOST=0.0.0.0",
        ),
        (
            PUBLIC | {"HOST": "::", "TWILIO_SHARED_KEY": HEX32[:15]},
            "TWILIO_SHARED_KEY: expected 16 characters with HOST=::",
        ),
        (
            PUBLIC | {"HOST": "0.0.0.0", "ADMIN_TOKEN": "k"},
            "ADMIN_TOKEN: expected 16 to 256 visible ASCII characters without spaces",
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


def test_what_an_address_or_a_request_holds_besides_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = load(
        monkeypatch,
        {
            "OPENAI_EXTRA": '{"headers": {"Authorization": "secret-one"}}',
            "OPENAI_BASE_URL": "http://secret-two:secret-three@[::1]:8000/v1",
            "OVERLOAD_URL": "https://other.example/webhook/voice?key=secret-four#secret-five",
        },
    )
    shown = effective_lines(loaded)
    assert not [line for line in shown if "secret-" in line]
    assert "OPENAI_EXTRA=(set)" in shown
    assert "OPENAI_BASE_URL=http://…@[::1]:8000/v1" in shown
    assert "OVERLOAD_URL=https://other.example/webhook/voice?…" in shown
    monkeypatch.delenv("OPENAI_EXTRA")
    assert "OPENAI_EXTRA=-" in effective_lines(load_settings(None))


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret-1@other.example/voice",
        f"https://user:{'x' * 40}secret-1@other.example",
        "https://user:secret-1/secret-2@other.example/?@",
        "ftp://other.example/?key=secret-1",
    ],
)
def test_an_address_that_is_refused_is_not_repeated_with_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, {"OVERLOAD_URL": url})
    told = str(refused.value)
    assert told.startswith("OVERLOAD_URL='")
    assert "secret" not in told
    assert "xxx" not in told


@pytest.mark.parametrize("public_host", ["voice.example.com", "voice.example.com:443"])
@pytest.mark.parametrize(
    "url",
    [
        "https://voice.example.com/webhook/voice",
        "https://VOICE.example.com:443/webhook/voice?x=1",
        "https://voice.example.com./webhook/voice",
        "https://voice.example.com//webhook//voice",
        "https://voice.example.com/./a/../webhook/voice",
        "https://voice.example.com/%77ebhook%2Fvoice",
        "https://voice.example.com/webhook",
    ],
)
def test_calls_that_do_not_fit_are_not_sent_back_however_the_address_is_written(
    public_host: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, PUBLIC | {"PUBLIC_HOST": public_host, "OVERLOAD_URL": url})
    assert str(refused.value) == "OVERLOAD_URL: leads back to this server; expected another one's"


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.com/webhook/voice",
        "https://voice.example.com:8443/webhook/voice",
        "https://voice.example.com/queue?then=/webhook/voice",
        "https://voice.example.com",
        "http://localhost:99999/webhook/voice",
    ],
)
def test_another_server_or_another_of_its_paths_may_take_them(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(monkeypatch, PUBLIC | {"OVERLOAD_URL": url}).overload_url == url


def test_the_settings_of_a_rotation_reach_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    rotating = {"TWILIO_AUTH_TOKEN_OLD": "old-secret", "TWILIO_SHARED_KEY": "shared-secret"}
    guard = make_guard(load(monkeypatch, PUBLIC | rotating))
    for key, right in ((HEX32, True), ("old-secret", True), ("shared-secret", False)):
        signature = sign("https://voice.example.com/v", key=key)
        knock = Knock("203.0.113.7", "/v", "", {"x-twilio-signature": signature})
        assert (guard.refuse_webhook(knock, {}) is None) is right
