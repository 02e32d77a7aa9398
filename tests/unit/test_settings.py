"""Settings: bounds, cross checks, one clear line for what is wrong, tables for people."""

from pathlib import Path

import pytest

from settings import (
    ROOT,
    Settings,
    SettingsError,
    is_loopback,
    load_settings,
)
from settings.reading import bounds
from settings.tables import effective_lines, help_text, markdown_table, settings_table

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_defaults_are_the_promised_bounds() -> None:
    s = load_settings(None)
    assert (s.rx_mailbox_frames, s.stt_mailbox_frames, s.tx_mailbox_frames) == (200, 60, 144)
    assert (s.control_mailbox_messages, s.tx_owed_messages) == (256, 144)
    assert s.loopback_only
    assert s.dialogue_path.name == "english.toml"
    assert s.dialogue_path.is_absolute()


API_URL_EXPECTED = "expected https:// and a host, or http:// on this machine; no path"
OVERLOAD_URL_EXPECTED = "expected https:// and a host, or http:// on this machine"

BAD = [
    ({"RX_MAILBOX_FRAMES": "abc"}, "RX_MAILBOX_FRAMES='abc': expected 10 to 1500"),
    ({"PORT": "65536"}, "PORT='65536': expected 0 to 65535"),
    ({"STT_BATCH_MS": "60.5"}, "STT_BATCH_MS='60.5': expected 20 to 500"),
    ({"STT_PRESET": "quick"}, "STT_PRESET='quick': expected fast or balanced or relaxed"),
    ({"STT_HINT_BOOST": "21"}, "STT_HINT_BOOST='21': expected 0 to 20"),
    (
        {"SPEECH_EMULATOR_HOST": "http://localhost:1"},
        "SPEECH_EMULATOR_HOST='http://localhost:1': expected host:port, such as 127.0.0.1:50051",
    ),
    ({"LOG_TRANSCRIPTS": "perhaps"}, "LOG_TRANSCRIPTS='perhaps': expected true or false"),
    (
        {"LOG_LEVEL": "loud"},
        "LOG_LEVEL='LOUD': expected TRACE or DEBUG or INFO or WARNING or ERROR",
    ),
    (
        {"PUBLIC_HOST": "https://x.example"},
        "PUBLIC_HOST='https://x.example': expected a host name only, such as voice.example.com",
    ),
    (
        {"HOST": "0.0.0.0"},
        "HOST=0.0.0.0: open to others; set TWILIO_AUTH_TOKEN, or expected 127.0.0.1",
    ),
    (
        {"TWILIO_AUTH_TOKEN": "hush"},
        "PUBLIC_HOST: missing; expected with TWILIO_AUTH_TOKEN: signatures are over it",
    ),
    (
        {"OVERLOAD_URL": "http://x.example/voice"},
        f"OVERLOAD_URL='http://x.example/voice': {OVERLOAD_URL_EXPECTED}",
    ),
    (
        {
            "TWILIO_AUTH_TOKEN": "hush",
            "PUBLIC_HOST": "voice.example.com",
            "OVERLOAD_URL": "https://Voice.example.com/webhook/voice",
        },
        "OVERLOAD_URL: leads back to this server; expected another one's",
    ),
    (
        {"TWILIO_ACCOUNT_SID": "AC1"},
        "TWILIO_ACCOUNT_SID='AC1': expected AC and 32 hexadecimal digits",
    ),
    (
        {"TWILIO_API_URL": "http://api.example.com"},
        f"TWILIO_API_URL='http://api.example.com': {API_URL_EXPECTED}",
    ),
    (
        {"TWILIO_API_URL": "https://api.example.com/2010-04-01"},
        f"TWILIO_API_URL='https://api.example.com/2010-04-01': {API_URL_EXPECTED}",
    ),
    (
        {"ADMIN_TOKEN": "short"},
        "ADMIN_TOKEN: expected 16 to 256 visible ASCII characters without spaces",
    ),
    (
        {"RX_DRAIN_ENTER_FRAMES": "20"},
        "RX_DRAIN_LEAVE_FRAMES=20: expected < RX_DRAIN_ENTER_FRAMES (20)",
    ),
    (
        {"RX_MAILBOX_FRAMES": "99"},
        "RX_DRAIN_ENTER_FRAMES=100: expected <= RX_MAILBOX_FRAMES (99)",
    ),
    (
        {"TX_CREDIT_LOW_FRAMES": "16"},
        "TX_CREDIT_LOW_FRAMES=16: expected < TX_CREDIT_TARGET_FRAMES (16)",
    ),
]


@pytest.mark.parametrize(("environ", "line"), BAD)
def test_a_bad_value_is_one_line_that_names_it(
    environ: dict[str, str], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings(None)
    assert str(refused.value) == line


@pytest.mark.parametrize(
    ("preset", "numbers"),
    [
        (None, (60, 110, 320, 180)),
        ("fast", (40, 90, 320, 180)),
        ("balanced", (60, 110, 320, 180)),
        ("relaxed", (80, 120, 450, 220)),
    ],
)
def test_a_preset_stands_for_four_numbers(
    preset: str | None, numbers: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    if preset is not None:
        monkeypatch.setenv("STT_PRESET", preset)
    s = load_settings(None)
    resolved = (s.stt_batch_ms, s.stt_debounce_ms, s.stt_timeout_ms, s.stt_hangover_ms)
    assert resolved == numbers


def test_a_number_set_by_itself_wins_over_the_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STT_PRESET", "relaxed")
    monkeypatch.setenv("STT_BATCH_MS", "60")
    s = load_settings(None)
    assert (s.stt_batch_ms, s.stt_debounce_ms) == (60, 120)
    assert "STT_DEBOUNCE_MS=120" in effective_lines(s)


def test_every_bad_variable_gets_its_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("MAX_CALLS", "0")
    with pytest.raises(SettingsError) as refused:
        load_settings(None)
    lines = str(refused.value).splitlines()
    assert [line.partition("=")[0] for line in lines] == ["PORT", "MAX_CALLS"]


def test_a_likely_typo_in_env_file_is_refused_and_strangers_are_not(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("AWS_REGION=eu\nRX_MAILBOX_FRAME=100\n")
    with pytest.raises(SettingsError) as refused:
        load_settings(env)
    expected = "RX_MAILBOX_FRAME: unknown setting in .env; expected RX_MAILBOX_FRAMES?"
    assert str(refused.value) == expected
    env.write_text("AWS_REGION=eu\nPORT=9000\nPUBLIC_HOST=\n")
    assert load_settings(env).port == 9000
    assert load_settings(env).public_host is None


def test_an_unreadable_env_file_is_one_line(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError) as refused:
        load_settings(env)
    assert len(str(refused.value).splitlines()) == 1


def test_secrets_show_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "hush-hush")
    monkeypatch.setenv("PUBLIC_HOST", "voice.example.com:8443")
    loaded = load_settings(None)
    assert "hush" not in repr(loaded)
    assert "TWILIO_AUTH_TOKEN=(set)" in effective_lines(loaded)


def test_every_setting_has_a_reason_and_every_number_its_bounds() -> None:
    table = {name: (accepted, why) for name, _default, accepted, why in settings_table()}
    assert len(table) == len(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        accepted, why = table[name.upper()]
        assert len(why) > 10, name
        assert accepted or field.annotation is not int, name


def test_bounds_in_words() -> None:
    assert bounds("port") == "0 to 65535"
    assert bounds("log_transcripts") == "true or false"
    assert not bounds("host")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_loopback_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.evil.example", ""])
def test_names_that_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_the_docs_and_the_example_file_are_those_of_the_class() -> None:
    docs = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert markdown_table() in docs, "put markdown_table() of settings/tables.py into the docs"
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = {line.lstrip("# ").partition("=")[0] for line in example.splitlines() if "=" in line}
    assert named <= {name.upper() for name in Settings.model_fields}


def test_the_help_names_every_setting() -> None:
    text = help_text()
    assert all(f"  {name.upper()}=" in text for name in Settings.model_fields)
    assert "RX_MAILBOX_FRAMES=200 (10 to 1500)\n      4 s of caller audio" in text


def test_a_line_of_the_env_file_that_is_no_setting_is_named(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text('PORT=9000\nfoo bar baz\nHOST="unclosed\n', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file)
    assert str(caught.value).splitlines()[0] == ".env line 2: expected NAME=value"
