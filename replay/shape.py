"""The shape of a recording's lines: which kinds there are, and the parts of each.

Owns what a line may be, and with it all that the rest of this package may count on. Pure; what
a message of a known type holds is the codec's business.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from actors import messages
from actors.outcome import Told
from dialogue import ports as brains
from replay.codec import RecordingError, unpack
from replay.json_types import is_list, is_number, is_object
from speech import ports as speech

CALL_MAX_S: Final = 90_000
"""From the first line to any other: the largest `MAX_CALL_S`, and an hour for its end."""

DEPTH_MAX: Final = 16
"""Lists and objects in one another. A note of ledgers has 3; Python bears about a thousand."""

STEPS: Final = frozenset({"turn", "tick", "timer"})
LOOKS: Final = "reads"
BEGINS: Final = "begin"
ENDS: Final = frozenset({"cut", "ended"})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a line."""

    name: str
    """As an error calls it."""

    fits: Callable[[Any], bool]


def _is_whole(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_flat(value: Any, depth: int = DEPTH_MAX) -> bool:
    """Whether lists and objects in one another are few enough for whoever walks through them."""
    if not is_list(value) and not is_object(value):
        return True
    inside: Iterable[Any] = value.values() if is_object(value) else value
    return depth > 0 and all(_is_flat(one, depth - 1) for one in inside)


def _is_packed(value: Any) -> bool:
    return is_list(value) and _is_named(value) and _is_flat(value)


def _is_named(packed: list[Any]) -> bool:
    return bool(packed) and isinstance(packed[0], str)


def _are_offsets(value: Any) -> bool:
    return is_list(value) and all(map(_is_offset, value))


def _is_offset(value: Any) -> bool:
    return type(value) is int and abs(value) <= CALL_MAX_S * 1_000_000


_TEXT: Final = Part("text", lambda value: isinstance(value, str))
_WHOLE: Final = Part("count", _is_whole)
_NUMBER: Final = Part("number", is_number)
_FIELDS: Final = Part("object", lambda value: is_object(value) and _is_flat(value))
_PACKED: Final = Part("message", _is_packed)
_OFFSETS: Final = Part("list of microseconds", _are_offsets)

_ANSWERS: Final = (
    speech.RecognizerEvent
    | speech.Recognized
    | speech.RecognizeFailed
    | speech.SynthesisEvent
    | brains.BrainOutput
)

_MAILBOXES: Final[dict[str, Any]] = {
    "rx": messages.RxMessage,
    "tx": messages.TxMessage,
    "agent": messages.AgentMessage,
    "call": messages.CallMessage,
}
"""Those that the border has, and what may be posted to each."""

_MAILBOX: Final = Part("mailbox", lambda value: isinstance(value, str) and value in _MAILBOXES)
_TOLD: Final = Part("answer", lambda value: value in [one.value for one in Told])

HAPPENS: Final = {
    BEGINS: (_FIELDS,),
    "turn": (_TEXT,),
    "tick": (_TEXT,),
    "timer": (_WHOLE,),
    "in": (_MAILBOX, _PACKED),
    "say": (_WHOLE, _PACKED),
    "tool": (_PACKED,),
    "told": (_TOLD, _TEXT),
    "owed": (_WHOLE,),
}
"""What happens to a call: kinds of lines that begin with a time."""

ENTERS: Final = frozenset({"in", "say", "tool", "told", "owed"})
"""What may happen in the midst of a step."""

DOES: Final[dict[str, tuple[Part, ...]]] = {
    "media": (_WHOLE, _WHOLE),
    "mark": (_TEXT,),
    "clear": (),
    "close": (_TEXT,),
    "abort": (),
    "carrier": (_PACKED,),
    "note": (_TEXT, _FIELDS),
    "manners": (_PACKED,),
    "brain": (_WHOLE, _PACKED),
    "brain_cancel": (_WHOLE,),
    "tts": (_WHOLE, _TEXT),
    "tts_cancel": (_WHOLE,),
    "stt_open": (_WHOLE,),
    "stt_write": (_WHOLE, _WHOLE, _WHOLE),
    "stt_request": (_WHOLE, _WHOLE, _WHOLE),
    "stt_cancel": (_WHOLE,),
    "later": (_WHOLE, _NUMBER),
    "cancel": (_WHOLE,),
    LOOKS: (_OFFSETS,),
    "cut": (_TEXT,),
    "ended": (),
}
"""What a call does, and what belongs to the line before: kinds of lines without a time."""


def check(content: list[Any], *, timed: bool) -> None:
    """Hold a line against its kind.

    Args:
        content: kind first, without a time.
        timed: whether it had one.

    Raises:
        RecordingError: what was expected, without the place.
    """
    kinds = HAPPENS if timed else DOES
    kind = content[0] if content else None
    parts = kinds.get(kind) if isinstance(kind, str) else None
    if parts is None:
        place = "after the time" if timed else "or a time in front"
        raise RecordingError(f"expected a kind of line that is known {place}")
    values = content[1:]
    if len(values) != len(parts) or not all(
        part.fits(value) for part, value in zip(parts, values, strict=True)
    ):
        names = ", ".join([f'"{kind}"', *(part.name for part in parts)])
        raise RecordingError(f"expected [{'time, ' * timed}{names}]")


def carried(content: list[Any]) -> Any:
    """Make the message again that a line carries into the call; None for one that carries none.

    Args:
        content: a line that `check` has passed.

    Raises:
        RecordingError: it is none that can come this way, or its fields do not fit.
    """
    allowed = _carried_by(content)
    if allowed is None:
        return None
    message = unpack(content[-1])
    if not isinstance(message, allowed):
        raise RecordingError(f"expected a message for {content[0]}, not {type(message).__name__}")
    return message


def _carried_by(content: list[Any]) -> Any:
    match content[0]:
        case "in":
            return _MAILBOXES[content[1]]
        case "say":
            return _ANSWERS
        case "tool":
            return brains.ToolUsed
        case "manners":
            return brains.Manners
        case _:
            return None
