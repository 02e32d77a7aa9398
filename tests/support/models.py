"""A call whose brain is a model on a loopback server, with the real client in between."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from dialogue.loader import parse_script
from dialogue.model_brain import ModelBrain
from dialogue.model_dialogue import ModelDialogue
from dialogue.openai_model import OpenAIModel, OpenAIOptions
from dialogue.own_threads import AgentThreads
from dialogue.patience import Patience
from dialogue.ports import (
    BrainOutput,
    CallerEvent,
    CallerSaid,
    CallFacts,
    Reply,
    ReplyDone,
    ReplyFailed,
    Say,
)
from dialogue.scripted import ScriptedDialogue
from dialogue.tools import Tool
from dialogue.tools_box import Toolbox
from tests.support.openai_server import WAIT_S, OpenAIServer

SCRIPT = """
name = "shop"
language = "en-US"
greeting = "Welcome."
not_understood = "What?"
apology = "Again, please."
goodbye = "Sorry, goodbye."
strikes = 2
[silence]
after_s = 8
reply = "Still there?"
[[intents]]
name = "desk"
key = "0"
phrases = ["a person"]
reply = "One moment."
action = "transfer"
transfer_to = "+15555550100"
"""

PATIENT = Patience(first_s=WAIT_S, stall_s=WAIT_S, total_s=2 * WAIT_S)


@dataclass
class Said:
    """A line of the conversation."""

    who: Literal["caller", "agent"]
    text: str


@dataclass
class Heard:
    """A sink that keeps everything; `until` waits for what is still to come."""

    outputs: list[BrainOutput] = field(default_factory=list[BrainOutput])
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, output: BrainOutput) -> None:
        self.outputs.append(output)
        self.came.set()

    async def until(self, *kinds: type[BrainOutput]) -> BrainOutput:
        """Wait for an output of one of these kinds and return it."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for output in self.outputs:
                    if isinstance(output, kinds):
                        return output
                self.came.clear()
                await self.came.wait()

    async def all(self) -> list[BrainOutput]:
        """Wait for the end and return everything."""
        await self.until(ReplyDone, ReplyFailed)
        return self.outputs

    @property
    def said(self) -> list[str]:
        """The texts to be spoken."""
        return [output.text for output in self.outputs if isinstance(output, Say)]


@dataclass
class ModelCall:
    """One call: its history as the agent would keep it, and its brain."""

    server: OpenAIServer
    dialogue: ModelDialogue
    history: list[Said]
    brain: ModelBrain

    def tell(self, event: CallerEvent) -> tuple[Reply, Heard]:
        """Tell the brain of an event."""
        heard = Heard()
        return self.brain.respond(event, heard), heard

    def say(self, text: str) -> tuple[Reply, Heard]:
        """Let the caller say something."""
        self.history.append(Said("caller", text))
        return self.tell(CallerSaid(text))

    async def answered(self, text: str) -> list[str]:
        """Let the caller say something; the answer, which is heard to its end."""
        _, heard = self.say(text)
        assert (await heard.all())[-1] == ReplyDone(), heard.outputs
        self.history.append(Said("agent", " ".join(heard.said)))
        return heard.said

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The messages of the newest request, without the prompt."""
        messages: list[dict[str, Any]] = self.server.asked[-1]["messages"]
        return messages[1:]


@asynccontextmanager
async def calling(
    server: OpenAIServer,
    tools: Sequence[Tool] = (),
    patience: Patience = PATIENT,
    history_chars: int = 12_000,
    **options: Any,
) -> AsyncIterator[ModelCall]:
    """One call; everything of it has ended afterwards."""
    script = ScriptedDialogue(parse_script(SCRIPT))
    model = OpenAIModel(OpenAIOptions(model="m", base_url=server.url, **options))
    toolbox = Toolbox(tools, AgentThreads(2))
    dialogue = ModelDialogue(script, model, toolbox, patience, "PROMPT", history_chars)
    history: list[Said] = []
    brain = dialogue.new_brain(CallFacts("CA1", "+15555550111", history))
    try:
        yield ModelCall(server, dialogue, history, brain)
    finally:
        await dialogue.aclose()
