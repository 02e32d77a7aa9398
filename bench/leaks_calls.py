"""What the callers of the leak bench do: sound calls, broken ones, and calls that are struck.

Owns the kinds of calls and how often each comes. Every function is one call from its webhook
to its end; the wrongs of strangers are in `leaks_wrongs`.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from bench.leaks_caller import Caller, Place
from bench.leaks_process import WatchedServer
from phone.twiml import Dial

ACTORS: Final = ("rx", "stt", "agent", "tx", "call")


@dataclass(frozen=True, slots=True)
class Visit:
    """What one call has to do with: the server, the caller, and chance."""

    server: WatchedServer
    place: Place
    caller: Caller
    random: Random

    def moment(self, longest_s: float) -> float:
        """Return any moment up to the longest, in seconds."""
        return self.random.uniform(0.0, longest_s)


Kind = Callable[[Visit], Awaitable[bool]]
"""Holds one call; returns False when the server had no room for it."""


async def talk(visit: Visit) -> bool:
    """Hear the greeting, say something, hear the answer, hang up."""
    caller = visit.caller
    if not await caller.dial():
        return False
    await caller.quiet(visit.moment(2.0))
    await caller.talk(0.5)
    await caller.quiet(0.6 + visit.moment(0.6))
    await caller.hang_up()
    return True


async def hang_up_in_the_greeting(visit: Visit) -> bool:
    """Hang up while the greeting is made, or spoken."""
    if not await visit.caller.dial():
        return False
    await visit.caller.quiet(visit.moment(0.8))
    await visit.caller.hang_up()
    return True


async def barge_in(visit: Visit) -> bool:
    """Speak into the greeting, and into the answer."""
    caller = visit.caller
    if not await caller.dial():
        return False
    for _ in range(2):
        await caller.quiet(0.2 + visit.moment(0.3))
        await caller.talk(0.6)
    await caller.quiet(visit.moment(0.8))
    await caller.hang_up()
    return True


async def press_keys(visit: Visit) -> bool:
    """Press keys: answers, and a number that is collected, or is not."""
    caller = visit.caller
    if not await caller.dial():
        return False
    for digit in visit.random.choice(("1", "11", "212", "2123", "7777777", "21#")):
        caller.say(caller.messages.dtmf(digit))
        await caller.quiet(visit.moment(0.4))
    await caller.hang_up()
    return True


async def be_transferred(visit: Visit) -> bool:
    """Ask for a person; the server ends the stream and then says where to."""
    caller = visit.caller
    if not await caller.dial():
        return False
    await caller.quiet(visit.moment(0.5))
    caller.say(caller.messages.dtmf("0"))
    await asyncio.gather(caller.quiet(6.0), caller.until_ended())
    assert isinstance((await caller.after())[0], Dial)
    return True


async def be_hung_up_on(visit: Visit) -> bool:
    """Let the server say goodbye and close."""
    if not await visit.caller.dial():
        return False
    visit.caller.say(visit.caller.messages.dtmf("9"))
    await asyncio.gather(visit.caller.quiet(6.0), visit.caller.until_ended())
    await visit.caller.after()
    return True


async def reset_at_any_moment(visit: Visit) -> bool:
    """Lose the connection, with a reset and without another word."""
    caller = visit.caller
    if not await caller.ring():
        return False
    await caller.connect()
    if visit.random.random() < 0.8:  # noqa: PLR2004  # else before the start
        caller.start()
        await caller.talk(visit.moment(0.4))
        await caller.quiet(visit.moment(1.5))
    assert caller.connection is not None
    sock: Any = caller.connection.transport.get_extra_info("socket")
    # Linger on with 0 s: closing sends RST in the place of FIN (socket(7)).
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if visit.random.random() < 0.3:  # noqa: PLR2004  # in the middle of a frame
        caller.connection.transport.write(b"\x81\xfe\x01")
    caller.reset()
    return True


async def close_without_stop(visit: Visit) -> bool:
    """Close the socket properly, but say no `stop`."""
    if not await visit.caller.dial():
        return False
    await visit.caller.quiet(visit.moment(1.0))
    assert visit.caller.connection is not None
    await visit.caller.connection.close()
    await visit.caller.after()
    return True


async def fall_silent(visit: Visit) -> bool:
    """Send no audio any more, in the middle of a word or before the first, then hang up."""
    if not await visit.caller.dial():
        return False
    await visit.caller.talk(visit.moment(0.5))
    await asyncio.sleep(visit.moment(2.0))
    await visit.caller.hang_up()
    return True


async def read_nothing(visit: Visit) -> bool:
    """Read nothing of what the server sends, then be gone."""
    caller = visit.caller
    if not await caller.dial():
        return False
    assert caller.connection is not None
    caller.connection.transport.pause_reading()
    await caller.quiet(0.5 + visit.moment(2.0))
    caller.reset()
    return True


def struck(actor: str, times: int = 1) -> Kind:
    """Make the kind of call one of whose actors crashes, once or more often."""

    async def strike(visit: Visit) -> bool:
        caller = visit.caller
        if not await caller.dial():
            return False
        for _ in range(times):
            await caller.quiet(visit.moment(0.8))
            await visit.server.strike(caller.sid, actor)
        await caller.talk(0.4)
        await caller.quiet(0.4 + visit.moment(1.0))
        await caller.hang_up()
        return True

    return strike


SOUND: Final[dict[str, Kind]] = {
    "talk": talk,
    "hang up in the greeting": hang_up_in_the_greeting,
    "barge in": barge_in,
    "press keys": press_keys,
    "transfer": be_transferred,
    "the server hangs up": be_hung_up_on,
}
BROKEN: Final[dict[str, Kind]] = {
    "reset at any moment": reset_at_any_moment,
    "close without stop": close_without_stop,
    "fall silent": fall_silent,
    "read nothing": read_nothing,
}
STRUCK: Final[dict[str, Kind]] = {
    **{f"{actor} crashes": struck(actor) for actor in ACTORS},
    **{f"{actor} crashes twice": struck(actor, 2) for actor in ACTORS[:-1]},
    "STT crashes for good": struck("stt", 4),
}
