"""What strangers and broken peers do to the server: refused at its border, or soon after.

Each function is one visit that must leave nothing behind, as those of `leaks_calls`.
"""

import asyncio
import json
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from bench.leaks_caller import VOICE_PATH, Caller
from bench.leaks_calls import Kind, Visit
from phone import webhook
from phone.errors import PhoneError

NONSENSE: Final = (
    b"",
    b"{",
    b"[]",
    b'{"event":"start"}',
    b'{"event":"media","media":{}}',
    b'{"event":"never heard of"}',
    b'{"event":"media","streamSid":"MZother","media":{"timestamp":"0","payload":"/w=="}}',
    b'{"event":"mark","streamSid":"MZother","mark":{"name":"x"}}',
)


async def say_no_start(visit: Visit) -> bool:
    """Open the socket and say nothing: the server closes it."""
    if not await visit.caller.ring():
        return False
    await visit.caller.connect()
    await visit.caller.until_ended()
    return True


async def bring_a_wrong_token(visit: Visit) -> bool:
    """Start with another token, or with none."""
    if not await visit.caller.ring():
        return False
    await visit.caller.connect()
    visit.caller.start(visit.random.choice(({}, {"token": "1.x.y"})))
    await visit.caller.until_ended()
    return True


async def use_a_token_twice(visit: Visit) -> bool:
    """Start a second stream with the token of the first."""
    if not await visit.caller.dial():
        return False
    async with Caller(visit.place, visit.caller.identity) as second:
        second.stream = visit.caller.stream
        await second.connect()
        second.start()
        await asyncio.gather(second.until_ended(), visit.caller.quiet(0.3))
    await visit.caller.hang_up()
    return True


async def call_twice_at_once(visit: Visit) -> bool:
    """Start a second stream of a call that lives, with a token of its own."""
    if not await visit.caller.dial():
        return False
    async with Caller(visit.place, visit.caller.identity) as second:
        if await second.dial():
            await asyncio.gather(second.until_ended(), visit.caller.quiet(0.3))
    await visit.caller.quiet(visit.moment(0.5))
    await visit.caller.hang_up()
    return True


async def bring_another_format(visit: Visit) -> bool:
    """Start with audio that the server does not take."""
    caller = visit.caller
    if not await caller.ring():
        return False
    await caller.connect()
    assert caller.stream is not None
    start = json.loads(caller.messages.start(caller.stream.parameters))
    start["start"]["mediaFormat"]["sampleRate"] = 16000
    caller.say(json.dumps(start).encode())
    await caller.until_ended()
    return True


async def talk_nonsense(visit: Visit) -> bool:
    """Send what no stream sends, for as long as the server puts up with it."""
    caller = visit.caller
    if not await caller.dial():
        return False
    for _ in range(visit.random.choice((1, 20))):
        for message in NONSENSE:
            caller.say(message)
        await caller.quiet(0.02)
    await caller.hang_up()
    return True


async def post_unsigned(visit: Visit) -> bool:
    """Post a webhook that Twilio did not sign."""
    await visit.caller.ask(visit.place.route.public(VOICE_PATH), "ringing", signed=False)
    return True


async def connect_unsigned(visit: Visit) -> bool:
    """Open a socket that Twilio did not sign."""
    if not await visit.caller.ring():
        return False
    with suppress(PhoneError):
        await visit.caller.connect(signed=False)
    return True


async def never_come(visit: Visit) -> bool:
    """Ring, and never open the socket: the token is left over."""
    return await visit.caller.ring()


async def ask_after_no_call(visit: Visit) -> bool:
    """Ask what comes after a stream that never was."""
    await visit.caller.ask(visit.place.route.public("/webhook/after-stream"), "in-progress")
    return True


async def send_half_a_request(visit: Visit) -> bool:
    """Open a connection, send the beginning of an upgrade or nothing, and be gone."""
    port = urlsplit(visit.place.url).port
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    part = b"GET /ws/twilio-media HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnec"
    writer.write(part[: visit.random.randrange(len(part))])
    await asyncio.sleep(visit.moment(0.3))
    if visit.random.random() < 0.5:  # noqa: PLR2004
        writer.transport.abort()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


async def look_around(visit: Visit) -> bool:
    """Read the operators' pages."""
    for page in ("/healthz", "/readyz", "/calls", "/metrics", f"/calls/{visit.caller.sid}", "/no"):
        await webhook.get(visit.place.url + page)
    return True


REFUSED: Final[dict[str, Kind]] = {
    "no start": say_no_start,
    "wrong token": bring_a_wrong_token,
    "token used twice": use_a_token_twice,
    "duplicate CallSid": call_twice_at_once,
    "another format": bring_another_format,
    "nonsense": talk_nonsense,
    "unsigned webhook": post_unsigned,
    "unsigned socket": connect_unsigned,
    "stream never comes": never_come,
    "after no call": ask_after_no_call,
    "half a request": send_half_a_request,
    "pages": look_around,
}
