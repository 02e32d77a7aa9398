"""`python -m phone check URL`: its arguments, what it prints, its exit code.

Gets everything that will be said ready before the first call. Prints through a function that
`__main__` gives.
"""

import argparse
import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from phone.admin_token import add_admin_token, admin_token
from phone.call import VOICE_PATH, CallOptions
from phone.check_calls import hold_checked_calls
from phone.check_judge import judge_calls
from phone.check_plan import make_plan
from phone.check_row import is_go
from phone.check_text import closing, list_text
from phone.play_voice import speak_texts


def add_check_arguments(check: argparse.ArgumentParser) -> None:
    """Add the arguments of `check`."""
    add = check.add_argument
    add("url", help="http://host:port of the server")
    add("--answer", type=Path, metavar="WAV", help="a question with a long answer")
    add("--long", type=Path, metavar="WAV", help="one sentence of 7 to 10 s")
    add("--interrupt", type=Path, metavar="WAV", help="said into the answer; else --answer")
    add_admin_token(check)
    add("--without-view", action="store_true", help="what /calls does not show is no NO-GO")
    add("--auth-token", help="sign webhooks and the upgrade as Twilio would")
    add("--public-url", help="the server's URL as Twilio knows it, for the signature")
    add("--ws-url", help="connect the stream to this socket, whatever the TwiML says")
    add("--voice-path", default=VOICE_PATH, help="path of the voice webhook")
    add("--json", action="store_true", help="print the list as JSON and nothing else")
    add("--quiet", action="store_true", help="print the verdict only")


async def check_server(parsed: argparse.Namespace, write: Callable[[str], None]) -> int:
    """Check the server of a command line.

    Returns:
        0 when all is GO, else 1.

    Raises:
        PhoneError: a file is wrong, the voice cannot speak, or a call cannot be placed.
    """
    plan = await asyncio.to_thread(
        make_plan, speak_texts, parsed.answer, parsed.long, parsed.interrupt
    )
    options = CallOptions(
        parsed.url,
        auth_token=parsed.auth_token,
        public_url=parsed.public_url,
        admin_token=admin_token(parsed),
        ws_url=parsed.ws_url,
        voice_path=parsed.voice_path,
    )
    tells = not (parsed.json or parsed.quiet)
    calls = await hold_checked_calls(options, plan, write if tells else _ignore)
    rows = judge_calls(calls, needed=not parsed.without_view)
    if parsed.json:
        write(json.dumps({"go": is_go(rows), "rows": [one.as_json() for one in rows]}, indent=2))
    else:
        write(closing(rows) if parsed.quiet else f"\n{list_text(rows)}")
    return 0 if is_go(rows) else 1


def _ignore(_: str) -> None:
    """Take progress nobody wants to see."""
