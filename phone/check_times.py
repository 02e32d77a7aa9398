"""Judges how soon the caller was understood and answered: partial, final, total.

Pure. The server's own times of each turn are held against the limits, the worst of them; the
phone's own measure of the answers besides, which has the network in it. Talked to by
`check_judge`.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from phone.check_limits import (
    FINAL_S,
    FINAL_TARGET_S,
    PARTIAL_S,
    PARTIAL_TARGET_S,
    TOTAL_S,
    TOTAL_TARGET_S,
)
from phone.check_row import Row, Verdict, not_seen
from phone.check_view import Refusal

Turn = Mapping[str, float]
"""The parts of a turn in milliseconds, those that happened."""

PARTIAL_ADVICE: Final = (
    "The batch is too large (STT_BATCH_MS, STT_PRESET), the recogniser's region is far "
    "(GOOGLE_CLOUD_REGION), or voices are noticed late (VOICE_ONSET_MS)."
)
FINAL_ADVICE: Final = (
    "Single requests in the place of a stream (the log: fallback), a region that is far "
    "(GOOGLE_CLOUD_REGION), or patience (STT_TIMEOUT_MS, STT_HANGOVER_MS)."
)
CAUSES: Final[Mapping[str, str]] = {
    "token_ms": "the model's first token: AGENT, OPENAI_MODEL",
    "sentence_ms": "the model's first sentence: a shorter one in the prompt, a faster model",
    "synthesis_ms": "the voice: TTS_ENGINE, its region, the phrase cache",
    "wire_ms": "a filler that was being said (FILLER_AFTER_MS), or a slow machine",
}
"""What a long part between the final and the answer points to."""


def judge_times(
    turns: Sequence[Turn], heard_s: Sequence[float], refusal: Refusal | None, *, needed: bool
) -> list[Row]:
    """Judge the turns of all calls.

    Args:
        turns: as the server tells them.
        heard_s: what the phone measured: from the caller's voice to the agent's, in seconds.
        refusal: why the server's times were not seen; None where they were.
        needed: whether what was not seen is a NO-GO.
    """
    if refusal is not None:
        early = [not_seen(name, refusal.reason, needed=needed) for name in ("partial", "final")]
        return [*early, _total([], heard_s, [])]
    partials, finals = _seconds(turns, "partial_ms"), _seconds(turns, "final_ms")
    return [
        _worst("partial", partials, PARTIAL_S, PARTIAL_TARGET_S, PARTIAL_ADVICE, needed=needed),
        _worst("final", finals, FINAL_S, FINAL_TARGET_S, FINAL_ADVICE, needed=needed),
        _total(_seconds(turns, "total_ms"), heard_s, turns),
    ]


def _worst(
    name: str,
    times_s: Sequence[float],
    limit_s: float,
    target_s: float,
    advice: str,
    *,
    needed: bool,
) -> Row:
    if not times_s:
        return not_seen(name, f"no turn had a {name}", needed=needed)
    worst_s = max(times_s)
    detail = f"worst {worst_s:.2f} s, limit {limit_s:.2f}; {_target(worst_s, target_s)}"
    ok = worst_s < limit_s
    return Row(
        name,
        Verdict.GO if ok else Verdict.NO_GO,
        f"{detail}, {len(times_s)} turns",
        "" if worst_s < target_s else advice,
    )


def _total(by_server: Sequence[float], heard_s: Sequence[float], turns: Sequence[Turn]) -> Row:
    known = by_server or heard_s
    if not known:
        return Row("total", Verdict.NO_GO, "no turn was answered")
    worst_s = max(*by_server, *heard_s) if len(by_server) + len(heard_s) > 1 else known[0]
    middle_s = median(known)
    heard = f", heard {max(heard_s):.2f}" if heard_s and by_server else ""
    detail = (
        f"worst {max(known):.2f} s{heard}, limit {TOTAL_S:.2f}; "
        f"median {middle_s:.2f}, {_target(middle_s, TOTAL_TARGET_S)}"
    )
    if worst_s < TOTAL_S and middle_s < TOTAL_TARGET_S:
        return Row("total", Verdict.GO, detail)
    verdict = Verdict.GO if worst_s < TOTAL_S else Verdict.NO_GO
    return Row("total", verdict, detail, _cause(turns))


def _cause(turns: Sequence[Turn]) -> str:
    """Name the part in which the time of the worst turn went."""
    if not turns:
        return "The parts of the time are in the server's [LATENCY] lines."
    worst = max(turns, key=lambda turn: turn.get("total_ms", 0.0))
    final_ms = worst.get("final_ms", 0.0)
    part = max(CAUSES, key=lambda name: worst.get(name, 0.0))
    if final_ms >= worst.get(part, 0.0):
        return f"Most of it is the final, {final_ms / 1000:.2f} s: look there."
    named = part.removesuffix("_ms")
    return f"The final is early; {named} took {worst[part] / 1000:.2f} s: {CAUSES[part]}."


def _target(seconds: float, target_s: float) -> str:
    return f"target {target_s:.1f} {'met' if seconds < target_s else 'missed'}"


def _seconds(turns: Sequence[Turn], part: str) -> list[float]:
    return [turn[part] / 1000.0 for turn in turns if part in turn]
