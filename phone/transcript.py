"""Asks the server for the words of a call, where it shows them.

`GET {server}/calls/{CallSid}` answers JSON with `transcript`: a list of `who`, `text`,
`at_s`. Whatever else comes back means that there is nothing to show.
"""

import json
from typing import Any, Final, TypeGuard
from urllib.parse import urlsplit

from phone import webhook
from phone.errors import PhoneError

NOT_SHOWN: Final = "(the server shows no transcripts)"
"""Said when the server has none, or keeps them to itself."""


async def fetch_transcript(server_url: str, call_sid: str) -> str:
    """The transcript of a call as text, or `NOT_SHOWN`."""
    if urlsplit(server_url).scheme not in {"http", "https"}:
        return NOT_SHOWN
    try:
        answer = await webhook.get(f"{server_url.rstrip('/')}/calls/{call_sid}")
        document: object = json.loads(answer.body) if answer.ok else None
    except (PhoneError, ValueError):
        return NOT_SHOWN
    lines = document.get("transcript") if _is_object(document) else None
    if not _is_list(lines):
        return NOT_SHOWN
    return "\n".join(_line(line) for line in lines if _is_object(line)) or NOT_SHOWN


def _line(line: dict[str, Any]) -> str:
    at_s = line.get("at_s")
    time = f"{at_s:7.1f} s" if isinstance(at_s, int | float) else " " * 9
    return f"{time}  {line.get('who', '?')}: {line.get('text', '')}"


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)
