"""The rows of the fault table: what goes wrong, when, and how well a call must bear it.

Owns the choice of moments, seeded: in the middle of a word, in a pause, during the greeting,
and while a new stream still hears the replay. Runs nothing: `run` does.
"""

import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from tests.emulator.process import EmulatorProcess
from tests.support.stamped_faults import (
    CLEAN,
    FOREVER,
    NO_REQUESTS_TEXT,
    STREAM_LIMIT_TEXT,
    Fault,
    Kind,
)
from tests.support.stamped_speech import Speech, SpeechBuilder, make_speech

CRASH_S: Final = 0.5
"""Within which a call must have recovered from a stream that ended."""

OVERLOAD_S: Final = 2.0
"""The same after RESOURCE_EXHAUSTED: coming back at once would make it worse."""

DEAF_S: Final = 2.5
"""Longest deafness: from the first voice that nobody heard until it is heard."""

SILENCE_S: Final = 3.0
"""Longest silence at the phone that nobody explains."""

LEAD_FRAMES: Final = 50
TAIL_FRAMES: Final = 200
PAUSE_FRAMES: Final = (80, 120)
"""Longer than in ordinary speech, so that the agent's answer fits in."""

Act = Callable[[EmulatorProcess], Awaitable[float]]
"""Strikes, and returns when (`time.monotonic()`)."""


def ordinary(call: int) -> Speech:
    """Six utterances of one to two seconds; long enough for single requests, too."""
    return make_speech(
        call,
        utterances=6,
        words=(3, 5),
        pause_frames=PAUSE_FRAMES,
        lead_frames=LEAD_FRAMES,
        tail_frames=TAIL_FRAMES,
    )


def without_pause(call: int) -> Speech:
    """Two utterances of ten seconds: no silence in which a stream could be changed."""
    return (
        SpeechBuilder(call).pause(LEAD_FRAMES).say(30).pause(100).say(30).pause(TAIL_FRAMES).build()
    )


def with_music(call: int) -> Speech:
    """Thirty seconds of a melody between words: voiced, and rightly not recognised."""
    return (
        SpeechBuilder(call)
        .pause(LEAD_FRAMES)
        .say(4)
        .pause(100)
        .music(1500)
        .pause(100)
        .say(4)
        .pause(100)
        .say(4)
        .pause(TAIL_FRAMES)
        .build()
    )


@dataclass(frozen=True, slots=True)
class Targets:
    """What must hold. None: only measured."""

    recovered_s: float | None = None
    """95th percentile."""
    silence_s: float | None = SILENCE_S
    whole: bool = True
    """No frame lost, no word lost, none doubled."""


@dataclass(frozen=True, slots=True)
class RecogniserRow:
    """One fault."""

    name: str
    fault: Fault | None = None
    """Strikes every call at a moment of its own."""
    refused: int | None = None
    """Openings in a row that are refused, from a moment of its own in every call."""
    act: Act | None = None
    """Strikes all calls at one time, each somewhere else in what is being said."""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the server."""
    speech: Callable[[int], Speech] = ordinary
    streams: int = 1
    """Streams that every call must have had at least, or nothing was tried."""
    targets: Targets = field(default_factory=Targets)


# --- moments --------------------------------------------------------------------------


def faults_of(row: RecogniserRow, speech: Speech, index: int) -> list[Fault]:
    """The rules of one call: its moment is of the kind `index` says, the rest is chance."""
    chance = random.Random((speech.call << 16) | index)  # noqa: S311 - no secret
    if row.refused is not None:
        return _refusals(row.refused, speech, index, chance)
    if row.fault is None:
        return []
    return KINDS[index % len(KINDS)](speech, replace(row.fault, call=speech.call), chance)


def _refusals(times: int, speech: Speech, index: int, chance: random.Random) -> list[Fault]:
    """So many failures in a row, none more: a call bears three of them and goes on streaming.

    In the greeting these are the call's first openings. Later the stream before them ends as
    its provider's limit wants it, which costs nothing; in a replay it crashes, which counts.
    """
    kind = KINDS[index % len(KINDS)]
    refused = Fault(call=speech.call, detail="refused", times=times)
    if kind is _in_greeting:
        return [refused]
    if kind is _in_replay:
        [crash] = _in_word(speech, Fault(call=speech.call), chance)
        left = times if times == FOREVER else times - 1
        rest = replace(refused, spared=1, times=left)
        return [replace(crash, stream=0)] if times == 1 else [replace(crash, stream=0), rest]
    limit = Fault(status="OUT_OF_RANGE", detail=STREAM_LIMIT_TEXT, call=speech.call, stream=0)
    [ended] = kind(speech, limit, chance)
    return [ended, replace(refused, spared=1)]


def _in_word(speech: Speech, fault: Fault, chance: random.Random) -> list[Fault]:
    word = chance.choice(chance.choice(speech.utterances[1:-1]).words)
    return [replace(fault, at_frame=chance.randint(word.start + 1, word.end - 2))]


def _in_pause(speech: Speech, fault: Fault, chance: random.Random) -> list[Fault]:
    number = chance.randrange(1, len(speech.utterances) - 2)
    before, after = speech.utterances[number], speech.utterances[number + 1]
    return [replace(fault, at_frame=chance.randint(before.end, after.start - 1))]


def _in_greeting(speech: Speech, fault: Fault, chance: random.Random) -> list[Fault]:
    return [replace(fault, at_frame=chance.randint(1, speech.utterances[0].start - 1))]


def _in_replay(speech: Speech, fault: Fault, chance: random.Random) -> list[Fault]:
    """The stream that was opened after a crash is struck before it has caught up."""
    [first] = _in_word(speech, Fault(call=speech.call), chance)
    return [replace(first, stream=0), replace(fault, stream=1, after_frames=2)]


KINDS: Final = (_in_word, _in_pause, _in_greeting, _in_replay)

# --- the rows -------------------------------------------------------------------------


def _status(status: str, detail: str = "scripted", recovered_s: float = CRASH_S) -> RecogniserRow:
    name = "clean close" if status == CLEAN else status
    return RecogniserRow(name, Fault(status=status, detail=detail), targets=Targets(recovered_s))


def _refused(times: int) -> RecogniserRow:
    if times == FOREVER:
        return RecogniserRow("refused for ever", Fault(), refused=times)
    return RecogniserRow(f"refused at open x{times}", Fault(), refused=times)


async def _reset(emulator: EmulatorProcess, *, opens_after_s: float = 0.0) -> float:
    await emulator.network(delay_s=opens_after_s)
    struck_at = time.monotonic()
    await emulator.break_connections()
    return struck_at


async def _refuse_the_model(emulator: EmulatorProcess) -> float:
    [model, *_] = [one.model for one in (await emulator.report()).streams if one.call is not None]
    await emulator.script(refused_models=[model])
    return await _reset(emulator)


DEAF: Final = Targets(DEAF_S)

RECOGNISER_ROWS: Final[Sequence[RecogniserRow]] = (
    _status("UNAVAILABLE"),
    _status("INTERNAL"),
    _status("DEADLINE_EXCEEDED"),
    _status("RESOURCE_EXHAUSTED", recovered_s=OVERLOAD_S),
    _status("CANCELLED"),
    _status("UNKNOWN"),
    _status("OUT_OF_RANGE", STREAM_LIMIT_TEXT),
    _status("ABORTED", NO_REQUESTS_TEXT),
    _status(CLEAN),
    RecogniserRow("error in band", Fault(Kind.IN_BAND, "INTERNAL"), targets=Targets(CRASH_S)),
    RecogniserRow("mute stream", Fault(Kind.MUTE), targets=DEAF),
    RecogniserRow("slow reader", Fault(Kind.SLOW), targets=DEAF),
    RecogniserRow("answers 1.5 s late", Fault(Kind.DELAY, seconds=1.5), targets=DEAF),
    RecogniserRow("answers 6 s late", Fault(Kind.DELAY, seconds=6.0), targets=DEAF),
    _refused(1),
    _refused(3),
    _refused(4),
    _refused(FOREVER),
    RecogniserRow("model refused from now on", act=_refuse_the_model, targets=Targets(CRASH_S)),
    RecogniserRow("UNAUTHENTICATED", Fault(status="UNAUTHENTICATED")),
    RecogniserRow("connection reset", act=_reset, targets=Targets(CRASH_S)),
    RecogniserRow("reset, opens 1.5 s late", act=partial(_reset, opens_after_s=1.5)),
    RecogniserRow("reset, opens 6 s late", act=partial(_reset, opens_after_s=6.0)),
    RecogniserRow("killed, back after 0.5 s", act=partial(EmulatorProcess.restart, down_s=0.5)),
    RecogniserRow("killed, back after 5 s", act=partial(EmulatorProcess.restart, down_s=5.0)),
    RecogniserRow("rotation in silence", settings={"STT_ROTATE_AFTER_S": "5"}, streams=3),
    RecogniserRow(
        "rotation in speech",
        settings={"STT_ROTATE_AFTER_S": "5", "STT_ROTATE_LATEST_S": "6"},
        speech=without_pause,
        streams=3,
    ),
    RecogniserRow("30 s of music", speech=with_music),
)
