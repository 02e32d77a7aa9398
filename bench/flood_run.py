"""The run of the flood bench: calls that send far too much, and a sound call beside them.

Owns the order: warm up, the sound call alone, then the same beside the flood. Judges nothing:
`bench.flood` does.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.leaks_caller import VOICE_FRAME, Caller, Place
from bench.leaks_counts import Counts, Memory
from bench.leaks_process import WatchedServer
from bench.leaks_settled import settled
from bench.server_process import Usage
from media.frame import FRAME_S, SILENCE_FRAME
from phone.call import CallOptions
from phone.calls import hold_call
from phone.report import CallReport
from phone.script import EndCall, Listen, Speak, Step
from speech.tone import tone

HERE: Final = Path(__file__).parent
AUTH_TOKEN: Final = "token-of-the-flood-bench"  # noqa: S105  # opens nothing
PUBLIC_HOST: Final = "flood.example.com"

TIMES_REAL_TIME: Final = 10
FLOODERS: Final = 5
WARM_S: Final = 5.0
TURN_S: Final = 8.0
"""Of the sound call: a second of speech, and an answer of six."""

VOICED_FRAMES: Final = 50
"""A flooder speaks for so many frames, and is silent for as many."""

LOOK_S: Final = 0.5

SETTINGS: Final = {
    "STT_ENGINE": "instant",
    "TTS_ENGINE": "tone",
    "DIALOGUE": str(HERE / "flood_dialogue.toml"),
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "PUBLIC_HOST": PUBLIC_HOST,
    "TOKEN_TTL_S": "5",
    "CLOSE_TIMEOUT_S": "2",
    # The flood is to be let in: whether it is refused as load is not the question here.
    "LOAD_LATE_PERCENT": "90",
    "LOAD_GAPS_PER_MINUTE": "3000",
}


@dataclass(frozen=True, slots=True)
class Spell:
    """One sound call, alone or beside the flood."""

    report: CallReport
    before: Usage
    after: Usage
    took_s: float


@dataclass(frozen=True, slots=True)
class Flood:
    """What came of the flood."""

    alone: Spell
    beside: Spell
    offered_frames: int
    held_back_frames: int
    """Of these, what the flooders' own sockets did not take."""
    dropped: int
    """Flooders whose calls the server ended before the flood was over."""
    rss_before_bytes: int
    rss_peak_bytes: int
    counts_before: Counts
    counts_after: Counts
    memory_after: Memory
    books: dict[str, float]


async def run(server: WatchedServer, seconds: float) -> Flood:
    """Flood a server that has just started for so long."""
    await asyncio.gather(_sound_call(server, WARM_S), flood(server, WARM_S))
    await settled(server, None)
    warm, counts = await server.ask("books"), await server.count()
    rss_before = (await server.weigh()).rss_bytes
    alone = await _spell(server, seconds)
    beside, flooders, rss_peak = await asyncio.gather(
        _spell(server, seconds), flood(server, seconds), _rss_peak(server, seconds)
    )
    await settled(server, None)
    memory_after = await server.weigh()
    counts_after = await settled(server, counts)
    books: dict[str, float] = await server.ask("books")
    return Flood(
        alone=alone,
        beside=beside,
        offered_frames=sum(one.messages.media_messages for one in flooders),
        held_back_frames=sum(one.held_back for one in flooders),
        dropped=sum(one.ended for one in flooders),
        rss_before_bytes=rss_before,
        rss_peak_bytes=rss_peak,
        counts_before=counts,
        counts_after=counts_after,
        memory_after=memory_after,
        books={name: value - warm.get(name, 0) for name, value in books.items()},
    )


async def flood(server: WatchedServer, seconds: float) -> list[Caller]:
    """Flood a server for so long; returns the flooders, gone by then."""
    return await asyncio.gather(*(_flooder(server, seconds) for _ in range(FLOODERS)))


def place_of(server: WatchedServer) -> Place:
    """Say where a server with `SETTINGS` is called."""
    return Place(server.url, f"https://{PUBLIC_HOST}", AUTH_TOKEN)


async def _spell(server: WatchedServer, seconds: float) -> Spell:
    loop = asyncio.get_running_loop()
    before, began_at = server.usage(), loop.time()
    report = await _sound_call(server, seconds)
    return Spell(report, before, server.usage(), loop.time() - began_at)


async def _sound_call(server: WatchedServer, seconds: float) -> CallReport:
    """Hold a conversation that lasts about so long."""
    said = Speak(tone("a" * 16), "a word", timeout_s=5.0)
    turns = [said] * max(1, int(seconds / TURN_S))
    script: Sequence[Step] = (Listen(), *turns, EndCall())
    place = place_of(server)
    options = CallOptions(place.url, auth_token=place.auth_token, public_url=place.public_url)
    return await hold_call(options, script, lambda _line: None)


async def _flooder(server: WatchedServer, seconds: float) -> Caller:
    """Send everything that a call can send, ten times as fast; then be gone."""
    loop = asyncio.get_running_loop()
    caller = Caller(place_of(server))
    async with caller:
        if not await caller.dial():
            raise RuntimeError("a flooder was not let in")
        began_at = loop.time()
        for tick in range(round(seconds / FRAME_S)):
            for frame in range(TIMES_REAL_TIME):
                number = tick * TIMES_REAL_TIME + frame
                caller.send_frame(SILENCE_FRAME if number // VOICED_FRAMES % 2 else VOICE_FRAME)
            caller.offer(caller.messages.mark("never asked for"))
            caller.offer(caller.messages.dtmf("1"))
            await asyncio.sleep(began_at + (tick + 1) * FRAME_S - loop.time())
    return caller


async def _rss_peak(server: WatchedServer, seconds: float) -> int:
    """Look at the server's memory from outside for so long; returns the most, in bytes."""
    loop = asyncio.get_running_loop()
    ends_at, peak = loop.time() + seconds, 0.0
    while loop.time() < ends_at:
        peak = max(peak, server.usage().rss_mb)
        await asyncio.sleep(LOOK_S)
    return round(peak * 1e6)
