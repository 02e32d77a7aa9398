"""What a server knows of a call: the page `/calls/{CallSid}`, read for every bench."""

import asyncio
import json
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

VIEW_TIMEOUT_S: Final = 5.0


async def call_view(url: str, call_sid: str) -> dict[str, Any]:
    """Read what the server at a URL knows of a call; nothing if it knows nothing, or is gone."""
    return await asyncio.to_thread(_read, f"{url}/calls/{call_sid}")


def _read(page: str) -> dict[str, Any]:
    try:
        with urlopen(page, timeout=VIEW_TIMEOUT_S) as answer:  # noqa: S310  # loopback
            view: dict[str, Any] = json.load(answer)
    except URLError:
        return {}
    return view
