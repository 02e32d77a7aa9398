"""Reports a turn where operators look: the `[LATENCY]` line, metrics, the view and the log.

Functions without state, called by AgentActor with what its `TurnClock` returns. Measures
nothing and decides nothing.
"""

from actors.context import CallContext
from actors.stats import TurnLatency
from telemetry import latency_line


def report_started(context: CallContext, latency: TurnLatency) -> None:
    """Report a turn whose answer is on the wire; when it was heard is not known yet."""
    parts = latency.parts()
    del parts["heard"]
    early, superseded = latency.early, latency.superseded
    context.stats.latencies.append(latency)
    context.metrics.observe_turn(parts, early=early, superseded=superseded)
    context.log.info(latency_line(parts, early=early))
    shown = latency.parts_ms()
    del shown["heard_ms"]
    context.events.note("turn", reply=latency.reply, early=early, superseded=superseded, **shown)


def report_heard(context: CallContext, latency: TurnLatency) -> None:
    """Complete the report of a turn: the caller has heard the beginning of its answer."""
    latencies = context.stats.latencies
    if latencies and latencies[-1].reply == latency.reply:
        latencies[-1] = latency
    context.metrics.observe_parts({"heard": latency.heard_s})
    heard_ms = latency.parts_ms()["heard_ms"]
    context.events.note("turn_heard", reply=latency.reply, heard_ms=heard_ms)
