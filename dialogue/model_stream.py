"""The port of a chat model: what it is asked, and the pieces its answer comes in.

Types only. `dialogue.openai_model` implements it, `dialogue.model_reply` reads from it; tests
put a model of their own here.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Message = dict[str, Any]
"""One message of a conversation as the Chat Completions API has it
(platform.openai.com/docs/api-reference/chat). Personal data."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next characters of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolDelta:
    """The next part of a tool call; each field may be empty."""

    index: int
    """Which of the calls of this answer."""

    id: str
    name: str
    arguments: str
    """The next characters of a JSON object."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete; nothing that matters comes after it."""

    reason: str
    """Why: `stop`, `tool_calls`, `length`, `content_filter`, or a server's own word."""


Piece = TextDelta | ToolDelta | Finished


class ModelError(Exception):
    """The model gives no answer, or not to its end. One line without personal data."""

    def __init__(self, detail: str, *, may_pass: bool = False) -> None:
        """Say what went wrong.

        Args:
            detail: the line.
            may_pass: whether the same request may succeed at once.
        """
        super().__init__(detail)
        self.detail = detail
        self.may_pass = may_pass


class ChatModel(Protocol):
    """A model that answers conversations; shared by all calls."""

    @property
    def about(self) -> str:
        """Name it in one line, for logs."""
        ...

    async def start(self) -> None:
        """Get ready; needs a running loop, does not wait for the network."""
        ...

    async def aclose(self) -> None:
        """Give everything back; answers still coming end. Calling twice is harmless."""
        ...

    def stream(
        self, messages: Sequence[Message], tools: Sequence[Message]
    ) -> AsyncGenerator[Piece, None]:
        """Ask, and yield the answer as it comes; `Finished` is the last piece.

        Closing the generator, or cancelling who waits for it, ends the request at once.

        Raises:
            ModelError: no answer, or one that breaks off.
        """
        ...
