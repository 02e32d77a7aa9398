"""A dialogue whose answers come from a model: `AGENT=openai`.

Makes each call its brain and owns what they share: the model with its connections, the tools
with their threads, the replies under way. The dialogue file stays: it has the language, the
expected phrases, the greeting and the texts for trouble. The server starts and closes it.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from dialogue.file_dialogue import FileDialogue
from dialogue.model_brain import ModelBrain
from dialogue.model_memory import ModelMemory
from dialogue.model_reply import ModelParts
from dialogue.model_stream import ChatModel
from dialogue.patience import Patience
from dialogue.ports import CallFacts
from dialogue.scripted import ScriptedDialogue
from dialogue.tools_box import Toolbox

COUNTS: Final = ("done", "failed", "retries", "tool_calls", "dropped_chars")
"""What is counted: replies by their end, requests repeated, tools called, text not spoken."""


class ModelDialogue(FileDialogue):
    """Implements `dialogue.ports.Dialogue`.

    Args:
        script: the dialogue file.
        model: who answers.
        toolbox: what the model may call.
        patience: how long it may take.
        prompt: the system prompt.
        history_chars: of the conversation that the model is sent.
    """

    def __init__(
        self,
        script: ScriptedDialogue,
        model: ChatModel,
        toolbox: Toolbox,
        patience: Patience,
        prompt: str,
        history_chars: int,
    ) -> None:
        super().__init__(script)
        self._prompt: Final = prompt
        self._history_chars: Final = history_chars
        self._parts: Final = ModelParts(model, toolbox, patience)

    @property
    def name(self) -> str:
        """Name of the model and of the file, for logs."""
        return f"{self._parts.model.about} with {self._script.name}"

    def new_brain(self, call: CallFacts) -> ModelBrain:
        """Make the brain of one call."""
        memory = ModelMemory(call.history, self._prompt, self._history_chars)
        return ModelBrain(self._parts, memory, call, self._script.new_brain(call))

    def counts(self) -> Mapping[str, int]:
        """Say how often what has happened, by the names in `COUNTS`."""
        return {name: self._parts.counts[name] for name in COUNTS}

    async def start(self) -> None:
        """Begin to connect to the model; does not wait for it."""
        await self._parts.model.start()

    async def aclose(self) -> None:
        """End the replies under way, the connections and the threads. Harmless if repeated."""
        tasks = list(self._parts.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._parts.model.aclose()
        self._parts.toolbox.close()
