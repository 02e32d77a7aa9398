"""SIGTERM in every state of a call: one server with its healthy calls, and one call in each.

The last thing that is done to the server under test. Promised: every call is told goodbye and
its stream is ended by the server, whatever it was at; a caller who dials meanwhile is told so in
words; the process ends with code 0.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from bench.faults.server.agent import AT_LENGTH
from bench.faults.server.call import Broken, FaultyCall
from bench.faults.server.callers import QUESTION
from bench.faults.server.process import ServerUnderTest
from bench.faults.server.worded_row import WordedRow
from phone.call import Call, CallOptions
from phone.errors import PhoneError
from phone.line_options import LineOptions
from phone.wav import read_mulaw

END_S: Final = 17.0
"""The 2 s that calls are left here, 10 s for goodbyes, 5 s for sockets."""

EXIT_S: Final = 25.0
SPEAKS_S: Final = 3.0
SOON_S: Final = 0.3
STT_CRASHES: Final = 5
"""More than the restarts of a call: single requests answer from then on."""

FALLS_BACK_S: Final = 5.0

Step = Callable[[FaultyCall], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class State:
    """What a call is at when the signal comes."""

    name: str
    before: Step
    """Brings the state about, seconds ahead."""
    at_once: Step
    """The rest of it, in the moment before the signal."""
    says_goodbye: bool = True
    """Whether its caller must hear one."""
    plan: str = ""
    line: LineOptions | None = None


async def _nothing(_call: FaultyCall) -> None:
    """Leave it as it is."""


async def _greeted(call: FaultyCall) -> None:
    await call.greeted()
    await call.line.wait_for_quiet()


async def _answering(call: FaultyCall) -> None:
    await _greeted(call)
    began = call.line.position
    call.line.press(AT_LENGTH)
    await call.line.wait_for_speech(SPEAKS_S, since=began)


async def _interrupt(call: FaultyCall) -> None:
    call.line.say(read_mulaw(QUESTION))
    await asyncio.sleep(SOON_S)


async def _misbehave(call: FaultyCall) -> None:
    call.misbehave()


async def _read_nothing(call: FaultyCall) -> None:
    call.connection.transport.pause_reading()


async def _stop(call: FaultyCall) -> None:
    call.connection.post(call.messages.stop())


def _crash(child: str) -> Step:
    async def step(call: FaultyCall) -> None:
        await call.order("crash", child=child)

    return step


async def _single_requests(call: FaultyCall) -> None:
    """Let STT crash until its budget of restarts is used up."""
    await _greeted(call)
    await call.order("crash_again", child="stt", times=STT_CRASHES)
    await call.falls_back(FALLS_BACK_S)


STATES: Final[Sequence[State]] = (
    State("while it listens", _greeted, _nothing),
    State("while it greets", _nothing, _nothing),
    State("while it answers", _answering, _nothing),
    State("in the middle of a barge-in", _answering, _interrupt),
    State("while stt is being restarted", _greeted, _crash("stt")),
    State("while the agent is being restarted", _answering, _crash("agent")),
    State("while rx is being restarted", _answering, _crash("rx")),
    State("while tx is being restarted", _answering, _crash("tx")),
    State("while it is in single-request mode", _single_requests, _nothing),
    State("while the agent's code blocks", _greeted, _misbehave, plan="blocks"),
    State("while the voice stalls", _greeted, _misbehave, plan="voice stalls"),
    State("while the caller's side takes nothing", _greeted, _read_nothing, says_goodbye=False),
    State("while the caller hangs up", _greeted, _stop, says_goodbye=False),
    State(
        "before `start`",
        _nothing,
        _nothing,
        says_goodbye=False,
        line=LineOptions(start_delay_s=3600.0),
    ),
)


LATE: Final = "a call that comes after SIGTERM"
EXIT: Final = "the process after SIGTERM"


def end_names() -> list[str]:
    """Names of the rows, in the order in which they are told."""
    return [*map(_name, STATES), LATE, EXIT]


async def end_rows(server: ServerUnderTest) -> Sequence[WordedRow]:
    """Bring every state about, tell the server to stop, and see what becomes of each call."""
    async with AsyncExitStack() as stack:
        calls = [FaultyCall(server, state.plan, state.line) for state in STATES]
        await asyncio.gather(*(_prepare(stack, *pair) for pair in zip(calls, STATES, strict=True)))
        await asyncio.gather(
            *(state.at_once(call) for call, state in zip(calls, STATES, strict=True))
        )
        for call in calls:
            call.struck()
        stopping = asyncio.create_task(server.stopped(EXIT_S))
        await asyncio.sleep(SOON_S)
        late = await _late_caller(server)
        worded = await asyncio.gather(
            *(_worded(call, state) for call, state in zip(calls, STATES, strict=True))
        )
        return (*worded, late, await _exit(stopping))


async def _prepare(stack: AsyncExitStack, call: FaultyCall, state: State) -> None:
    if state.before is _nothing:
        await asyncio.sleep(SPEAKS_S)  # so that this one is at its beginning in the end
    await stack.enter_async_context(call)
    await state.before(call)


def _name(state: State) -> str:
    return f"SIGTERM {state.name}"


async def _worded(call: FaultyCall, state: State) -> WordedRow:
    name = _name(state)
    promised = "a goodbye, then closed" if state.says_goodbye else "closed"
    try:
        measured = await _end_of(call, state)
    except (Broken, PhoneError, TimeoutError) as error:
        return WordedRow(name, promised, "", str(error) or "took too long", (call.sid,))
    return WordedRow(name, promised, measured, sids=(call.sid,))


async def _end_of(call: FaultyCall, state: State) -> str:
    line = call.line
    if state.at_once is _read_nothing:
        await call.server.ended(EXIT_S)
        call.connection.transport.resume_reading()
    await line.wait_for_end(END_S)
    heard = line.ear.agent.last_end > call.struck_position
    if state.says_goodbye and not heard:
        raise Broken(f"closed after {call.since_s:.1f} s without a word")
    return f"closed after {call.since_s:.1f} s with code {line.close_code}"


async def _late_caller(server: ServerUnderTest) -> WordedRow:
    name, promised = LATE, "told in words"
    call = Call(CallOptions(url=server.url))
    try:
        await call.place()
    except PhoneError as error:
        return WordedRow(name, promised, "", str(error))
    if call.connected:
        await call.finish()
        return WordedRow(name, promised, "", "taken, although the server is about to stop")
    return WordedRow(name, promised, f"hears: {call.outcome}")


async def _exit(stopping: "asyncio.Task[int]") -> WordedRow:
    name, promised = EXIT, "code 0"
    try:
        code = await stopping
    except TimeoutError:
        return WordedRow(name, promised, "", f"still there after {EXIT_S:.0f} s")
    broken = None if code == 0 else f"code {code}"
    return WordedRow(name, promised, f"ended with code {code}", broken)
