"""Every actor of a call crashes over every message it knows, on the manual clock.

Two calls side by side on one root; one of them is struck. Promised of that one: its actor is
restarted and it goes on, or, if it is the supervisor, it is cleared away. Promised of the
other: it is the same, frame by frame and to the microsecond, as without the fault.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any, Final, get_args

from actors import agent, call, messages, stt
from actors.family import Media
from actors.messages import CloseSocket, Hangup, Mark, OutboundFrame
from bench.faults.server.worded_row import WordedRow
from media.frame import SILENCE_FRAME
from tests.support.engines import word
from tests.support.faults import (
    Boom,
    Caller,
    Exchange,
    assert_nothing_left,
    raise_once,
)

BEATS: Final = 200
STRUCK_AT: Final = 60
"""The first words have been answered by then, the second are being said."""

WORDS: Final = 3
TICK: Final = "a beat"
PACED: Final = (OutboundFrame, Mark, CloseSocket)
"""What TX takes by the beat, and not as a message of its own turn."""

CLOSE_BEATS: Final = 300
"""6 s: one more than a close may take."""

PRIVATE: Final = ("_Private", "Private", "_OfHearing")
"""What an actor's module calls the unions of messages that it sends to itself."""

VALUES: Final[dict[Any, Any]] = {
    str: "x",
    int: 1,
    float: 0.0,
    bool: False,
    bytes: SILENCE_FRAME,
}
"""What a message is made of that did not come by itself; nobody lives to read it."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """All that the call beside it was sent, when, and what its brain was told."""

    sent: tuple[tuple[str, Any], ...]
    sent_at: tuple[float, ...]
    told: tuple[Any, ...]


def handler_rows() -> Iterator[WordedRow]:
    """Crash every actor over everything."""
    calm, undisturbed = _run("", None)
    _end(calm)
    for child, kind in _crashes():
        yield _worded(child, kind, undisturbed)


def handler_names() -> list[str]:
    """Names of the rows, in the order in which they are told."""
    return [_name(child, kind) for child, kind in _crashes()]


def _crashes() -> Iterator[tuple[str, type | None]]:
    """Who crashes, and over what; None: over a beat of the metronome."""
    for child, kinds in _handlers():
        yield from ((child, kind) for kind in kinds)
    yield from (("rx", None), ("tx", None))


def _name(child: str, kind: type | None) -> str:
    return f"{child} crashes over {kind.__name__ if kind else TICK}"


def _handlers() -> Iterator[tuple[str, tuple[type, ...]]]:
    yield "rx", _kinds(messages.RxMessage)
    yield "stt", _kinds(messages.SttMessage, stt)
    yield "agent", _kinds(messages.AgentMessage, agent)
    yield "tx", _kinds(messages.TxMessage)
    yield "call", _kinds(messages.CallMessage, call)


def _kinds(public: Any, module: ModuleType | None = None) -> tuple[type, ...]:
    """The messages of an actor: those of the protocol, and those it sends to itself."""
    private = [vars(module)[name] for name in PRIVATE if name in vars(module)] if module else []
    assert private or module is None, f"{module}: none of {PRIVATE}"
    listed = [one for union in (public, *private) for one in get_args(union) or (union,)]
    return tuple(dict.fromkeys(listed))


def _worded(child: str, kind: type | None, undisturbed: _Heard) -> WordedRow:
    name = _name(child, kind)
    promised = _promised(child, kind)
    try:
        exchange, heard = _run(child, kind)
        if heard != undisturbed:
            return WordedRow(name, promised, "", "the call beside it was another")
        measured = _own(exchange, child, kind)
        _end(exchange)
    except AssertionError as error:
        return WordedRow(
            name, promised, "", str(error).partition("\n")[0] or "something is left over"
        )
    return WordedRow(name, promised, measured)


def _promised(child: str, kind: type | None) -> str:
    if child == "call":
        return "cleared away"
    return "restarted, ends all the same" if kind is CloseSocket else "restarted, goes on"


def _run(child: str, kind: type | None) -> tuple[Exchange, _Heard]:
    """Let two calls talk; one of them is struck."""
    exchange = Exchange()
    for number, call_sid in enumerate(("CA1", "CA2")):
        exchange.call(call_sid).says.extend(_speech(number))
    struck, beside = exchange.callers
    exchange.beat(STRUCK_AT)
    if child:
        _strike(struck, child, kind)
    exchange.beat(BEATS - STRUCK_AT)
    sent, sent_at, told = beside.socket.sent, beside.socket.sent_at, beside.brain.told
    assert len(sent) > STRUCK_AT, "the call beside it was sent nothing"
    return exchange, _Heard(tuple(sent), tuple(sent_at), tuple(told))


def _speech(number: int) -> Iterator[bytes]:
    for index in range(WORDS):
        yield from word(1 + number * WORDS + index)


def _strike(caller: Caller, child: str, kind: type[Any] | None) -> None:
    box = getattr(caller.parts, child)
    actor = box._owner  # noqa: SLF001  # the fault
    if kind is None:
        raise_once(actor, "on_tick", Boom())
        actor.runtime.metronome.join(actor)
        return
    paced = kind in PACED
    handler = "_send" if paced else "on_receive"

    def fits(message: object, *_rest: object) -> bool:
        return isinstance(message, kind)

    raise_once(actor, handler, Boom(), when=fits)
    if kind is CloseSocket:
        caller.parts.call.post(Hangup("hangup"))
    elif not (paced or issubclass(kind, Media)):  # frames come by themselves
        box.post(kind(*(VALUES.get(field.type) for field in fields(kind))))


def _own(exchange: Exchange, child: str, kind: type | None) -> str:
    """Say how the call that was struck bore it.

    Raises:
        AssertionError: not as promised.
    """
    if kind is CloseSocket:
        exchange.beat(CLOSE_BEATS)
    view = exchange.root.view("CA1")
    assert view is not None, "nobody remembers the call"
    state, restarts = view["state"], view["restarts"]
    if child == "call":
        assert state == "ended:call_failed", f"state {state}"
        return "cleared away"
    expected = "ended:hangup" if kind is CloseSocket else "live"
    assert state == expected, f"state {state}, expected {expected}"
    assert restarts[child] == 1, f"{restarts[child]} restarts, expected 1"
    assert sum(restarts.values()) == 1, "another actor was restarted as well"
    return "restarted once, ended" if kind is CloseSocket else "restarted once, goes on"


def _end(exchange: Exchange) -> None:
    exchange.root.abort_all()
    exchange.beat(5)
    assert_nothing_left(exchange)
