"""Chooses who answers the calls: the setting AGENT.

Makes one dialogue for the server at boot, or says in one line why it cannot; imports the
`openai` package and own code only if they are chosen. `server.py` asks.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

import orjson

from dialogue import checks
from dialogue.fields import DialogueError
from dialogue.loader import load_dialogue
from dialogue.model_dialogue import ModelDialogue
from dialogue.model_prompt import default_prompt, read_prompt
from dialogue.own_threads import AgentThreads
from dialogue.patience import Patience
from dialogue.ports import Dialogue
from dialogue.scripted import ScriptedDialogue
from dialogue.tools_box import Toolbox
from dialogue.tools_load import checked_tools, load_tools
from dialogue.tools_phone import PHONE_TOOLS, phone_tools
from settings import ROOT, Settings

SCRIPTED: Final = "scripted"
OPENAI: Final = "openai"
EXPECTED: Final = f"expected {SCRIPTED}, {OPENAI} or package.module:factory"

_OWN: Final = re.compile(r"[^\s:]+:[^\s:]+")


def make_dialogue(settings: Settings) -> Dialogue:
    """Load the dialogue file and put the agent that the settings name on top of it.

    Raises:
        DialogueError: the file or the agent cannot be used; one line.
    """
    script = load_dialogue(settings.dialogue_path)
    if settings.agent == SCRIPTED:
        return script
    if settings.agent == OPENAI:
        return _model_dialogue(script, settings)
    if _OWN.fullmatch(settings.agent):
        from dialogue.own_agent import OwnDialogue  # noqa: PLC0415  # only if it is asked for

        return OwnDialogue(script, settings.agent, settings)
    raise DialogueError(f"AGENT={settings.agent}: {EXPECTED}")


def _model_dialogue(script: ScriptedDialogue, settings: Settings) -> ModelDialogue:
    from dialogue.openai_model import OPENAI_URL, OpenAIModel, OpenAIOptions  # noqa: PLC0415

    url = _checked_url(settings.openai_base_url or OPENAI_URL)
    if not settings.openai_model:
        raise DialogueError("OPENAI_MODEL: missing; expected the model's name with AGENT=openai")
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else ""
    if not key and url == OPENAI_URL:
        raise DialogueError("OPENAI_API_KEY: missing; expected with OpenAI's own server")
    prompt_file = settings.openai_prompt_file
    prompt = read_prompt(ROOT / prompt_file) if prompt_file else default_prompt(script.language)
    toolbox = _toolbox(script, settings)
    options = OpenAIOptions(
        model=settings.openai_model,
        base_url=url,
        api_key=key or "none",
        max_tokens=settings.openai_max_tokens,
        connections=settings.max_calls,
        timeout_s=settings.agent_total_s,
        extra=_extra(settings.openai_extra),
    )
    model, patience = OpenAIModel(options), Patience.of(settings)
    return ModelDialogue(script, model, toolbox, patience, prompt, settings.openai_history_chars)


def _toolbox(script: ScriptedDialogue, settings: Settings) -> Toolbox:
    own = load_tools(settings.agent_tools) if settings.agent_tools else []
    names = _phone_tool_names(settings.agent_phone_tools)
    ready = phone_tools(names, _transfer_targets(script, settings))
    return Toolbox(checked_tools([*ready, *own]), AgentThreads(settings.agent_threads))


def _phone_tool_names(text: str) -> list[str]:
    names = [] if text.strip() == "none" else _listed(text)
    for name in names:
        if name not in PHONE_TOOLS:
            expected = f"none, or some of {', '.join(PHONE_TOOLS)}"
            raise DialogueError(f"AGENT_PHONE_TOOLS: {name!r}; expected {expected}")
    return names


def _transfer_targets(script: ScriptedDialogue, settings: Settings) -> Mapping[str, str]:
    """Return whom the model may transfer to, and whose number that is, where it is known."""
    if allowed := settings.agent_transfers:
        return {checks.transfer_target("AGENT_TRANSFERS", to): "" for to in _listed(allowed)}
    return script.transfer_targets()


def _extra(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise DialogueError('OPENAI_EXTRA: expected a JSON object such as {"temperature": 0.3}')
    return cast("dict[str, Any]", value)


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        good = good and parts.username is None and parts.password is None  # `--check` shows it
    except ValueError:
        good = False
    # Not repeated: some people put a key into the URL.
    if not good:
        raise DialogueError("OPENAI_BASE_URL: expected a URL such as http://127.0.0.1:11434/v1")
    return url.rstrip("/")


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
