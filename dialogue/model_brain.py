"""The brain that asks a model: one for each call.

Decides who answers what. What the caller says and keys in goes to the model; the greeting,
silence and trouble are answered by the dialogue file, at once and for nothing, and so are the
keys of a call in which nothing is recognised any more: the file has told the caller of them.
The agent actor tells it events; `dialogue.model_dialogue` makes it.
"""

from typing import assert_never

from dialogue.model_memory import ModelMemory
from dialogue.model_reply import ModelParts, ModelReply
from dialogue.ports import (
    BrainSink,
    CallBegan,
    CallerEntered,
    CallerEvent,
    CallerPressed,
    CallerSaid,
    CallerSilent,
    CallFacts,
    Manners,
    RecognitionLost,
    Reply,
)
from dialogue.scripted import ScriptedBrain
from dialogue.text import words


class ModelBrain:
    """Implements `dialogue.ports.Brain`.

    Args:
        parts: what all calls share.
        memory: what the model of this call is told.
        facts: of this call.
        script: the dialogue file's brain for this call.
    """

    def __init__(
        self, parts: ModelParts, memory: ModelMemory, facts: CallFacts, script: ScriptedBrain
    ) -> None:
        self._parts = parts
        self._memory = memory
        self._facts = facts
        self._script = script
        self._deaf = False

    @property
    def manners(self) -> Manners:
        """What is said of the agent's own accord: the dialogue file's texts."""
        return self._script.manners

    def respond(self, event: CallerEvent, sink: BrainSink) -> Reply:
        """Answer an event. Needs a running loop."""
        if not self._tell(event):
            return self._script.respond(event, sink)
        self._script.answered_elsewhere(event)
        return ModelReply(self._parts, self._memory, self._facts, sink)

    def _tell(self, event: CallerEvent) -> bool:
        """Put what the model must know of the event into its memory; whether it is to answer."""
        match event:
            case CallerSaid(text):
                return self._tell_said(text)
            case CallerPressed(digit):
                return self._tell_keys(f"[The caller pressed the key {digit}.]")
            case CallerEntered(digits, complete):
                return self._tell_keys(_entered(digits, complete=complete))
            case RecognitionLost():
                self._deaf = True
                return False
            case CallBegan() | CallerSilent():
                return False
            case _:
                assert_never(event)

    def _tell_said(self, text: str) -> bool:
        if not words(text):
            return False  # Nobody could make it out; the file asks to say it again.
        self._deaf = False
        self._memory.heard(text)
        return True

    def _tell_keys(self, note: str) -> bool:
        if self._deaf:
            return False
        self._memory.note(note)
        return True


def _entered(digits: str, *, complete: bool) -> str:
    if not digits:
        return "[The caller was asked to key in a number and keyed in nothing.]"
    rest = "" if complete else ", and then no more; it may be incomplete"
    return f"[The caller keyed in {digits}{rest}.]"
