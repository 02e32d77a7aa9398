"""Places a call for a scenario, plays it, and says whether it went as expected.

Owns what a result is, and how many scenarios are played at once. Talked to by
`play_command` and by tests.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from phone.call import Call, CallOptions
from phone.errors import PhoneError
from phone.identity import Identity
from phone.line_options import LineOptions
from phone.play import Play, Played, Tell
from phone.play_narrator import Narrator
from phone.play_sounds import Voice
from phone.play_words import missed_words
from phone.scenario import Scenario
from phone.transcript import Line, fetch_lines

SPREAD_S: Final = 0.11
"""Between the beginnings of scenarios that are played at once; not a multiple of a frame."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one scenario went."""

    scenario: Scenario
    call_sid: str
    failures: Sequence[str]
    duration_s: float = 0.0
    notes: Sequence[str] = ()
    """What was noticed and is no failure."""

    @property
    def ok(self) -> bool:
        """Whether everything happened as expected."""
        return not self.failures

    def verdict(self) -> str:
        """PASS or FAIL, and why."""
        if self.ok:
            return f"PASS {self.scenario.name} ({self.duration_s:.1f} s)"
        return f"FAIL {self.scenario.name}: {'; '.join(self.failures)}"


TellOf = Callable[[Scenario, str], None]
"""Takes one line of progress of a scenario."""


async def play_all(
    options: CallOptions,
    scenarios: Sequence[Scenario],
    voice: Voice,
    tell: TellOf,
    at_once: int = 1,
) -> list[Outcome]:
    """Play scenarios against a server.

    Args:
        options: Of every call; identities are made different, and the recording is a folder.
        scenarios: What to play.
        voice: Speaks what the callers say, before the first call is placed.
        tell: Hears what happens.
        at_once: How many calls at the same time.

    Returns:
        An outcome for each, in the same order.

    Raises:
        PhoneError: the voice cannot speak.
    """
    spoken = await asyncio.to_thread(speak_all, scenarios, voice)
    room = asyncio.Semaphore(at_once)

    async def play(index: int, scenario: Scenario) -> Outcome:
        await asyncio.sleep(index % at_once * SPREAD_S)
        async with room:
            mine = replace(options, identity=Identity(), line=_line_options(options, scenario))
            return await play_one(
                mine, scenario, spoken[scenario.language], partial(tell, scenario)
            )

    return await asyncio.gather(*(play(*one) for one in enumerate(scenarios)))


def speak_all(scenarios: Sequence[Scenario], voice: Voice) -> dict[str, dict[str, bytes]]:
    """The audio of every text, by language; blocks. Errors as the voice's."""
    spoken: dict[str, dict[str, bytes]] = {}
    for language in dict.fromkeys(scenario.language for scenario in scenarios):
        said = (one.texts() for one in scenarios if one.language == language)
        texts = list(dict.fromkeys(text for some in said for text in some))
        spoken[language] = dict(zip(texts, voice(texts, language) if texts else (), strict=True))
    return spoken


async def play_one(
    options: CallOptions, scenario: Scenario, spoken: Mapping[str, bytes], tell: Tell
) -> Outcome:
    """Play one scenario in one call; never raises `PhoneError`."""
    call = Call(options)
    play: Play | None = None
    failures: list[str] = []
    try:
        async with call:
            play = Play(call.line, scenario, spoken, tell)
            await _narrated(call, play, tell)
    except PhoneError as problem:
        failures.append(str(problem))
    played = play.played if play is not None else []
    failures += play.failures if play is not None else []
    sid = options.identity.call_sid
    lines = await fetch_lines(options.url, sid, options.admin_token) if played else None
    failures += [*missed_words(played, lines), *_missed_outcome(played, call), *_faults(call)]
    _tell_words(lines or (), tell)
    duration_s = call.line.duration_s if call.connected else 0.0
    return Outcome(scenario, sid, tuple(failures), duration_s, tuple(_notes(call)))


async def _narrated(call: Call, play: Play, tell: Tell) -> None:
    narration = asyncio.create_task(Narrator(call.line, tell).run())
    try:
        await play.run()
    finally:
        await call.line.hang_up()
        await narration


def _missed_outcome(played: Sequence[Played], call: Call) -> list[str]:
    return [
        f"turn {one.number}: transferred_to = {wanted}: what came next was {call.outcome!r}"
        for one in played
        if (wanted := one.turn.expect.transferred_to) is not None
        and f"dial {wanted}" not in call.outcome
    ]


def _faults(call: Call) -> list[str]:
    failures = list(call.problems)
    if call.connected:
        speaker = call.line.loudspeaker
        counted = (
            (speaker.faults.total, "protocol errors by the server"),
            (speaker.staleness.stale_messages, "media messages of a cleared playback"),
        )
        failures += [f"{count} {what}" for count, what in counted if count]
    return failures


def _notes(call: Call) -> list[str]:
    """Sound is measured by `phone call`; here it is only mentioned."""
    count = call.line.loudspeaker.playout.underruns.count if call.connected else 0
    return [f"{count} playout underruns"] if count else []


def _tell_words(lines: Sequence[Line], tell: Tell) -> None:
    for line in lines:
        tell(f"{line.at_s:7.2f} s  {line.who}: {line.text}")


def _line_options(options: CallOptions, scenario: Scenario) -> LineOptions:
    folder = options.line.recording
    recording = None if folder is None else folder / f"{scenario.name}.wav"
    return replace(options.line, network=scenario.network, echo=scenario.echo, recording=recording)
