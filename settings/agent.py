"""The settings of the agent's brain: which one, and the model behind it.

Owns these fields as one part of `settings.schema.Settings`. Imports nothing of the project.
"""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class AgentSettings(BaseSettings):
    """The section "agent" of the settings."""

    agent: str = Field(
        default="scripted",
        description="who answers: scripted (the dialogue file), openai, or your own as"
        " package.module:factory",
    )
    openai_base_url: str | None = Field(
        default=None, description="an OpenAI-compatible server; else OpenAI's own"
    )
    openai_api_key: SecretStr | None = Field(
        default=None, description="its key; many local servers take any"
    )
    openai_model: str | None = Field(
        default=None, description="the model's name; needed with AGENT=openai"
    )
    openai_prompt_file: Path | None = Field(
        default=None, description="the system prompt; else a short one in the dialogue's language"
    )
    openai_max_tokens: int = Field(
        default=400, ge=16, le=4096, description="of one answer; about 2 s of speech for 10"
    )
    openai_history_chars: int = Field(
        default=12_000, ge=500, le=400_000, description="of the conversation that the model is sent"
    )
    openai_extra: str | None = Field(
        default=None, description='more fields of each request, as JSON: {"temperature": 0.3}'
    )
    agent_tools: str | None = Field(
        default=None, description="a Python module; the model may call its @tool functions"
    )
    agent_phone_tools: str = Field(
        default="hang_up,transfer,send_note,collect_digits",
        description="what the model may do with the call; none for nothing",
    )
    agent_transfers: str | None = Field(
        default=None,
        description="numbers it may transfer to, with commas; else those of the dialogue file",
    )
    agent_first_token_ms: int = Field(
        default=5000, ge=200, le=60_000, description="for the first piece of an answer"
    )
    agent_stall_ms: int = Field(
        default=4000, ge=200, le=60_000, description="between two pieces of an answer"
    )
    agent_total_s: int = Field(
        default=60, ge=2, le=600, description="for a whole answer, tool calls included"
    )
    agent_threads: int = Field(
        default=32, ge=1, le=256, description="threads for agents' synchronous code; more wait"
    )
