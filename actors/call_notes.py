"""Keeps what a brain leaves for the operator: notes and the use of tools.

Functions without state. The event log gets the words of a note whatever `LOG_TRANSCRIPTS`
says: it is written because an operator's own agent asked for it. The view shows them only
where transcripts may be shown, and so the log does what a tool was called with. Personal data.
The owner of the replies calls `keep_note`, a brain `note_tool`, through the facts of its call.
"""

from typing import Any

from actors.context import CallContext
from actors.stats import Note
from dialogue.ports import MAX_NOTE_CHARS, ToolUsed


def keep_note(context: CallContext, text: str) -> None:
    """Keep a note of the brain."""
    kept = text[:MAX_NOTE_CHARS]
    context.events.note("note_left", note=kept)
    if context.settings.log_transcripts:
        context.stats.notes.append(Note(kept, context.runtime.clock.now()))


def note_tool(context: CallContext, used: ToolUsed) -> None:
    """Note that a model has used a tool; with its arguments where words may be shown."""
    shown: dict[str, Any] = {"name": used.name, "outcome": used.outcome}
    if context.settings.log_transcripts:
        shown["arguments"] = used.arguments
    context.events.note("tool", **shown, took_ms=round(used.took_ms))
