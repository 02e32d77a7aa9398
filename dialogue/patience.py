"""How long an answer may take before the caller is told that there will be none.

Pure: what a deadline leads to is the reply's business. `dialogue.agents` and
`dialogue.own_agent` make it of the settings; `dialogue.model_reply` and `dialogue.own_reply`
hold answers against it.
"""

from dataclasses import dataclass
from typing import Self

from settings.agent import AgentSettings


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an answer may take, all in seconds."""

    first_s: float
    """Until its first piece."""

    stall_s: float
    """Between two pieces, and from the last one to the end."""

    total_s: float
    """All of it, tools and threads included."""

    @classmethod
    def of(cls, settings: AgentSettings) -> Self:
        """Take what the settings say."""
        return cls(
            settings.agent_first_token_ms / 1000,
            settings.agent_stall_ms / 1000,
            settings.agent_total_s,
        )
