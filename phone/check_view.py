"""The server's own account of a live call, as `GET /calls/{CallSid}` tells it.

Owns the reading of the JSON, and the advice where there is none. A server that shows
nothing, or less, is no error here: the reason is kept instead. Talked to by `check_watch`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from phone import webhook
from phone.errors import PhoneError
from phone.scenario_fields import is_list, is_table

VIEW_TIMEOUT_S: Final = 5.0
"""For one look; the next one waits for it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call could not be looked at."""

    reason: str
    advice: str = ""
    lasting: bool = False
    """Asking again would only fill the server's log."""


REFUSALS: Final[Mapping[int, Refusal]] = {
    401: Refusal(
        "refused with 401",
        "Give --admin-token, or set ADMIN_TOKEN as the server has it.",
        lasting=True,
    ),
    403: Refusal(
        "refused with 403",
        "The server shows calls to programs on its own machine only: set ADMIN_TOKEN there.",
        lasting=True,
    ),
    404: Refusal("the call is unknown", "Does another process, or another server, hold the call?"),
}
"""By HTTP status."""

NO_WEB: Final = Refusal(
    "a media socket alone shows no calls", "Check the http:// address.", lasting=True
)
NO_VIEW: Final = Refusal("the answer is not the view of a call", "Is something else behind /calls?")
TOO_SHORT: Final = Refusal("the call was too short to be looked at")


@dataclass(frozen=True, slots=True)
class View:
    """One look at a call."""

    state: str
    """`live`, or `ended:` and the reason."""

    fps: Mapping[str, float]
    queues: Mapping[str, int]
    write_ms: Mapping[str, float]
    drops: Mapping[str, Mapping[str, int]]
    """Since the call began, by mailbox and reason."""

    restarts: Mapping[str, int]
    stt_mode: str
    stt_deaf: int
    turns: tuple[Mapping[str, float], ...]
    """The latest turns; parts that did not happen are left out."""

    caller_lines_at: tuple[float, ...] | None
    """When the caller said something, in seconds; None where words are not shown."""


async def fetch_view(server_url: str, call_sid: str, token: str | None) -> View | Refusal:
    """Look at a call; returns why not where that is not possible."""
    if urlsplit(server_url).scheme not in {"http", "https"}:
        return NO_WEB
    url = f"{server_url.rstrip('/')}/calls/{call_sid}"
    try:
        answer = await webhook.get(url, token, VIEW_TIMEOUT_S)
    except PhoneError as error:
        return Refusal(str(error))
    if not answer.ok:
        return REFUSALS.get(answer.status, Refusal(f"refused with {answer.status}"))
    return read_view(answer.body)


def read_view(body: bytes) -> View | Refusal:
    """Understand the JSON; returns why not where it is something else."""
    try:
        shown: object = json.loads(body)
    except ValueError:
        shown = None
    if not is_table(shown) or not isinstance(shown.get("state"), str):
        return NO_VIEW
    trouble, mode = _table(shown, "trouble"), _table(shown, "mode")
    return View(
        state=shown["state"],
        fps=_numbers(shown.get("fps")),
        queues=_counts(shown.get("queues")),
        write_ms=_numbers(shown.get("write_ms")),
        drops={str(box): _counts(why) for box, why in _table(shown, "drops").items()},
        restarts=_counts(shown.get("restarts")),
        stt_mode=str(mode.get("stt", "")),
        stt_deaf=_counts(trouble).get("stt_deaf", 0),
        turns=tuple(_numbers(turn) for turn in _list(shown.get("latencies"))),
        caller_lines_at=_caller_lines(shown.get("transcript")),
    )


def _table(shown: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = shown.get(name)
    return value if is_table(value) else {}


def _list(value: object) -> list[Any]:
    return value if is_list(value) else []


def _numbers(value: object) -> dict[str, float]:
    if not is_table(value):
        return {}
    return {str(name): float(one) for name, one in value.items() if isinstance(one, int | float)}


def _counts(value: object) -> dict[str, int]:
    return {name: int(one) for name, one in _numbers(value).items()}


def _caller_lines(value: object) -> tuple[float, ...] | None:
    if not is_list(value):
        return None
    lines = [_numbers(one) for one in value if is_table(one) and one.get("who") == "caller"]
    return tuple(line.get("at_s", 0.0) for line in lines)
