"""What an agent of somebody's own gives, made into outputs that nothing behind can trip over.

Checks types, numbers and bounds, and counts: an agent that floods is stopped. Runs wherever
the agent's code runs; knows nothing of threads, timeouts or the call. `dialogue.own_brain`
has one reader for each answer.
"""

import re
from collections.abc import AsyncIterable, Awaitable, Iterable, Mapping
from typing import Final, TypeGuard, cast, get_args

from dialogue.checks import transfer_target
from dialogue.fields import DialogueError
from dialogue.ports import (
    ENTRY_TIMEOUT_RANGE_S,
    KEYS,
    MAX_DIGITS,
    MAX_NOTE_CHARS,
    BrainOutput,
    CollectDigits,
    LeaveNote,
    ReplyFailed,
    Say,
    TransferCall,
)

MAX_OUTPUTS: Final = 64
"""Outputs of one answer, None and empty texts counted."""

MAX_CHARACTERS: Final = 10_000
"""Characters to speak and to note in one answer: more than ten minutes of speech."""

MAX_DETAIL_CHARACTERS: Final = 200
"""Of a failure that an agent tells of by itself."""

_EXPECTED: Final = "expected str, None or an output of dialogue.ports"
_KINDS: Final = get_args(BrainOutput)
_ONE: Final = (str, *_KINDS)
"""What is one output by itself, beside None."""

_NO_ANSWERS: Final = (bytes, bytearray, Mapping)
"""Things that consist of others, but never of outputs."""

_UNSPEAKABLE: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
"""White space, control characters, which may end a text early in a voice written in C, and
lone surrogates, which have no UTF-8."""


class AnswerRefused(Exception):
    """An agent's answer cannot be used. One line without anything that was said."""


def is_async(given: object) -> TypeGuard[Awaitable[object] | AsyncIterable[object]]:
    """Tell whether an answer must be waited for on the loop."""
    return isinstance(given, Awaitable | AsyncIterable)


def is_ready(given: object) -> bool:
    """Tell whether hearing an answer out runs none of the agent's code."""
    return given is None or isinstance(given, (*_ONE, list, tuple))


def several(given: object) -> Iterable[object]:
    """Return an answer as what it consists of.

    Raises:
        AnswerRefused: it is nothing that could be an answer.
    """
    kind = type(given).__name__
    if given is None or isinstance(given, _ONE):
        return (given,)
    if isinstance(given, Iterable) and not isinstance(given, _NO_ANSWERS):
        return cast("Iterable[object]", given)
    raise AnswerRefused(f"respond() gave {kind}; {_EXPECTED}, or several of them")


class OutputReader:
    """Reads one answer."""

    def __init__(self) -> None:
        self._outputs = 0
        self._characters = 0

    def read(self, given: object) -> BrainOutput | None:
        """Take the answer's next output; None: there is nothing to be done about it.

        Raises:
            AnswerRefused: it cannot be used, or is one too many.
        """
        self._outputs += 1
        if self._outputs > MAX_OUTPUTS:
            raise AnswerRefused(f"more than {MAX_OUTPUTS} outputs in one answer")
        if given is None:
            return None
        return self._checked(Say(given) if isinstance(given, str) else given)

    def _checked(self, output: object) -> BrainOutput | None:
        match output:
            case Say(text, interruptible):
                spoken = self._text(text, "Say.text")
                return Say(spoken, bool(interruptible)) if spoken else None
            case LeaveNote(text):
                return LeaveNote(_note(self._text(text, "LeaveNote.text")))
            case TransferCall(to):
                return TransferCall(_target(to))
            case CollectDigits():
                return _collecting(output)
            case ReplyFailed(detail):
                raise AnswerRefused(_UNSPEAKABLE.sub(" ", str(detail))[:MAX_DETAIL_CHARACTERS])
            case _ if isinstance(output, _KINDS):
                return cast("BrainOutput", output)
            case _:
                raise AnswerRefused(f"an output is {type(output).__name__}; {_EXPECTED}")

    def _text(self, text: object, where: str) -> str:
        if not isinstance(text, str):
            raise AnswerRefused(f"{where} is {type(text).__name__}; expected str")
        self._characters += len(text)
        if self._characters > MAX_CHARACTERS:
            raise AnswerRefused(f"more than {MAX_CHARACTERS} characters in one answer")
        return _UNSPEAKABLE.sub(" ", text).strip()


def _target(to: object) -> str:
    try:
        return transfer_target("to", str(to))
    except DialogueError:
        expected = "a number such as +15555550100 or a sip: address"
        raise AnswerRefused(f"TransferCall.to: expected {expected}") from None


def _note(text: str) -> str:
    if len(text) <= MAX_NOTE_CHARS:
        return text
    expected = f"expected at most {MAX_NOTE_CHARS} characters"
    raise AnswerRefused(f"LeaveNote.text: {expected}, not {len(text)}")


def _collecting(asked: CollectDigits) -> CollectDigits:
    least_s, most_s = ENTRY_TIMEOUT_RANGE_S
    whole = type(asked.max_digits) is int and 1 <= asked.max_digits <= MAX_DIGITS
    ends = asked.terminator == "" or asked.terminator in KEYS
    if whole and ends and least_s <= asked.timeout_s <= most_s:
        return asked
    raise AnswerRefused(
        f"CollectDigits: expected max_digits 1 to {MAX_DIGITS}, a key or '' as terminator, "
        f"timeout_s {least_s:g} to {most_s:g}"
    )
