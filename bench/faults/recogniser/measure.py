"""From what a phone, the emulator and the server saw of one call to the numbers of a fault.

Pure. The three watched the same call independently: the phone knows what was said and what
was heard of the agent, the emulator every frame, the server what its agent was told.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from media.frame import FRAME_BYTES, FRAME_S, SAMPLE_RATE_HZ
from phone.report import CallReport
from phone.spans import Span
from tests.emulator.journal import Report, StreamRecord
from tests.support.stamped_faults import Fault, Kind
from tests.support.stamped_speech import Speech
from tests.support.stamped_track import missing

SILENT_KINDS: Final = frozenset({Kind.MUTE.value, Kind.SLOW.value, Kind.DELAY.value})
"""Faults that show only once somebody speaks and nothing is answered."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One fault that struck one call; seconds since it could be felt."""

    detected_s: float | None
    """Until the next stream, or the first single request."""
    recovered_s: float | None
    """Until a stream had caught up with what was being said; None: none did."""


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """One call."""

    call: int
    sid: str
    moments: tuple[Moment, ...]
    silence_s: float
    """Longest wait for the agent after an utterance, without the caller's own talking."""
    frames_lost: int
    words_lost: tuple[str, ...]
    words_doubled: tuple[str, ...]
    words_foreign: tuple[str, ...]
    streams: int
    restarts: int
    mode: str
    underruns: int
    """Of the agent's voice at the phone: says how busy the machine was."""
    trouble: tuple[str, ...]
    """What else went wrong, a line each."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one call."""

    speech: Speech
    phone: CallReport
    emulator: Report
    view: dict[str, Any]
    struck_at: float | None
    """When all calls were struck at once."""
    fault: Fault | None
    """What struck this call alone."""


def outcome_of(seen: Seen) -> CallOutcome:
    """Measure one call."""
    said, heard = seen.speech.words, heard_words(seen.view)
    lost, doubled, foreign = compare(said, heard)
    return CallOutcome(
        call=seen.speech.call,
        sid=seen.phone.call_sid,
        moments=tuple(_moments(seen)),
        silence_s=longest_silence_s(seen.speech, seen.phone),
        frames_lost=frames_lost(seen.speech, seen.emulator),
        words_lost=lost,
        words_doubled=doubled,
        words_foreign=foreign,
        streams=len(seen.emulator.of_call(seen.speech.call)),
        restarts=int(seen.view.get("restarts", {}).get("stt", 0)),
        mode=str(seen.view.get("mode", {}).get("stt", "unknown")),
        underruns=_underruns(seen.phone),
        trouble=tuple(filter(None, (seen.phone.error, *seen.phone.problems))),
    )


def _underruns(phone: CallReport) -> int:
    return 0 if phone.line is None else phone.line.loudspeaker.playout.underruns.count


def heard_words(view: dict[str, Any]) -> tuple[str, ...]:
    """Every word the server's agent was told, in order."""
    entries = view.get("transcript") or ()
    return tuple(
        word for entry in entries if entry["who"] == "caller" for word in entry["text"].split()
    )


def compare(
    said: Sequence[str], heard: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Set what was heard against what was said: words lost, doubled, and never said."""
    wanted, told = Counter(said), Counter(heard)
    foreign = Counter({word: count for word, count in told.items() if word not in wanted})
    return (
        tuple((wanted - told).elements()),
        tuple((told - wanted - foreign).elements()),
        tuple(foreign.elements()),
    )


def frames_lost(speech: Speech, report: Report) -> int:
    """Frames of utterances that no stream or request heard which could answer."""
    ranges = [span for stream in report.of_call(speech.call) for span in _answerable(stream)]
    asked = (request for request in report.requests if request.call == speech.call)
    ranges += [span for request in asked if request.status == "OK" for span in request.ranges]
    return sum(missing(ranges, said.start, said.end) for said in speech.utterances)


def longest_silence_s(speech: Speech, phone: CallReport) -> float:
    """Seconds the caller waited at most, after an utterance, for the agent to say anything."""
    line = phone.line
    if line is None or not line.ear.caller.spans:
        return float("inf")
    first = next(index for index, stamp in enumerate(speech.stamps) if stamp.voiced)
    offset = line.ear.caller.spans[0].start - first * FRAME_BYTES
    end = int(line.duration_s * SAMPLE_RATE_HZ)
    waits = (
        _wait(said.end * FRAME_BYTES + offset, line.ear.agent.spans, line.ear.caller.spans, end)
        for said in speech.utterances
    )
    return max(waits) / SAMPLE_RATE_HZ


def _wait(since: int, agent: Sequence[Span], caller: Sequence[Span], end: int) -> int:
    """Samples from a position to the agent's next voice, while the caller is quiet."""
    until = min((max(span.start, since) for span in agent if span.end > since), default=end)
    own = sum(max(0, min(one.end, until) - max(one.start, since)) for one in caller)
    return max(0, until - since - own)


# --- moments --------------------------------------------------------------------------


def _moments(seen: Seen) -> Iterator[Moment]:
    streams = seen.emulator.of_call(seen.speech.call)
    asked = [one.at for one in seen.emulator.requests if one.call == seen.speech.call]
    acted = [*(one.opened_at for one in streams), *asked]
    well = [one.caught_up_at for one in streams if one.caught_up_at is not None]
    over_at = float("-inf")
    for at, felt_at in sorted(_struck_at(seen)):
        if at <= over_at:
            continue  # struck again before it had recovered: one moment
        recovered_at = min((one for one in well if one > at), default=None)
        detected_at = min((one for one in acted if one > at), default=None)
        over_at = float("inf") if recovered_at is None else recovered_at
        yield Moment(_since(felt_at, detected_at), _since(felt_at, recovered_at))


def _struck_at(seen: Seen) -> Iterator[tuple[float, float]]:
    """When the call was struck, and when that could first be felt."""
    streams = seen.emulator.of_call(seen.speech.call)
    if seen.struck_at is not None:
        if any(_open_at(one, seen.struck_at) for one in streams):
            yield seen.struck_at, seen.struck_at
        return
    if seen.fault is None:
        return
    wanted = (seen.fault.kind.value, seen.fault.status)
    for stream in streams:
        for fault in stream.faults:
            if (fault.kind, fault.status) != wanted:
                continue
            silent = fault.kind in SILENT_KINDS
            yield fault.at, _voice_after(seen, fault.at, fault.frame) if silent else fault.at


def _voice_after(seen: Seen, at: float, frame: int) -> float:
    """When the caller first said something after a frame."""
    began_at = seen.emulator.began_at.get(seen.speech.call)
    if began_at is None:
        return at
    voiced = (stamp.index for stamp in seen.speech.stamps[frame + 1 :] if stamp.voiced)
    return max(at, began_at + next(voiced, frame) * FRAME_S)


def _open_at(stream: StreamRecord, at: float) -> bool:
    return stream.opened_at <= at and (stream.ended_at is None or stream.ended_at >= at - FRAME_S)


def _answerable(stream: StreamRecord) -> Iterator[tuple[int, int]]:
    """The frames a stream heard before it fell mute."""
    mute = [fault.frame for fault in stream.faults if fault.kind == Kind.MUTE.value]
    for start, end in stream.ranges:
        last = min([end, *(frame + 1 for frame in mute)])
        if last > start:
            yield start, last


def _since(start: float, end: float | None) -> float | None:
    return None if end is None else max(0.0, end - start)
