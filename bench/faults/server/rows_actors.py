"""Rows of the fault table: actors of the faulty call crash, once, again and again, all at once."""

from collections.abc import Sequence
from typing import Final

from bench.faults.server.call import FaultyCall
from bench.faults.server.row import ServerRow, StrikeStep, in_a_call

FALLS_BACK_S: Final = 1.0
CHILDREN: Final = ("rx", "stt", "agent", "tx")
FLOOD: Final = 600
"""More control messages at once than a mailbox holds."""


def _crash(*children: str, error: str = "Boom", over: str = "") -> StrikeStep:
    async def strike(call: FaultyCall) -> None:
        for child in children:
            await call.order("crash", child=child, error=error, over=over)

    return strike


def _tick(child: str) -> StrikeStep:
    async def strike(call: FaultyCall) -> None:
        await call.order("crash_tick", child=child)

    return strike


def _again(child: str, times: int) -> StrikeStep:
    async def strike(call: FaultyCall) -> None:
        await call.order("crash_again", child=child, times=times)

    return strike


async def _flood(call: FaultyCall) -> None:
    await call.order("flood", child="agent", messages=FLOOD)


async def _goes_on(call: FaultyCall) -> str:
    return await call.goes_on()


async def _understands(call: FaultyCall) -> str:
    return await call.understands()


async def _ended(call: FaultyCall, reason: str, within_s: float = 10.0) -> str:
    return await call.ended(within_s, reason)


async def _falls_back(call: FaultyCall) -> str:
    heard = await call.understands()
    await call.falls_back(FALLS_BACK_S)
    return f"{heard} by single requests"


def _one(child: str, over: str = "") -> ServerRow:
    name = f"{child} crashes" + (f" over {over}" if over else "")
    verdict = _understands if child in {"rx", "stt"} else _goes_on
    return in_a_call(name, "restarted, goes on", _crash(child, over=over), verdict)


def _base(child: str, error: str) -> ServerRow:
    name = f"{error} in {child}"
    return in_a_call(name, "restarted, goes on", _crash(child, error=error), _goes_on)


ROWS: Final[Sequence[ServerRow]] = (
    _one("rx", "InboundFrame"),
    _one("stt", "InboundFrame"),
    _one("agent"),
    _one("tx", "OutboundFrame"),
    in_a_call("rx crashes on a beat", "restarted, goes on", _tick("rx"), _understands),
    in_a_call("tx crashes on a beat", "restarted, goes on", _tick("tx"), _goes_on),
    in_a_call(
        "CallActor crashes",
        "socket closed, everything cleared away",
        _crash("call"),
        lambda call: _ended(call, "call_failed"),
    ),
    in_a_call(
        "rx, stt, agent and tx crash at once",
        "all restarted, goes on",
        _crash(*CHILDREN),
        _understands,
    ),
    in_a_call(
        "all five actors crash at once",
        "everything cleared away",
        _crash(*CHILDREN, "call"),
        lambda call: _ended(call, "call_failed"),
    ),
    _base("rx", "KeyboardInterrupt"),
    _base("agent", "SystemExit"),
    _base("tx", "CancelledError"),
    _base("stt", "MemoryError"),
    in_a_call(
        "rx crashes twice",
        "ends with a goodbye",
        _again("rx", 2),
        lambda call: _ended(call, "rx_failed"),
    ),
    in_a_call(
        "agent crashes twice",
        "a last agent says goodbye",
        _again("agent", 2),
        lambda call: _ended(call, "agent_failed"),
    ),
    in_a_call(
        "tx crashes twice",
        "socket closed: nobody is left to speak",
        _again("tx", 2),
        lambda call: _ended(call, "tx_failed"),
    ),
    in_a_call(
        "stt crashes 5 times", "falls back to single requests", _again("stt", 5), _falls_back
    ),
    in_a_call(
        f"{FLOOD} control messages at once for the agent",
        "ends; no message is dropped in silence",
        _flood,
        lambda call: _ended(call, "control_overflow"),
    ),
)
