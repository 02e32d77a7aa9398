"""A scripted brain told of one event at a time."""

from dialogue.ports import BrainOutput, CallerEvent, CallerSaid, ReplyDone
from dialogue.scripted import ScriptedBrain


def tell(brain: ScriptedBrain, event: CallerEvent | str) -> list[BrainOutput]:
    """Tell the brain of an event (a text is speech) and return what it answers."""
    heard: list[BrainOutput] = []
    event = CallerSaid(event) if isinstance(event, str) else event
    brain.respond(event, heard.append).cancel()
    assert heard.pop() == ReplyDone()
    return heard
