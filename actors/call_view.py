"""The view of one call: what `/calls/{CallSid}` shows of it. Plain data, ready for JSON."""

from typing import Any, TypedDict

from actors.call_parts import CallParts
from actors.stats import TurnLatency


class CallView(TypedDict):
    """One call, as operators see it."""

    call_sid: str
    state: str
    started: str
    duration_s: float
    mode: dict[str, str]
    queues: dict[str, int]
    fps: dict[str, float]
    write_ms: dict[str, float]
    drops: dict[str, dict[str, int]]
    trouble: dict[str, int]
    restarts: dict[str, int]
    latencies: list[dict[str, float | None]]
    """The latest turns, in milliseconds; None for a part that did not happen."""
    transcript: list[dict[str, Any]] | None
    notes: list[dict[str, Any]] | None
    """What the agent's brain left for the operator."""


def call_view(
    parts: CallParts, *, state: str, started: str, started_at: float, now: float
) -> CallView:
    """Look at a call.

    Args:
        parts: the call.
        state: `live`, or `ended:` and the reason.
        started: the wall-clock time it began, ISO 8601.
        started_at: the same on the call's clock.
        now: the time on the call's clock.
    """
    context = parts.context
    stats = context.stats
    shown = context.settings.log_transcripts
    return CallView(
        call_sid=context.call_sid,
        state=state,
        started=started,
        duration_s=round(now - started_at, 3),
        mode={"rx": stats.rx_mode, "stt": stats.stt_mode},
        queues={box.name: box.held_frames + box.held_control for box in parts.mailboxes},
        fps={"in": round(stats.fps_in, 1), "out": round(stats.fps_out, 1)},
        write_ms={"rx": round(stats.rx_write_ms, 2), "stt": round(stats.stt_write_ms, 2)},
        drops={box.name: dict(box.ledger.dropped) for box in parts.mailboxes},
        trouble={
            "rx_resyncs": stats.rx_resyncs,
            "media_jumps": parts.rx_state.timeline.jumps,
            "stt_deaf": stats.stt_deaf,
            "ring_overrun_frames": parts.stt_state.ring.overrun_frames,
            "segments_discarded": stats.segments_discarded,
            "tx_reanchors": parts.tx_state.playout.reanchors,
        },
        restarts={name: child.restarts for name, child in parts.children.items()},
        latencies=[_turn(latency, started_at) for latency in stats.latencies],
        transcript=_transcript(parts, started_at) if shown else None,
        notes=_notes(parts, started_at) if shown else None,
    )


def _turn(latency: TurnLatency, started_at: float) -> dict[str, float | None]:
    return {
        "reply": latency.reply,
        "at_s": round(latency.final_at - started_at, 3),
        "early": latency.early,
        "superseded": latency.superseded,
        **latency.parts_ms(),
    }


def _transcript(parts: CallParts, started_at: float) -> list[dict[str, Any]]:
    return [
        {"who": line.who, "text": line.text, "at_s": round(line.at - started_at, 3)}
        for line in parts.memory.history
    ]


def _notes(parts: CallParts, started_at: float) -> list[dict[str, Any]]:
    return [
        {"text": note.text, "at_s": round(note.at - started_at, 3)}
        for note in parts.context.stats.notes
    ]
