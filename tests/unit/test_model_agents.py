"""Which agent the settings choose, and the one line that a mistake in them is."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import SecretStr

from dialogue import loader
from dialogue.agents import make_dialogue
from dialogue.fields import DialogueError
from dialogue.loader import parse_script
from dialogue.model_dialogue import ModelDialogue
from dialogue.model_prompt import MAX_PROMPT_BYTES, default_prompt
from dialogue.openai_model import OPENAI_URL, OpenAIOptions
from dialogue.own_agent import OwnDialogue
from dialogue.script import Script
from dialogue.scripted import ScriptedDialogue
from dialogue.tools import Tool, tool
from settings import Settings

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

LOCAL = "http://127.0.0.1:9/v1"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def settings(**changes: Any) -> Settings:
    unset = ("openai_api_key", "openai_prompt_file", "openai_extra", "agent_tools")
    chosen: dict[str, Any] = {"agent": "openai", "openai_base_url": LOCAL, "openai_model": "m"}
    chosen |= dict.fromkeys((*unset, "agent_transfers")) | changes  # Whatever the environment has.
    return Settings(_env_file=None, **chosen)  # type: ignore[call-arg]


async def made(**changes: Any) -> ModelDialogue:
    dialogue = make_dialogue(settings(**changes))
    assert isinstance(dialogue, ModelDialogue)
    await dialogue.aclose()
    await dialogue.aclose()
    return dialogue


def tools_of(dialogue: ModelDialogue) -> dict[str, Any]:
    functions = [spec["function"] for spec in dialogue._parts.toolbox.specs]
    return {one["name"]: one["parameters"]["properties"] for one in functions}


def test_the_scripted_agent_is_the_dialogue_file() -> None:
    assert isinstance(make_dialogue(settings(agent="scripted")), ScriptedDialogue)


def test_an_own_agent_is_named_by_its_factory() -> None:
    assert isinstance(make_dialogue(settings(agent="os.path:basename")), OwnDialogue)


async def test_a_model_keeps_the_files_language_and_texts() -> None:
    script = make_dialogue(settings(agent="scripted"))
    model = await made()
    assert model.name == f"model m at 127.0.0.1:9 with {script.name}"
    assert model.language == script.language
    assert model.phrases() == script.phrases()
    assert model.stock_replies() == script.stock_replies()


async def test_the_model_may_transfer_where_the_file_does_unless_told_otherwise() -> None:
    names = ["hang_up", "transfer", "send_note", "collect_digits"]
    in_file = tools_of(await made())
    assert list(in_file) == names
    assert all(to.startswith(("+", "sip:")) for to in in_file["transfer"]["to"]["enum"])
    told = tools_of(await made(agent_transfers="+15555550111, sip:a@b.example"))
    assert told["transfer"]["to"]["enum"] == ["+15555550111", "sip:a@b.example"]
    assert list(tools_of(await made(agent_phone_tools="hang_up"))) == ["hang_up"]
    assert tools_of(await made(agent_phone_tools="none")) == {}


async def test_the_dialogue_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def counted(text: str) -> Script:
        parsed.append(text)
        return parse_script(text)

    monkeypatch.setattr(loader, "parse_script", counted)
    assert "transfer" in tools_of(await made())
    assert len(parsed) == 1


def test_the_prompt_names_the_language() -> None:
    assert "Answer in Hebrew," in default_prompt("he-IL")
    assert "Answer in English," in default_prompt("en-US")
    assert "Answer in the language sw-KE," in default_prompt("sw-KE")


async def test_a_prompt_file_is_the_prompt(tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_text("\ufeffYou are Dana.\n", encoding="utf-8")
    assert (await made(openai_prompt_file=file))._prompt == "You are Dana."


async def test_ones_own_tools_come_behind_the_telephones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "my_tools", module_with(look))
    assert list(tools_of(await made(agent_tools="my_tools")))[-1] == "look"


@tool
def look() -> None:
    """Look."""


def module_with(*tools: Tool) -> ModuleType:
    module = ModuleType("my_tools")
    vars(module).update({f"tool{number}": one for number, one in enumerate(tools)})
    return module


def another_hang_up() -> Tool:
    def hang_up() -> None:
        """Hang up."""

    return tool(hang_up)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"agent": "opnai"}, "AGENT=opnai: expected scripted, openai or package.module:factory"),
    ({"openai_model": None}, "OPENAI_MODEL: missing; expected the model's name"),
    ({"openai_base_url": None}, "OPENAI_API_KEY: missing; expected with OpenAI's own server"),
    ({"openai_base_url": "localhost:11434"}, "OPENAI_BASE_URL: expected a URL such as"),
    ({"openai_base_url": "http://[::1"}, "OPENAI_BASE_URL: expected a URL such as"),
    ({"openai_base_url": "http://a:x/v1"}, "OPENAI_BASE_URL: expected a URL such as"),
    ({"openai_prompt_file": "no-such.txt"}, "no-such.txt: cannot be read: No such file"),
    ({"openai_extra": "temperature=1"}, "OPENAI_EXTRA: expected a JSON object such as"),
    ({"openai_extra": "[1]"}, "OPENAI_EXTRA: expected a JSON object such as"),
    ({"agent_phone_tools": "hangup"}, "AGENT_PHONE_TOOLS: 'hangup'; expected none, or some of"),
    ({"agent_transfers": "5550100"}, "AGENT_TRANSFERS: expected a number such as"),
    ({"agent_tools": "no_such_module"}, "AGENT_TOOLS=no_such_module: no module 'no_such_module'"),
    ({"agent_tools": "email"}, "AGENT_TOOLS=email: holds no tool; expected functions with @tool"),
    ({"agent_tools": "broken_tools"}, "cannot be imported: ValueError at "),
    ({"agent_tools": "nameless_tools"}, "AGENT_TOOLS=nameless_tools: tool f: expected a docstring"),
]


@pytest.mark.parametrize(("changes", "line"), WRONG)
def test_a_mistake_is_one_clear_line(
    changes: dict[str, Any], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "broken_tools.py").write_text("raise ValueError('SECRET')")
    text = "from dialogue.tools import tool\n@tool\ndef f(): pass\n"
    (tmp_path / "nameless_tools.py").write_text(text)
    assert line in mistake_of(settings(**changes))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b" \n", "empty; expected the system prompt"),
        (b"\xff", "not UTF-8 text"),
        (b"x" * (MAX_PROMPT_BYTES + 1), "expected at most 100000 bytes"),
    ],
    ids=len,
)
def test_a_bad_prompt_file_is_one_clear_line(content: bytes, line: str, tmp_path: Path) -> None:
    file = tmp_path / "prompt.txt"
    file.write_bytes(content)
    assert line in mistake_of(settings(openai_prompt_file=file))


def test_tools_need_names_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "my_tools", module_with(another_hang_up()))
    line = "AGENT_TOOLS: two tools are called hang_up; rename one"
    assert mistake_of(settings(agent_tools="my_tools")) == line


def mistake_of(chosen: Settings) -> str:
    with pytest.raises(DialogueError) as error:
        make_dialogue(chosen)
    assert "\n" not in str(error.value)
    assert "SECRET" not in str(error.value)
    return str(error.value)


def test_openais_own_server_has_its_own_name_for_the_limit() -> None:
    assert OpenAIOptions("m", OPENAI_URL).max_tokens_field == "max_completion_tokens"
    assert OpenAIOptions("m", LOCAL).max_tokens_field == "max_tokens"


def test_the_key_is_shown_by_nobody() -> None:
    assert "KEY" not in repr(OpenAIOptions("m", LOCAL, "KEY"))
    assert "KEY" not in repr(settings(openai_api_key=SecretStr("KEY")))
    assert OpenAIOptions("m", "http://me:KEY@a.b:9/v1").host == "a.b:9"
