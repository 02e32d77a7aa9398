"""Keeps what an agent's brain leaves for the operator: in the call's event log and its view.

A function without state, called by the owner of the replies. The event log gets the words
whatever `LOG_TRANSCRIPTS` says: a note is written because an operator's own agent asked for
it. The view shows them only where transcripts may be shown. Personal data.
"""

from typing import Final

from actors.context import CallContext
from actors.stats import Note

NOTE_MAX_CHARS: Final = 1000
"""Of one note; the rest is cut."""


def keep_note(context: CallContext, text: str) -> None:
    """Keep a note of the brain."""
    kept = text[:NOTE_MAX_CHARS]
    context.events.note("note_left", note=kept)
    if context.settings.log_transcripts:
        context.stats.notes.append(Note(kept, context.runtime.clock.now()))
