"""The words of a call by the server's own account, where it shows them.

`GET {server}/calls/{CallSid}` answers JSON with `transcript`: a list of `who`, `text`,
`at_s`. Whatever else comes back means that there is nothing to show. Talked to by `__main__`
and by `play_call`, once the call is over: only then is it known what the caller really heard.
"""

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from phone import webhook
from phone.errors import PhoneError
from phone.scenario_fields import is_list, is_table

NOT_SHOWN: Final = "(the server shows no transcripts)"
"""Said when the server has none, or keeps them to itself."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was said."""

    who: str
    """`caller` or `agent`."""

    text: str
    at_s: float
    """Seconds since the call began."""


async def fetch_lines(server_url: str, call_sid: str, token: str | None) -> list[Line] | None:
    """Ask for the words of a call.

    Args:
        server_url: `http://…`; a media socket alone shows no calls.
        call_sid: which call.
        token: the server's ADMIN_TOKEN; None to send none.

    Returns:
        what was said, in order; None where the server does not show it.
    """
    if urlsplit(server_url).scheme not in {"http", "https"}:
        return None
    try:
        answer = await webhook.get(f"{server_url.rstrip('/')}/calls/{call_sid}", token)
        document: object = json.loads(answer.body) if answer.ok else None
    except (PhoneError, ValueError):
        return None
    lines = document.get("transcript") if is_table(document) else None
    return [_line(line) for line in lines if is_table(line)] if is_list(lines) else None


async def fetch_transcript(server_url: str, call_sid: str, token: str | None) -> str:
    """Ask for the words of a call as a text, or `NOT_SHOWN`; arguments as `fetch_lines`."""
    lines = await fetch_lines(server_url, call_sid, token) or ()
    return "\n".join(f"{one.at_s:7.1f} s  {one.who}: {one.text}" for one in lines) or NOT_SHOWN


def _line(line: dict[str, Any]) -> Line:
    at_s = line.get("at_s")
    seconds = float(at_s) if isinstance(at_s, int | float) else 0.0
    return Line(str(line.get("who", "?")), str(line.get("text", "")), seconds)
