"""Repeats what the caller says: `AGENT=examples.echo_agent:EchoAgent python server.py`."""

from dialogue.ports import CallerEvent, CallerSaid, CallFacts


class EchoAgent:
    """One caller's echo. What it does not answer, the dialogue file does: greeting, keys."""

    def __init__(self, call: CallFacts) -> None:
        """Begin a call."""
        self.call = call

    def respond(self, event: CallerEvent) -> str | None:
        """Answer what was understood."""
        return f"You said: {event.text}" if isinstance(event, CallerSaid) and event.text else None
