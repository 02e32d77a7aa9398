"""Judges what was heard on a line against what a scenario expects of it in time.

Pure: positions are samples since the stream began; the same call gives the same verdict.
Every expectation is undecided (None) until enough has been heard, and decided at once when
the stream is over. Talked to by `play`, on every tick of the line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from media.frame import BYTES_PER_MS, FRAME_BYTES
from phone.spans import PAUSE_SAMPLES, Span

TAIL_SAMPLES: Final = 5 * FRAME_BYTES
"""Speech that goes on for less than this (100 ms) after the caller has ended does not go on."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When the caller did what the turn says."""

    began: int
    """The first sample of the caller's sound; for keys and silence the moment itself."""

    ended: int
    """One past its last audible sample; for keys and silence as `began`."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of the line by now."""

    agent: Sequence[Span]
    now: int
    over: bool = False
    """Whether the stream has ended; then `now` is when."""

    by_server: bool = False
    """Whether it was the server that ended it."""

    def speaking_at(self, position: int) -> Span | None:
        """The span that the agent was in at a position."""
        for span in reversed(self.agent):
            if span.start <= position:
                return span if span.end + PAUSE_SAMPLES > position else None
        return None

    def first_after(self, position: int) -> Span | None:
        """The first span that begins at or after a position."""
        return next((span for span in self.agent if span.start >= position), None)

    def is_finished(self, span: Span) -> bool:
        """Whether a span will not become longer."""
        last = bool(self.agent) and span is self.agent[-1]
        return span.cut or not last or self.over or self.now - span.end >= PAUSE_SAMPLES


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an expectation."""

    ok: bool
    detail: str
    """What was heard, in words."""


Judgement = Callable[[int, Moment, Heard], Verdict | None]
"""Takes the limit in samples; None: not decided yet."""


def _speaks(limit: int, moment: Moment, heard: Heard) -> Verdict | None:
    span = heard.first_after(moment.ended)
    if span is not None:
        late = span.start - moment.ended
        return Verdict(late <= limit, f"spoke after {_ms(late)}")
    if heard.over:
        return Verdict(ok=False, detail="the call ended without an answer")
    if heard.now - moment.ended > limit:
        return Verdict(ok=False, detail=f"said nothing in {_ms(limit)}")
    return None


def _stops(limit: int, moment: Moment, heard: Heard) -> Verdict | None:
    span = heard.speaking_at(moment.began)
    if span is None:
        return Verdict(ok=False, detail="was not speaking")
    lasted = max(0, span.end - moment.began)
    if lasted > limit:
        return Verdict(ok=False, detail=f"was still speaking after {_ms(lasted)}")
    return (
        Verdict(ok=True, detail=f"fell silent after {_ms(lasted)}")
        if heard.is_finished(span)
        else None
    )


def _goes_on(limit: int, moment: Moment, heard: Heard) -> Verdict | None:
    for span in heard.agent:
        if span.start >= moment.ended or span.end >= moment.ended + TAIL_SAMPLES:
            late = max(0, span.start - moment.ended)
            return Verdict(late <= limit, f"went on after {_ms(late)}")
    if heard.over:
        return Verdict(ok=False, detail="the call ended before it went on")
    if heard.now - moment.ended > limit + TAIL_SAMPLES:
        return Verdict(ok=False, detail=f"said nothing more in {_ms(limit)}")
    return None


def _keeps_speaking(limit: int, moment: Moment, heard: Heard) -> Verdict | None:
    span = heard.speaking_at(moment.began)
    if span is None:
        return Verdict(ok=False, detail="was not speaking")
    lasted = span.end - moment.began
    if lasted >= limit:
        return Verdict(ok=True, detail=f"was still speaking after {_ms(lasted)}")
    if heard.is_finished(span):
        return Verdict(ok=False, detail=f"fell silent after {_ms(max(0, lasted))}")
    return None


def _no_answer(limit: int, moment: Moment, heard: Heard) -> Verdict | None:
    span = heard.first_after(moment.ended)
    if span is not None and span.start - moment.ended <= limit:
        return Verdict(ok=False, detail=f"spoke after {_ms(span.start - moment.ended)}")
    if heard.over or heard.now - moment.ended > limit:
        return Verdict(ok=True, detail=f"said nothing in {_ms(limit)}")
    return None


def _hung_up(limit: int, moment: Moment, heard: Heard) -> Verdict | None:
    late = heard.now - moment.ended
    if heard.over:
        by = "the server" if heard.by_server else "the caller"
        return Verdict(heard.by_server and late <= limit, f"{by} hung up after {_ms(late)}")
    return Verdict(ok=False, detail=f"did not hang up in {_ms(limit)}") if late > limit else None


TIMED: Final[Mapping[str, Judgement]] = {
    "agent_speaks_within_ms": _speaks,
    "agent_stops_within_ms": _stops,
    "agent_goes_on_within_ms": _goes_on,
    "agent_keeps_speaking_ms": _keeps_speaking,
    "no_answer_within_ms": _no_answer,
    "hung_up_within_ms": _hung_up,
}
"""What may be expected in milliseconds, by the key of the file."""


def judge(name: str, limit_ms: float, moment: Moment, heard: Heard) -> Verdict | None:
    """Judge one expectation of `TIMED`; None: not decided yet."""
    return TIMED[name](int(limit_ms * BYTES_PER_MS), moment, heard)


def _ms(samples: int) -> str:
    return f"{samples / BYTES_PER_MS:.0f} ms"
