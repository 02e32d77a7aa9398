"""One caller of the conversation bench: asks, listens, interrupts, and keeps what came when.

Owns what a caller does in a call and the record of it. Measures nothing: that is
`conversation_measure`. All words are synthetic and of this caller alone.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from media.frame import SAMPLE_RATE_HZ
from phone.call import Call, CallOptions
from phone.errors import PhoneError
from phone.line import Line
from phone.line_options import LineOptions
from phone.report import CallReport, report_call
from phone.server_messages import ServerMessage
from tests.support.stamped_speech import Speech, Utterance, make_speech

UTTERANCES: Final = 8
"""Of a caller; every second one interrupts the agent."""

WORDS: Final = (3, 4)
"""Of an utterance: about 1 s."""

INTERRUPT_AFTER_S: Final = (0.3, 1.5)
"""How long the agent has been speaking by then, of some 3 s: within either of its texts."""

ANSWER_TIMEOUT_S: Final = 10.0
MAX_MESSAGES: Final = 20_000
"""Of the server that are kept of one call: about six minutes of speech."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of the server."""

    at: float
    """By the phone's clock, which is `time.monotonic()`."""
    message: ServerMessage


@dataclass(slots=True)
class Journal:
    """What the server sent on one call, in order."""

    messages: list[Arrived] = field(default_factory=list[Arrived])
    unkept: int = 0

    def take(self, message: ServerMessage, at: float) -> None:
        """Keep a message; what it means is looked at when the call is over."""
        if len(self.messages) < MAX_MESSAGES:
            self.messages.append(Arrived(at, message))
        else:
            self.unkept += 1


@dataclass(frozen=True, slots=True)
class Said:
    """Something that the caller said."""

    text: str
    interrupts: bool
    started_at: float
    """When its first voiced sample was spoken."""
    ended_at: float
    """The same of its last one. Both frames left the phone 20 ms later at most."""


@dataclass(frozen=True, slots=True)
class HeldCall:
    """A call that is over."""

    report: CallReport
    journal: Journal
    said: Sequence[Said]


async def hold(url: str, number: int, delay_s: float) -> HeldCall:
    """Hold one conversation.

    Args:
        url: the server.
        number: of the caller, 1 to 65 535; decides what is said and when.
        delay_s: before the call is placed.
    """
    speech = make_speech(number, utterances=UTTERANCES, words=WORDS, lead_frames=0, tail_frames=0)
    await asyncio.sleep(delay_s)
    journal = Journal()
    call = Call(CallOptions(url=url, line=LineOptions(on_message=journal.take)))
    error: str | None = None
    try:
        async with call:
            await _converse(call.line, speech, random.Random(number))  # noqa: S311  # no secret
    except PhoneError as problem:
        error = str(problem)
    said = _said(call.line, speech.utterances) if call.connected else []
    return HeldCall(report_call(call, (), error), journal, said)


async def _converse(line: Line, speech: Speech, chance: random.Random) -> None:
    await line.wait_for_speech(ANSWER_TIMEOUT_S)
    for place, utterance in enumerate(speech.utterances):
        if _interrupts(place):
            await _let_speak(line, chance.uniform(*INTERRUPT_AFTER_S))
        else:
            await line.wait_for_quiet()
        await line.speak(b"".join(speech.frames[utterance.start : utterance.end]))
        await line.wait_for_speech(ANSWER_TIMEOUT_S)
    await line.wait_for_quiet()


async def _let_speak(line: Line, seconds: float) -> None:
    began = line.ear.agent.spans[-1].start
    until = began + int(seconds * SAMPLE_RATE_HZ)
    await line.until(lambda: line.position >= until, "the agent's speech", ANSWER_TIMEOUT_S)


def _interrupts(place: int) -> bool:
    return place % 2 == 1


def _said(line: Line, utterances: Sequence[Utterance]) -> list[Said]:
    """Set times against words: each stretch of the caller's voice is one utterance."""
    return [
        Said(
            utterance.text,
            _interrupts(place),
            line.started_at + span.start / SAMPLE_RATE_HZ,
            line.started_at + span.end / SAMPLE_RATE_HZ,
        )
        for place, (utterance, span) in enumerate(
            zip(utterances, line.ear.caller.spans, strict=False)
        )
    ]
