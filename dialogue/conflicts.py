"""What no single intent can show: whether the intents of a script get along.

Pure: looks at a whole script and raises with one line for the first trouble it finds.
The top level is live all through a call, the follow-ups of one intent beside it; those of
two intents never meet, and may both be called `yes`. `dialogue.loader` calls it last.
"""

from collections.abc import Iterator, Mapping, Sequence

from dialogue.fields import DialogueError, quoted
from dialogue.script import MAX_INTENTS, Intent, Script
from dialogue.text import words

_Claims = dict[object, str]
"""Comparable phrases and keys, and the place of the intent that has them."""

_Placed = Sequence[tuple[str, Intent]]
"""Intents of one level and their paths."""


def check_together(script: Script) -> None:
    """Check the total of intents, their names, and what is live at the same time.

    Raises:
        DialogueError: there are too many, or two of a kind share a name, a phrase or a key.
    """
    total = sum(1 for _ in script.all_intents())
    if total > MAX_INTENTS:
        raise DialogueError(
            f"intents: expected at most {MAX_INTENTS}, follow-ups counted, not {total}"
        )
    top = _placed(script.intents, "intents")
    _check_names(top)
    taken = _tell_apart(top, {})
    for path, intent in top:
        under = _placed(intent.follow_ups, f"{path}.follow_ups")
        _check_names(under)
        _tell_apart(under, taken)


def _placed(intents: Sequence[Intent], path: str) -> _Placed:
    return [(f"{path}[{index}]", intent) for index, intent in enumerate(intents)]


def _check_names(placed: _Placed) -> None:
    taken: dict[str, str] = {}
    for path, intent in placed:
        if owner := taken.get(intent.name):
            raise DialogueError(f"{path}.name: {quoted(intent.name)} is {owner} already")
        taken[intent.name] = f"{path}.name"


def _tell_apart(placed: _Placed, taken: Mapping[object, str]) -> _Claims:
    """Check that no phrase or key could mean two intents; return what these intents take."""
    own: _Claims = {}
    for place, claim, shown in _claims(placed):
        owner = own.get(claim) or taken.get(claim)
        if owner:
            raise DialogueError(f"{place}: {shown} is {owner} already, live at the same time")
        own[claim] = place
    return own


def _claims(placed: _Placed) -> Iterator[tuple[str, object, str]]:
    """Yield where each phrase and key stands, what to compare, and how to show it."""
    for path, intent in placed:
        for index, said in enumerate(intent.phrases):
            yield f"{path}.phrases[{index}]", words(said), quoted(said)
        if intent.key:
            yield f"{path}.key", intent.key, quoted(intent.key)
