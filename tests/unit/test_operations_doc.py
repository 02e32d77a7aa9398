"""Whoever is woken by a line or a number finds it in docs/operations.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from telemetry import Metrics

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SERVER = ("actors", "web", "speech", "dialogue", "telemetry", "call_log", "replay", "settings")
ALARMS = ("warning", "error", "critical")


def sources() -> Iterator[Path]:
    yield from (ROOT / "server.py", ROOT / "log_sink.py")
    for package in SERVER:
        yield from (ROOT / package).rglob("*.py")


def alarms() -> Iterator[tuple[str, str]]:
    """Every text that the server warns with, and where."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr=level), args=[ast.Constant(value=str(text)), *_]
                ) if level in ALARMS:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", text


def longest_literal(text: str) -> str:
    return max((part.strip(" ,:;") for part in re.split(r"\{[^}]*\}", text)), key=len)


def test_every_warning_and_error_line_is_explained() -> None:
    found = list(alarms())
    assert len(found) > 40
    missing = [(where, text) for where, text in found if longest_literal(text) not in DOCUMENT]
    assert missing == []


def test_every_metric_is_explained() -> None:
    names = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in Metrics().registry.collect()
    }
    assert len(names) > 20
    assert {name for name in names if f"`{name}`" not in DOCUMENT} == set()
