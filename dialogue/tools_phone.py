"""The tools that every model has: what can be done with a telephone call.

Owns their names and the words by which the model knows them. Each only says what is to be
done; the agent does it. `dialogue.agents` puts them beside the user's own.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from dialogue.ports import (
    MAX_DIGITS,
    MAX_NOTE_CHARS,
    CollectDigits,
    EndCall,
    LeaveNote,
    Say,
    TransferCall,
)
from dialogue.tools import Tool, ToolError, tool

MAX_GOODBYE_CHARS: Final = 500


@tool
def hang_up(
    goodbye: Annotated[
        str, Field(description="said before hanging up; empty if goodbye was said already")
    ] = "",
) -> list[Say | EndCall]:
    """End the call. Use it when the caller has said goodbye or wants nothing more."""
    farewell = " ".join(goodbye.split())[:MAX_GOODBYE_CHARS]
    return [Say(farewell), EndCall()] if farewell else [EndCall()]


@tool
def send_note(
    text: Annotated[str, Field(description="complete sentences, with every name and number")],
) -> LeaveNote:
    """Leave a written message for the people who run this telephone line."""
    note = text.strip()
    if not 0 < len(note) <= MAX_NOTE_CHARS:
        raise ToolError(f"expected a text of at most {MAX_NOTE_CHARS} characters")
    return LeaveNote(note)


@tool
def collect_digits(
    max_digits: Annotated[
        int, Field(ge=1, le=MAX_DIGITS, description="the most that may be keyed in")
    ],
    terminator: Annotated[
        Literal["#", "*", ""], Field(description="the key that ends it; empty for none")
    ] = "#",
) -> CollectDigits:
    """Let the caller key in a number on the telephone. Say in the same answer what to key in."""
    return CollectDigits(max_digits, terminator)


def transfer_tool(targets: Mapping[str, str]) -> Tool:
    """Make the tool that connects the caller to somebody else.

    Args:
        targets: the numbers and `sip:` addresses that are allowed, and whose they are.
    """
    known = "; ".join(f"{to} ({whose})" if whose else to for to, whose in targets.items())
    allowed = Field(description=f"one of: {known}"[:1000], json_schema_extra={"enum": [*targets]})

    def transfer(to: Annotated[str, allowed]) -> TransferCall:
        """Connect the caller to a person. Say in the same answer that you will connect them."""
        if to not in targets:
            raise ToolError(f"not allowed; expected one of: {known}")
        return TransferCall(to)

    return tool(transfer)


def phone_tools(names: Sequence[str], targets: Mapping[str, str]) -> list[Tool]:
    """Return the tools of these names; without targets nobody can be transferred."""
    ready = {one.name: one for one in (hang_up, send_note, collect_digits)}
    if targets:
        ready["transfer"] = transfer_tool(targets)
    return [ready[name] for name in names if name in ready]


PHONE_TOOLS: Final = ("hang_up", "transfer", "send_note", "collect_digits")
"""Their names."""
