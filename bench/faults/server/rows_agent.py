"""Rows of the fault table: the agent's own code breaks, or the voice that speaks for it."""

from collections.abc import Sequence
from typing import Final

from bench.faults.server.agent import BLOCKED_S
from bench.faults.server.call import VOICE_S, FaultyCall
from bench.faults.server.process import ServerUnderTest
from bench.faults.server.row import WINDOW_S, Act, ServerRow, Verdict, in_a_call
from bench.faults.server.voice import FAILS, FLOODS, GARBAGE, NO_AUDIO, RAISES, STALLS, STOPS_SHORT

SOON_S: Final = 2.0
"""For an apology that needs no waiting, and is half a second long itself."""

LATE_S: Final = 3.0
"""For an apology after the agent's deadline of 1.5 s, which this run sets."""

STALLED_S: Final = 10.5
"""For an apology after the 8 s that a reply may stand still."""

HALF_AND_ALL_S: Final = 0.8
"""Of voice: half a word of 0.4 s that broke off, and the apology after it."""


async def _misbehave(call: FaultyCall) -> None:
    call.misbehave()


def _apologises(within_s: float, voice_s: float = VOICE_S) -> Verdict:
    async def verdict(call: FaultyCall) -> str:
        return await call.apologises(within_s, voice_s)

    return verdict


async def _apologises_while_it_blocks(call: FaultyCall) -> str:
    told = await call.hears(LATE_S)
    await call.bears_it(BLOCKED_S)
    await call.goes_on()
    return f"{told}, goes on once the code has come back"


async def _goes_on(call: FaultyCall) -> str:
    return await call.goes_on()


async def _goodbye(call: FaultyCall) -> str:
    return await call.ended(15.0, "agent_failed")


def _agent(plan: str, promised: str, verdict: Verdict, window_s: float = WINDOW_S) -> ServerRow:
    kind = "" if plan.startswith("async") else "plain "
    name = f"agent, {kind}code: {plan.removeprefix('async ')}"
    name = name.replace("agent, code", "agent, async code")
    return in_a_call(name, promised, _misbehave, verdict, plan=plan, window_s=window_s)


def _voice(plan: str, promised: str, verdict: Verdict) -> ServerRow:
    return in_a_call(plan, promised, _misbehave, verdict, plan=plan)


async def _factory_raises(server: ServerUnderTest) -> Act:
    call = FaultyCall(server, "factory raises")
    yield call.sid
    async with call:
        yield ""
        call.struck()
        await call.greeted()
        yield f"greeted by the dialogue file after {call.since_s:.1f} s, " + await call.goes_on()


APOLOGY: Final = "says so in one sentence and goes on"

ROWS: Final[Sequence[ServerRow]] = (
    _agent("raises", APOLOGY, _apologises(SOON_S)),
    _agent("async raises", APOLOGY, _apologises(SOON_S)),
    _agent("exits", APOLOGY, _apologises(SOON_S)),
    _agent("async hangs", APOLOGY, _apologises(LATE_S)),
    _agent("blocks", "says so, goes on after the 5 s", _apologises_while_it_blocks),
    _agent("spins", APOLOGY, _apologises(LATE_S), window_s=2.0),
    _agent("floods", APOLOGY, _apologises(SOON_S)),
    _agent("async floods", APOLOGY, _apologises(SOON_S)),
    _agent("talks without end", APOLOGY, _apologises(SOON_S)),
    _agent("gives garbage", APOLOGY, _apologises(SOON_S)),
    ServerRow("agent's factory raises", "the dialogue file answers", _factory_raises),
    _voice(STALLS, APOLOGY, _apologises(STALLED_S)),
    _voice(STOPS_SHORT, APOLOGY, _apologises(STALLED_S, HALF_AND_ALL_S)),
    _voice(FAILS, APOLOGY, _apologises(SOON_S, HALF_AND_ALL_S)),
    _voice(RAISES, "the agent crashes twice, the call ends with a goodbye", _goodbye),
    _voice(GARBAGE, "goes on", _goes_on),
    _voice(NO_AUDIO, "the agent crashes twice, the call ends with a goodbye", _goodbye),
    _voice(FLOODS, "the reply is cut, the call goes on", _goes_on),
)
