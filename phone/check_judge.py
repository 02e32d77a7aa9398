"""Makes the go/no-go list out of the calls that were held.

Pure. Owns the order of the rows and what counts as one turn; the judging of times, flow and
sound is in files of those names. Talked to by `check_command` and by tests.
"""

from collections.abc import Sequence
from typing import Final

from phone.check_calls import CheckedCall
from phone.check_flow import judge_flow
from phone.check_row import Row, merged, row
from phone.check_sound import judge_sound
from phone.check_times import judge_times

EARLY_S: Final = 0.1
"""The server's call begins a little before or after the phone's stream."""

CUT_ADVICE: Final = (
    "A pause was taken for the end: STT_PRESET=relaxed, STT_TIMEOUT_MS, STT_HANGOVER_MS, or the "
    "recogniser's own endpointing."
)


def judge_calls(calls: Sequence[CheckedCall], *, needed: bool = True) -> list[Row]:
    """Judge finished calls.

    Args:
        calls: all that is known of them.
        needed: whether what the server does not show is a NO-GO.
    """
    turns = [turn for call in calls if call.final is not None for turn in call.final.turns]
    heard_s = [
        turn.latency_ms / 1000.0
        for call in calls
        for turn in call.line.ear.turns()
        if turn.latency_ms is not None
    ]
    refusal = next((call.refusal for call in calls if call.refusal is not None), None)
    steps = [one for call in calls for one in (*_cut_in_pieces(call), *call.rows)]
    ends = [one for one in steps if one.name == "hang-up"]
    return [
        *merged(one for one in steps if one.name != "hang-up"),
        *merged(ends),
        *judge_times(turns, heard_s, refusal, needed=needed),
        *judge_flow(calls, needed=needed),
        *judge_sound([call.line for call in calls]),
    ]


def _cut_in_pieces(call: CheckedCall) -> list[Row]:
    """A NO-GO where the server made several turns of the long sentence."""
    if call.long is None or call.final is None:
        return []
    began_s, answered_s = call.long.began_s - EARLY_S, call.long.answered_s + EARLY_S
    answers = [turn.get("at_s", 0.0) for turn in call.final.turns]
    said = call.final.caller_lines_at or ()
    turns = max(sum(began_s <= at_s <= answered_s for at_s in times) for times in (answers, said))
    if turns <= 1:
        return []
    detail = f"taken for {turns} turns"
    return [row("long sentence", go=False, detail=detail, advice=CUT_ADVICE)]
