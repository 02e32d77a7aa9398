"""The agent of the server under test: answers at length, and misbehaves in calls told to.

Runs inside the server under test, as `AGENT=bench.faults.server.agent:make`. Which call misbehaves,
and how, is written into `PLANS` by the control port before the call begins. Key 1 brings the fault
about, key 2 is answered like nothing had been: that is how a caller finds out who still lives.
"""

import sys
import time
from asyncio import Event
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from bench.faults.server.voice import VOICE_PLANS
from dialogue.agent_api import Outputs, Respond
from dialogue.ports import CallerEvent, CallerPressed, CallerSaid, CallFacts

MISBEHAVE: Final = "1"
"""The key that brings the fault about."""

LIVES: Final = "2"
"""The key that is answered with a short sentence."""

AT_LENGTH: Final = "3"
"""The key that is answered at length."""

HERE: Final = "Here I am."
LONG_ANSWER: Final = "We are open every day of the week from nine in the morning till six at night."
"""Nearly five seconds of the tone voice: most of a call is the agent speaking."""

AT_LENGTH_ANSWER: Final = f"{LONG_ANSWER} Come and see us."
"""Another text: a voice that was used for the first one has not kept this."""

BLOCKED_S: Final = 5.0
SPINNING_S: Final = 2.0
FLOOD_OUTPUTS: Final = 1_000_000
GIANT_CHARS: Final = 5_000_000

PLANS: Final[dict[str, str]] = {}
"""What the call with this CallSid does on `MISBEHAVE`; calls that are not in it are good."""


class AgentBroke(Exception):
    """The fault of an agent."""


def make(call: CallFacts) -> Respond:
    """Make the agent of one call."""
    plan = PLANS.get(call.call_sid, "")
    if plan == "factory raises":
        raise AgentBroke
    on_the_loop = ASYNC_PLANS.get(plan)
    if on_the_loop is not None:
        return _async_agent(on_the_loop)
    return _plain_agent(PLAIN_PLANS.get(plan, lambda: plan))


def _plain_agent(fault: Callable[[], Any]) -> Respond:
    def respond(event: CallerEvent) -> Outputs:
        if isinstance(event, CallerPressed) and event.digit == MISBEHAVE:
            given: Outputs = fault()
            return given
        return _answer(event)

    return respond


def _async_agent(fault: Callable[[], AsyncIterator[str | None]]) -> Respond:
    async def respond(event: CallerEvent) -> AsyncIterator[str | None]:
        if isinstance(event, CallerPressed) and event.digit == MISBEHAVE:
            async for output in fault():
                yield output
        elif (answer := _answer(event)) is not None:
            yield answer

    return respond


def _answer(event: CallerEvent) -> str | None:
    if isinstance(event, CallerPressed) and event.digit == LIVES:
        return HERE
    if isinstance(event, CallerPressed) and event.digit == AT_LENGTH:
        return AT_LENGTH_ANSWER
    return LONG_ANSWER if isinstance(event, CallerSaid) else None


# --- plain code: runs in a thread ------------------------------------------------------


def _raises() -> None:
    raise AgentBroke


def _blocks() -> None:
    time.sleep(BLOCKED_S)


def _spins() -> None:
    """Keep the processor, and with it the interpreter's lock, busy."""
    ends_at = time.monotonic() + SPINNING_S
    while time.monotonic() < ends_at:
        sum(range(100))


def _floods() -> Iterator[str]:
    for _ in range(FLOOD_OUTPUTS):
        yield "More."


def _talks_without_end() -> str:
    return "word " * (GIANT_CHARS // 5)


def _gives_garbage() -> Any:
    return {"say": object(), "then": [1, 2.5, b"\x00"]}


PLAIN_PLANS: Final[Mapping[str, Callable[[], Any]]] = {
    "raises": _raises,
    "exits": sys.exit,
    "blocks": _blocks,
    "spins": _spins,
    "floods": _floods,
    "talks without end": _talks_without_end,
    "gives garbage": _gives_garbage,
    **{plan: partial("{}: so it was said to be done.".format, plan) for plan in VOICE_PLANS},
}

# --- async code: runs on the loop of all calls -----------------------------------------


async def _async_raises() -> AsyncIterator[str | None]:
    yield "So far so good."
    raise AgentBroke


async def _async_hangs() -> AsyncIterator[str | None]:
    await Event().wait()
    yield None


async def _async_blocks() -> AsyncIterator[str | None]:
    time.sleep(BLOCKED_S)  # noqa: ASYNC251  # the fault
    yield None


async def _async_floods() -> AsyncIterator[str | None]:
    """Give outputs without ever letting anybody else have the loop."""
    for _ in range(FLOOD_OUTPUTS):
        yield "More."


ASYNC_PLANS: Final[Mapping[str, Callable[[], AsyncIterator[str | None]]]] = {
    "async raises": _async_raises,
    "async hangs": _async_hangs,
    "async blocks": _async_blocks,
    "async floods": _async_floods,
}
