"""The command line of the server: what it prints, and with which exit code it ends."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

import server
from settings import ROOT, Settings
from tests.support.web import logged
from web import serving
from web.status import ServerStatus

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
        ("CALL_LOG_DIR", "/dev/null", "server: CALL_LOG_DIR='/dev/null': File exists; expected a"),
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


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example.com", "."])
def test_what_cannot_be_a_host_name_is_one_line_and_exit_code_2(
    host: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(_house: server.House) -> int:
        serving.bind(host, 0)
        raise AssertionError("bound")

    monkeypatch.setattr(server, "_serve", serve)
    assert server.main([]) == 2
    told = capsys.readouterr().err
    assert told == f"server: HOST={host} PORT=0: Not a host name; expected a free address\n"


def test_a_check_says_how_many_descriptors_are_needed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_needed: int) -> int:
        return 1024

    monkeypatch.setattr(server, "raise_limit", refuse)
    monkeypatch.setenv("MAX_CALLS", "2000")
    assert server.main(["--check"]) == 0
    line = "file descriptors: 2672 needed, 1024 allowed; raise the limit (ulimit -n, LimitNOFILE)"
    assert capsys.readouterr().out.endswith(f"{line}\n")


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


class House:
    """What a warm-up needs: no dialogue, and an engine that does as it is told."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.synthesizer = self.dialogue = self
        self._error = error

    def stock_replies(self) -> list[str]:
        return ["hello"]

    async def warm(self, _texts: list[str]) -> None:
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (None, []),
        (TimeoutError(), ["warm-up: not done within 60 s, going on"]),
        (OSError("hello"), ["warm-up: failed, going on: OSError"]),
    ],
)
def test_however_the_warm_up_ends_the_server_is_ready(
    error: BaseException | None, lines: list[str]
) -> None:
    root: Any = None
    status = ServerStatus(root, {})
    with logged() as said:
        asyncio.run(server._warm(cast("server.House", House(error)), status))
    assert status.started
    assert said == lines


class Closing:
    """An engine that takes its time to close."""

    def __init__(self, waits_for: asyncio.Event, tells: asyncio.Event) -> None:
        self._waits_for = waits_for
        self._tells = tells

    async def start(self) -> None:
        """Be there."""

    async def aclose(self) -> None:
        self._tells.set()
        await self._waits_for.wait()


def test_engines_close_side_by_side() -> None:
    async def close() -> None:
        one, other = asyncio.Event(), asyncio.Event()
        async with asyncio.timeout(5):
            await server._close([Closing(one, other), Closing(other, one)])

    with logged() as said:
        asyncio.run(close())
    assert said == []


def test_an_engine_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ENGINES_CLOSE_S", 0.01)

    async def close() -> None:
        async with asyncio.timeout(5):
            await server._close([Closing(asyncio.Event(), asyncio.Event())])

    with logged() as said:
        asyncio.run(close())
    assert said == ["engines: not closed within 0.0 s, going on"]


def test_an_engine_that_cannot_close_is_told_of_by_the_type_of_its_error() -> None:
    class Broken(Closing):
        async def aclose(self) -> None:
            raise OSError("hello")

    with logged() as said:
        asyncio.run(server._close([Broken(asyncio.Event(), asyncio.Event())]))
    assert said == ["engines: not closed well: OSError"]


def test_the_times_of_a_stop_add_up_to_what_is_promised() -> None:
    parts_s = (
        serving.DRAIN_GOODBYE_S,
        max(serving.LINGER_S, serving.CUT_LINGER_S),
        serving.CLOSE_S,
        server.ENGINES_CLOSE_S,
    )
    assert sum(parts_s) < serving.STOP_WITHIN_S
    drain = Settings.model_fields["drain_s"]
    assert drain.default + serving.STOP_WITHIN_S <= 30
    assert f"{serving.STOP_WITHIN_S:.0f} s later" in (drain.description or "")
