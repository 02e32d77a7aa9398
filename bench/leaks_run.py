"""The run of the leak bench: waves of calls against one server, with a look after each wave.

Owns the order: take the baseline, then wave after wave; after each everything must come back to
the baseline, and is weighed. Judges nothing: `leaks_table` does.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from bench.leaks_caller import Caller, Place
from bench.leaks_calls import BROKEN, SOUND, STRUCK, Kind, Visit
from bench.leaks_counts import Counts, Memory
from bench.leaks_process import WatchedServer
from bench.leaks_settled import settled
from bench.leaks_wrongs import REFUSED

HERE: Final = Path(__file__).parent
AUTH_TOKEN: Final = "token-of-the-leak-bench"  # noqa: S105  # opens nothing
PUBLIC_HOST: Final = "leaks.example.com"

MAX_CALLS: Final = 48
WAVE_CALLS: Final = 100
"""More than the server has places for: some are refused in every wave."""

SPREAD_S: Final = 1.0
"""The calls of a wave begin within this time."""

VISIT_TIMEOUT_S: Final = 60.0
"""For one visit; the longest takes about ten seconds."""

GROUPS: Final = ((SOUND, 40), (BROKEN, 20), (STRUCK, 20), (REFUSED, 20))
"""The kinds of calls, with how many in a hundred there are of each group."""

KINDS: Final[dict[str, Kind]] = {**SOUND, **BROKEN, **STRUCK, **REFUSED}

SETTINGS: Final = {
    "STT_ENGINE": "instant",
    "TTS_ENGINE": "tone",
    "DIALOGUE": str(HERE / "leaks_dialogue.toml"),
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "PUBLIC_HOST": PUBLIC_HOST,
    "MAX_CALLS": str(MAX_CALLS),
    "TOKEN_TTL_S": "5",
    "START_TIMEOUT_S": "1",
    "CLOSE_TIMEOUT_S": "2",
    # Whether this machine is busy is not the question: only places decide who is refused.
    "LOAD_LATE_PERCENT": "90",
    "LOAD_GAPS_PER_MINUTE": "3000",
}


@dataclass(frozen=True, slots=True)
class Look:
    """The server between two waves."""

    calls: int
    counts: Counts
    memory: Memory


@dataclass(slots=True)
class Run:
    """What came of a run."""

    baseline: Counts
    looks: list[Look] = field(default_factory=list[Look])
    held: Counter[str] = field(default_factory=Counter[str])
    """Visits by kind."""
    no_room: Counter[str] = field(default_factory=Counter[str])
    """Those of them that the server had no room for."""
    failures: list[str] = field(default_factory=list[str])
    """Visits that did not go as they should; one line each."""
    books: dict[str, float] = field(default_factory=dict[str, float])
    stayed: dict[str, int] = field(default_factory=dict[str, int])
    """By how many the objects of a type have become more since the baseline."""


async def run(
    server: WatchedServer,
    waves: Iterable[Sequence[str]],
    random: Random,
    tell: Callable[[str], None] = lambda _line: None,
) -> Run:
    """Hold waves of calls, and look at the server after each.

    Args:
        server: with `SETTINGS`, or others like them.
        waves: the names of the `KINDS` of calls that are held at once.
        random: decides what is left to chance.
        tell: hears of the progress.
    """
    result = Run(await settled(server, None))
    types_before: dict[str, int] = await server.ask("types")
    result.looks.append(Look(0, result.baseline, await server.weigh()))
    for wave in waves:
        await _wave(server, result, wave, random)
        calls = result.held.total()
        look = Look(calls, await settled(server, result.baseline), await server.weigh())
        result.looks.append(look)
        tell(f"{calls} calls: {look.counts}, {look.memory}")
    result.books = await server.ask("books")
    types_after: dict[str, int] = await server.ask("types")
    result.stayed = dict(Counter(types_after) - Counter(types_before))
    return result


def drawn(random: Random, calls: int) -> Iterator[Sequence[str]]:
    """Draw waves of so many calls together, by the shares of their groups."""
    groups = [tuple(kinds) for kinds, _ in GROUPS]
    shares = [share for _, share in GROUPS]
    for begun in range(0, calls, WAVE_CALLS):
        count = min(WAVE_CALLS, calls - begun)
        yield [random.choice(group) for group in random.choices(groups, shares, k=count)]


def place_of(server: WatchedServer) -> Place:
    """Say where a server with `SETTINGS` is called."""
    return Place(server.url, f"https://{PUBLIC_HOST}", AUTH_TOKEN)


async def _wave(server: WatchedServer, result: Run, names: Iterable[str], random: Random) -> None:
    async with asyncio.TaskGroup() as group:
        for name in names:
            # A chance of its own: what comes first in a wave does not change the others.
            chance = Random(random.getrandbits(64))  # noqa: S311  # as above
            group.create_task(_visit(server, result, name, chance))


async def _visit(server: WatchedServer, result: Run, name: str, random: Random) -> None:
    await asyncio.sleep(random.uniform(0.0, SPREAD_S))
    result.held[name] += 1
    place = place_of(server)
    try:
        async with asyncio.timeout(VISIT_TIMEOUT_S), Caller(place) as caller:
            if not await KINDS[name](Visit(server, place, caller, random)):
                result.no_room[name] += 1
    except Exception as error:  # noqa: BLE001  # whatever went wrong in one visit is told at the end
        result.failures.append(f"{name}: {type(error).__name__}: {error}")
