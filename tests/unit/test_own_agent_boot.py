"""`AGENT=package.module:factory`: found at boot, or one clear line."""

from pathlib import Path

import pytest

from dialogue.fields import DialogueError
from dialogue.own_code import load_factory, runs_on_the_loop

pytestmark = pytest.mark.unit

MODULE = """
import functools
number = 7
class Agent:
    def __init__(self, call): pass
def factory(call): return None
"""
BROKEN = {
    "raises": "secret = 'k3y'\nraise ValueError(secret)\n",
    "syntax": "def (\n",
    "missing": "import no_such_library_of_anybody\n",
    "exits": "import sys\nsys.exit(3)\n",
}


@pytest.fixture(autouse=True)
def agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "agents_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "good.py").write_text(MODULE)
    for name, text in BROKEN.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize("name", ["factory", "Agent"])
def test_function_and_class_are_found(name: str) -> None:
    assert load_factory(f"agents_of_a_test.good:{name}").__name__ == name


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("gpt", "AGENT='gpt': expected package.module:factory"),
        ("a:b:c", "AGENT='a:b:c': expected package.module:factory"),
        (":make", "AGENT=':make': expected package.module:factory"),
        ("a..b:make", "AGENT='a..b:make': expected package.module:factory"),
        ("./agent.py:make", "AGENT='./agent.py:make': expected package.module:factory"),
        ("no_such_package_at_all.a:make", "no module named no_such_package_at_all"),
        ("agents_of_a_test.none:make", "no module named agents_of_a_test.none"),
        ("agents_of_a_test.missing:make", "no module named no_such_library_of_anybody"),
        (
            "agents_of_a_test.raises:make",
            ("importing agents_of_a_test.raises: ValueError at agents_of_a_test/raises.py:2"),
        ),
        ("agents_of_a_test.exits:make", "SystemExit at agents_of_a_test/exits.py:2"),
        ("agents_of_a_test.syntax:make", "importing agents_of_a_test.syntax: SyntaxError"),
        ("agents_of_a_test.good:none", "module agents_of_a_test.good has no none"),
        ("agents_of_a_test.good:number", "expected a function or a class, number is int"),
    ],
)
def test_wrong_setting_is_one_line(spec: str, line: str) -> None:
    with pytest.raises(DialogueError) as caught:
        load_factory(spec)
    told = str(caught.value)
    assert line in told
    assert told.startswith("AGENT=")
    assert spec in told
    assert len(told.splitlines()) == 1
    assert "k3y" not in told


def test_plain_and_async_callables_are_told_apart() -> None:
    class Both:
        async def __call__(self) -> None:
            """Do nothing."""

        def plain(self) -> None:
            """Do nothing."""

        async def waiting(self) -> None:
            """Do nothing."""

    assert runs_on_the_loop(Both())
    assert runs_on_the_loop(Both().waiting)
    assert not runs_on_the_loop(Both().plain)
    assert not runs_on_the_loop(Both)
