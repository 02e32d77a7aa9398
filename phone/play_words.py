"""What was said in a call, by the server's own account, held against what a scenario expects.

Words are compared without capitals and punctuation. Pure. Talked to by `play_call`, which
gets the words from `transcript`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from media.frame import SAMPLE_RATE_HZ
from phone.play import Played
from phone.transcript import Line

EARLY_S: Final = 0.1
"""The server's call begins a little before or after the phone's stream."""

NO_WORDS: Final = (
    "the server shows no words; expected LOG_TRANSCRIPTS=true there,"
    " and --admin-token here where it has one"
)

_WORD: Final = re.compile(r"\w+")


def missed_words(played: Sequence[Played], lines: Sequence[Line] | None) -> Iterator[str]:
    """What was expected of the words and is not so; a line each, naming the turn."""
    for index, one in enumerate(played):
        expect = one.turn.expect
        if not expect.hears and expect.understood is None:
            continue
        if lines is None:
            yield f"turn {one.number}: {NO_WORDS}"
            continue
        end_s = _begin_s(played[index + 1]) if index + 1 < len(played) else float("inf")
        agent, caller = _said_in(lines, one, end_s)
        for text in expect.hears:
            if plain(text) not in plain(agent):
                yield f'turn {one.number}: hears = "{text}": the agent said "{agent}"'
        if expect.understood is not None and not _is_understood(expect.understood, caller):
            yield f'turn {one.number}: understood = "{expect.understood}": it was "{caller}"'


def plain(text: str) -> str:
    """A text's words, small letters, one space between, one around."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _is_understood(expected: str, caller: str) -> bool:
    return plain(expected) in plain(caller) if expected.strip() else not caller.strip()


def _said_in(lines: Sequence[Line], one: Played, end_s: float) -> tuple[str, str]:
    """What agent and caller said from a turn to the next; a reply under way counts as well."""
    begin_s = _begin_s(one)
    inside = [line for line in lines if begin_s <= line.at_s < end_s]
    agent = [line.text for line in inside if line.who == "agent"]
    before = [line.text for line in lines if line.who == "agent" and line.at_s < begin_s]
    if one.agent_was_speaking and before:
        agent.insert(0, before[-1])
    return " ".join(agent), " ".join(line.text for line in inside if line.who == "caller")


def _begin_s(one: Played) -> float:
    if one.number == 1:
        return float("-inf")
    return one.moment.began / SAMPLE_RATE_HZ - EARLY_S
