"""Where the commands of the phone that look at a server's calls get its admin token from."""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from phone import __main__ as phone
from phone import play_command
from phone.call import CallOptions

pytestmark = pytest.mark.unit

SOURCES = pytest.mark.parametrize(
    ("arguments", "environment", "token"),
    [
        ((), None, None),
        ((), "there", "there"),
        (("--admin-token", "given"), "x", "given"),
    ],
)


@pytest.fixture(autouse=True)
def variable(monkeypatch: pytest.MonkeyPatch, environment: str | None) -> None:
    monkeypatch.delenv("ADMIN_TOKEN", raising=False)
    if environment is not None:
        monkeypatch.setenv("ADMIN_TOKEN", environment)


@SOURCES
def test_play_takes_it_from_the_option_or_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: Sequence[str], token: str | None
) -> None:
    given: list[CallOptions] = []

    async def played(options: CallOptions, *_: Any) -> list[Any]:
        given.append(options)
        return []

    monkeypatch.setattr(play_command, "play_all", played)
    scenario = tmp_path / "listens.toml"
    scenario.write_text('title = "t"\n[[turn]]\nwait = { after_ms = 0 }\n', encoding="utf-8")
    parser = argparse.ArgumentParser()
    play_command.add_arguments(parser, int)
    parsed = parser.parse_args([str(scenario), *arguments])
    assert asyncio.run(play_command.play_files(parsed, lambda _text: None)) == 0
    assert [options.admin_token for options in given] == [token]
    assert token is None or token not in repr(given)


@SOURCES
def test_call_takes_it_from_the_option_or_the_environment(
    monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], token: str | None
) -> None:
    given: list[CallOptions] = []

    async def held(options: CallOptions, *_: Any) -> Any:
        given.append(options)
        raise KeyboardInterrupt

    monkeypatch.setattr(phone, "hold_call", held)
    assert phone.main(["call", "http://127.0.0.1:1", *arguments]) == 1
    assert [options.admin_token for options in given] == [token]
