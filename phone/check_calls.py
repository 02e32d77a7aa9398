"""Places the calls of `phone check`, one after the other, and gathers what is known of them.

Owns which steps belong to which call, and what becomes of steps that were not reached. Judges
only whether a call ended well. Talked to by `check_command` and by tests.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from media.frame import SAMPLE_RATE_HZ
from phone.call import Call, CallOptions
from phone.check_plan import CheckPlan
from phone.check_row import Row, Verdict, row
from phone.check_steps import LongSentence, Steps, Tell
from phone.check_view import Refusal, View, fetch_view
from phone.check_watch import Look, Watch
from phone.errors import PhoneError
from phone.identity import Identity
from phone.line import Line

Step = tuple[str, Callable[[Steps], Awaitable[Row]]]

CALLS: Final[Sequence[Sequence[Step]]] = (
    (("greeting", Steps.greeting), ("answer", Steps.answer), ("silence", Steps.silence)),
    (
        ("greeting", Steps.greeting),
        ("long sentence", Steps.long_sentence),
        ("barge-in", Steps.barge_in),
    ),
)
"""Two calls, so that dialogues that give up after two misunderstood turns can be checked too."""

CLEAN_CODES: Final = frozenset({1000, 1001, 1005})
"""Close codes of a socket that was closed by intention (RFC 6455, 7.4.1)."""

HUNG_UP: Final = "ended:caller_hung_up"
"""What the server must say of a call that the caller has ended."""


@dataclass(frozen=True, slots=True)
class CheckedCall:
    """All that is known of one call."""

    rows: Sequence[Row]
    """Of its steps and of its end."""

    line: Line
    looks: Sequence[Look]
    final: View | None
    """The latest look at it, once it had ended."""

    refusal: Refusal | None
    """Why the server was not seen; None where it was."""

    long: LongSentence | None = None


@dataclass(slots=True)
class _Course:
    """One call under way."""

    call: Call
    steps: Steps
    watch: Watch
    rows: list[Row] = field(default_factory=list[Row])


async def hold_checked_calls(
    options: CallOptions,
    plan: CheckPlan,
    tell: Tell,
    *,
    at_once: bool = False,
) -> list[CheckedCall]:
    """Place the calls.

    Args:
        options: of every call; identities are made different.
        plan: what the caller says.
        tell: hears what happens.
        at_once: whether they are placed together; it saves time and what is told is mixed up.

    Raises:
        PhoneError: a call could not be placed at all.
    """

    async def hold(number: int, steps: Sequence[Step]) -> CheckedCall:
        tell(f"call {number} of {len(CALLS)}: {', '.join(name for name, _ in steps)}")
        mine = replace(options, identity=Identity())
        return await _hold(mine, steps, plan, tell)

    if at_once:
        return list(await asyncio.gather(*(hold(*one) for one in enumerate(CALLS, 1))))
    return [await hold(*one) for one in enumerate(CALLS, 1)]


async def _hold(
    options: CallOptions, steps: Sequence[Step], plan: CheckPlan, tell: Tell
) -> CheckedCall:
    def fetch() -> Awaitable[View | Refusal]:
        return fetch_view(options.url, options.identity.call_sid, options.admin_token)

    async with Call(options) as call:
        course = _Course(
            call, Steps(call.line, plan, tell), Watch(call.line, fetch, plan.look_every_s)
        )
        watching = asyncio.create_task(course.watch.run())
        try:
            await _perform(course, steps)
            ended_early = call.line.ended
            tell(f"{call.line.position / SAMPLE_RATE_HZ:6.1f} s  caller: hangs up")
            await call.finish()
        finally:
            await call.line.hang_up()
            await watching
    await course.watch.settle()
    course.rows.append(_hang_up(course, ended_early=ended_early))
    watch = course.watch
    seen = watch.looks or watch.last is not None
    refusal = None if seen else watch.refusal
    return CheckedCall(course.rows, call.line, watch.looks, watch.final, refusal, course.steps.long)


async def _perform(course: _Course, steps: Sequence[Step]) -> None:
    """Perform steps; one that the line does not live to see is a NO-GO, as those behind it."""
    broken = ""
    for name, step in steps:
        if broken:
            course.rows.append(Row(name, Verdict.NO_GO, f"not reached: {broken}"))
            continue
        try:
            course.rows.append(await step(course.steps))
        except PhoneError as error:
            broken = str(error)
            advice = "The log says why the call ended, or was not silent."
            course.rows.append(row(name, go=False, detail=broken, advice=advice))


def _hang_up(course: _Course, *, ended_early: bool) -> Row:
    call, line, last = course.call, course.call.line, course.watch.last
    faults = list(call.problems)
    if ended_early:
        faults.append(f"the stream was ended by the {line.ended_by}, not by the caller")
    elif line.close_code not in CLEAN_CODES:
        faults.append(f"the socket closed with code {line.close_code}")
    if line.loudspeaker.faults.total:
        example = next(iter(line.loudspeaker.faults.examples), "")
        faults.append(f"{line.loudspeaker.faults.total} protocol errors: {example}")
    if last is not None and not ended_early and last.state != HUNG_UP:
        faults.append(f"the server says: {last.state}")
    advice = "The webhooks /webhook/stream_status and /webhook/after-stream; the proxy; the log."
    said = f"; the server says {last.state}" if last is not None else ""
    detail = "; ".join(faults) or f"code {line.close_code}, TwiML {call.outcome or '-'}{said}"
    return row("hang-up", go=not faults, detail=detail, advice=advice)
