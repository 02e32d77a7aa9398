"""A scripted brain told of one event at a time."""

from dialogue.ports import BrainOutput, CallerEvent, CallerSaid, CallFacts, Manners, ReplyDone
from dialogue.scripted import ScriptedBrain

CALL = CallFacts("CA1", "", ())

MANNERS = Manners("sorry", "bye", "one moment", silence_after_s=8.0)


def tell(brain: ScriptedBrain, event: CallerEvent | str) -> list[BrainOutput]:
    """Tell the brain of an event (a text is speech) and return what it answers."""
    heard: list[BrainOutput] = []
    event = CallerSaid(event) if isinstance(event, str) else event
    brain.respond(event, heard.append).cancel()
    assert heard.pop() == ReplyDone()
    return heard
