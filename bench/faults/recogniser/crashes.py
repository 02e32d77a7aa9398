"""The rows of the fault table that no outside can bring about: STT itself crashes.

Whole calls on the manual clock, with the real border and a recogniser that accounts for every
frame. The crash comes before the actor has done anything with a message, one of each kind, at
seeded moments; or while the ring is being replayed to a new stream.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from actors.messages import InboundFrame, OpenStream
from actors.stt_feed import StreamHeard
from actors.transcripts import DebounceOver
from speech import ports
from tests.support.stamped_call import StampedCall
from tests.support.stamped_recognizer import StampedRecognizer, StampedStream
from tests.support.stamped_speech import Speech, make_speech

SETTLE_S: Final = 2.0
"""Of silence after the last word, for what is still to come."""

Broken = Callable[[StampedCall], None]


class CrashedOnPurpose(Exception):
    """The fault."""


@dataclass(frozen=True, slots=True)
class CrashRow:
    """What came of one kind of crash."""

    name: str
    calls: int
    recovered_s: tuple[float, ...]
    """From the crash to the opening of the stream that heard the ring and went on."""

    frames_lost: int
    words_lost: int
    words_doubled: int
    restarts: int
    modes: dict[str, int]
    """How STT recognised at the end, and in how many calls."""


class TimedEar(StampedRecognizer):
    """Notes when its streams were opened."""

    def __init__(self) -> None:
        super().__init__(early_finals=True)
        self.opened_at: list[float] = []
        self.now: Callable[[], float] = lambda: 0.0

    def open(self, sink: ports.RecognizerSink) -> StampedStream:
        """Open one, as ever."""
        self.opened_at.append(self.now())
        return super().open(sink)


def crash_rows(moments: int) -> Iterator[CrashRow]:
    """Run all of them.

    Args:
        moments: calls of a row, each struck at its own.
    """
    for name, fault in _faults().items():
        yield _row(name, moments, fault)


def crash_names() -> list[str]:
    """Names of the rows, in the order in which they run."""
    return list(_faults())


def _faults() -> dict[str, Broken]:
    kinds: Sequence[type] = (InboundFrame, OpenStream, StreamHeard, DebounceOver)
    over = {f"STT crash over {kind.__name__}": partial(_break, kind) for kind in kinds}
    return {**over, "STT crash while replaying": _break_replay}


def _row(name: str, moments: int, fault: Broken) -> CrashRow:
    calls = [_call(number, fault) for number in range(moments)]
    return CrashRow(
        name,
        moments,
        tuple(call.recovered_s for call in calls if call.recovered_s is not None),
        frames_lost=sum(call.frames_lost for call in calls),
        words_lost=sum(call.words_lost for call in calls),
        words_doubled=sum(call.words_doubled for call in calls),
        restarts=sum(call.restarts for call in calls),
        modes=dict(Counter(call.mode for call in calls)),
    )


@dataclass(frozen=True, slots=True)
class _Crashed:
    recovered_s: float | None
    frames_lost: int
    words_lost: int
    words_doubled: int
    restarts: int
    mode: str


def _call(number: int, fault: Broken) -> _Crashed:
    speech = make_speech(7, utterances=5, words=(3, 5), lead_frames=50, tail_frames=0, seed=number)
    chance = random.Random(number)  # noqa: S311  # repeatable, no secret
    moment = chance.randrange(10, len(speech.frames))
    ear = TimedEar()
    call = StampedCall(recognizer=ear, call_sid=f"CA{number}")
    ear.now = call.clock.now
    struck_at: list[float] = []

    def each(index: int) -> None:
        if index == moment:
            struck_at.append(call.clock.now())
            fault(call)

    call.say(speech.frames, each=each)
    call.quiet(SETTLE_S)
    opened_at = [at for at in ear.opened_at if at > struck_at[0]]
    recovered_s = opened_at[-1] - struck_at[0] if opened_at else None
    found = _Crashed(recovered_s, *_losses(call, speech), call.stt_restarts, _mode(call))
    call.hang_up_audio()
    return found


def _break(kind: type, call: StampedCall) -> None:
    """Let the handler crash over the next message of this kind; bring one about if need be."""
    actor = call.actor("stt")
    whole = actor.on_receive

    def broken(message: Any) -> None:
        if isinstance(message, kind):
            actor.on_receive = whole
            raise CrashedOnPurpose
        whole(message)

    actor.on_receive = broken
    if kind is OpenStream:
        call.parts.stt.post(OpenStream(single=False))
    elif kind is DebounceOver:
        call.parts.stt.post(DebounceOver())
    elif kind is StreamHeard:
        call.parts.stt.post(StreamHeard(0, ports.SpeechActivity(began=True)))
    call.settle()


def _break_replay(call: StampedCall) -> None:
    """Crash, and let the successor crash over its first write, which is the replay."""
    opened = call.ear.open

    def open_broken(sink: ports.RecognizerSink) -> Any:
        stream = opened(sink)
        write = stream.write

        def broken(audio: bytes) -> None:
            stream.write = write  # type: ignore[method-assign]  # whole again
            raise CrashedOnPurpose(len(audio))

        stream.write = broken  # type: ignore[method-assign]  # the fault
        call.ear.open = opened  # type: ignore[method-assign]
        return stream

    call.ear.open = open_broken  # type: ignore[method-assign]
    _break(DebounceOver, call)


def _mode(call: StampedCall) -> str:
    return str(call.parts.context.stats.stt_mode)


def _losses(call: StampedCall, speech: Speech) -> tuple[int, int, int]:
    said, heard = list(speech.words), call.understood
    spoken = {frame for one in speech.utterances for frame in range(one.start, one.end)}
    reached = {frame for first, end in call.ear.heard_ranges() for frame in range(first, end)}
    doubled = len(heard) - len(set(heard))
    return len(spoken - reached), len(set(said) - set(heard)), doubled
