"""Calls whose agent is a test's own code, on a real event loop with real threads."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

from dialogue.loader import parse_script
from dialogue.own_agent import OwnDialogue
from dialogue.own_brain import OwnBrain
from dialogue.own_reply import OwnReply
from dialogue.ports import BrainOutput, CallerEvent, CallerSaid, CallFacts, ReplyDone, ReplyFailed
from dialogue.scripted import ScriptedDialogue
from settings import Settings

FILE = """
name = "file"
language = "en-US"
greeting = "Hello from the file."
not_understood = "What?"
apology = "Again, please."
goodbye = "Sorry, goodbye."
strikes = 2
[silence]
after_s = 8
reply = "Still there?"
[no_recognition]
reply = "Keys only."
action = "keys"
[[intents]]
name = "person"
key = "0"
phrases = ["a person"]
reply = "One moment."
action = "transfer"
transfer_to = "+15555550100"
"""
CALL = CallFacts("CA1", "+15555550123", ())
SOON_S = 5.0
"""No test waits longer for anything."""

LONG: dict[str, int] = {
    "agent_first_token_ms": 5000,
    "agent_stall_ms": 5000,
    "agent_total_s": 60,
    "agent_threads": 4,
}
HEARD = CallerSaid("my secret is 1234")
SPEC = "agent_of_a_test:make"


def script() -> ScriptedDialogue:
    """Make the dialogue of `FILE`."""
    return ScriptedDialogue(parse_script(FILE))


def own_dialogue(factory: Callable[..., Any], **limits: float) -> OwnDialogue:
    """Make the dialogue of a factory, as if it had been imported.

    Args:
        factory: makes the agents.
        limits: settings in place of long ones; they may be shorter than those allowed.
    """
    module = ModuleType("agent_of_a_test")
    vars(module)["make"] = factory
    sys.modules[module.__name__] = module
    try:
        return OwnDialogue(script(), SPEC, Settings.model_construct(None, **{**LONG, **limits}))
    finally:
        del sys.modules[module.__name__]


class Hearing:
    """What one reply says, and when it has ended."""

    def __init__(self) -> None:
        self.outputs: list[BrainOutput] = []
        self._changed = asyncio.Event()

    def sink(self, output: BrainOutput) -> None:
        """Take an output."""
        self.outputs.append(output)
        self._changed.set()

    async def until(self, count: int) -> list[BrainOutput]:
        """Wait for so many outputs."""
        async with asyncio.timeout(SOON_S):
            while len(self.outputs) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.outputs

    async def end(self) -> list[BrainOutput]:
        """Wait for the end and return all outputs, without a `ReplyDone` at the end."""
        async with asyncio.timeout(SOON_S):
            while not (self.outputs and isinstance(self.outputs[-1], ReplyDone | ReplyFailed)):
                self._changed.clear()
                await self._changed.wait()
        last = self.outputs[-1]
        return self.outputs[:-1] if last == ReplyDone() else self.outputs


def begin(brain: OwnBrain, event: CallerEvent) -> tuple[Hearing, OwnReply]:
    """Tell a brain of an event."""
    hearing = Hearing()
    return hearing, brain.respond(event, hearing.sink)


async def ask(brain: OwnBrain, event: CallerEvent) -> list[BrainOutput]:
    """Tell a brain of an event and return what it answers."""
    hearing, _ = begin(brain, event)
    return await hearing.end()


@asynccontextmanager
async def own_call(factory: Callable[..., Any], **limits: float) -> AsyncIterator[OwnBrain]:
    """One call of an `own_dialogue`, ended and closed afterwards."""
    dialogue = own_dialogue(factory, **limits)
    try:
        yield dialogue.new_brain(CALL)
    finally:
        await dialogue.aclose()


def held(test: Callable[[OwnDialogue], Awaitable[None]], respond: Any, **limits: float) -> None:
    """Run a test of one dialogue on a loop, and see that nothing is left of it."""

    async def run() -> None:
        dialogue = own_dialogue(lambda _: respond, **limits)
        try:
            await test(dialogue)
        finally:
            await dialogue.aclose()
        assert not [task for task in asyncio.all_tasks() if task.get_name() == "own agent"]

    asyncio.run(run())


def last_words(respond: Any, event: CallerEvent = HEARD, **limits: float) -> list[BrainOutput]:
    """Return what one event is answered with."""
    found: list[BrainOutput] = []

    async def test(dialogue: OwnDialogue) -> None:
        found.extend(await ask(dialogue.new_brain(CALL), event))

    held(test, respond, **limits)
    return found
