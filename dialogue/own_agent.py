"""A dialogue whose answers come from somebody's own code: `AGENT=package.module:factory`.

Makes each call its brain and owns what they share: the threads, the deadlines, the counts.
The dialogue file stays: it has the language, the expected phrases, the texts for trouble,
and an answer to whatever the code leaves unanswered. How to write such code: docs/agents.md
and `dialogue.agent_api`.
"""

import asyncio
from collections.abc import Mapping
from typing import Final, get_args

from dialogue.file_dialogue import FileDialogue
from dialogue.own_brain import OwnBrain, Workplace
from dialogue.own_code import load_factory
from dialogue.own_reply import Count
from dialogue.own_threads import AgentThreads
from dialogue.patience import Patience
from dialogue.ports import CallFacts
from dialogue.scripted import ScriptedDialogue
from settings.agent import AgentSettings


class OwnDialogue(FileDialogue):
    """Implements `dialogue.ports.Dialogue`.

    Args:
        script: the dialogue file.
        spec: where the code is, as `package.module:factory`; it is imported here.
        settings: deadlines, and how many threads there are.

    Raises:
        DialogueError: the code cannot be used.
    """

    def __init__(self, script: ScriptedDialogue, spec: str, settings: AgentSettings) -> None:
        super().__init__(script)
        self._spec: Final = spec
        self._factory: Final = load_factory(spec)
        threads = AgentThreads(settings.agent_threads)
        self._place: Final = Workplace(threads, Patience.of(settings))

    @property
    def name(self) -> str:
        """Name of the code and of the file, for logs."""
        return f"{self._spec} with {self._script.name}"

    def new_brain(self, call: CallFacts) -> OwnBrain:
        """Make the brain of one call; its agent is made with the first event."""
        return OwnBrain(call, self._factory, self._script.new_brain(call), self._place)

    def counts(self) -> Mapping[str, int]:
        """Say how often replies have failed and why, for metrics."""
        return {name: self._place.counts[name] for name in get_args(Count)}

    async def start(self) -> None:
        """Do nothing: threads begin when they are needed."""

    async def aclose(self) -> None:
        """Cancel what runs on the loop and let the threads go, without waiting for them."""
        tasks = list(self._place.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._place.threads.close()
