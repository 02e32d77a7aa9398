"""What the emulator saw: of each call its streams, what they heard, how they ended, and when.

Plain data that goes over the control pipe as JSON and comes back the same. Times are
`time.monotonic()`, which all processes of a Linux machine share, so that a bench may set
them against its own. Bounded: later streams and calls are only counted.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

from media.frame import FRAME_S

MAX_STREAMS: Final = 5000
"""Streams kept, of all calls together."""

LIVE_S: Final = 0.15
"""A stream has caught up once the newest frame it heard is at most so late."""


@dataclass(slots=True)
class FaultRecord:
    """A fault that struck a stream."""

    kind: str
    status: str
    at: float
    frame: int
    """The caller's frame heard last."""


@dataclass(slots=True)
class StreamRecord:
    """One stream."""

    api: str
    opened_at: float
    call: int | None = None
    number: int | None = None
    """Which of its call's streams, from 0."""
    identified_at: float | None = None
    """When its first stamped frame came."""
    caught_up_at: float | None = None
    """When it first heard what the caller was saying at that moment; anew after a delay."""
    first_event_at: float | None = None
    """When it first answered anything."""
    last_event_at: float | None = None
    ended_at: float | None = None
    status: str | None = None
    """How it ended; `GONE` when the client or the connection left."""
    half_closed: bool = False
    model: str = ""
    frames: int = 0
    """Frames heard, whatever they were."""
    unstamped: int = 0
    foreign: int = 0
    largest_bytes: int = 0
    """Audio of the largest request."""
    ranges: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    finals: list[str] = field(default_factory=list[str])
    faults: list[FaultRecord] = field(default_factory=list[FaultRecord])


@dataclass(slots=True)
class RequestRecord:
    """One single request."""

    at: float
    call: int | None
    status: str
    text: str
    ranges: list[tuple[int, int]]


@dataclass(slots=True)
class Report:
    """Everything since the last `clear()`."""

    streams: list[StreamRecord] = field(default_factory=list[StreamRecord])
    """In the order they were opened."""
    requests: list[RequestRecord] = field(default_factory=list[RequestRecord])
    began_at: dict[int, float] = field(default_factory=dict[int, float])
    """When each caller's frame 0 was spoken, by the frame that came soonest after its time."""
    unkept: int = 0
    connections: int = 0
    """TCP connections taken."""

    def of_call(self, call: int) -> list[StreamRecord]:
        """The streams of one call, in order."""
        return [stream for stream in self.streams if stream.call == call]

    def joined(self, later: "Report") -> "Report":
        """Put the report of a successor behind this one; its streams are numbered on."""
        seen = Counter(stream.call for stream in self.streams)
        return Report(
            streams=[*self.streams, *(_numbered_on(stream, seen) for stream in later.streams)],
            requests=[*self.requests, *later.requests],
            began_at=self.began_at | later.began_at,
            unkept=self.unkept + later.unkept,
            connections=self.connections + later.connections,
        )

    def as_json(self) -> dict[str, Any]:
        """Make plain data that `from_json` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Take plain data."""
        return cls(
            streams=[_stream(one) for one in values["streams"]],
            requests=[
                RequestRecord(**(one | {"ranges": _pairs(one["ranges"])}))
                for one in values["requests"]
            ],
            began_at={int(call): at for call, at in values["began_at"].items()},
            unkept=values["unkept"],
            connections=values["connections"],
        )


class Journal:
    """Writes the report."""

    def __init__(self) -> None:
        self.report = Report()

    def clear(self) -> None:
        """Begin anew; streams that are open go on in no report."""
        self.report = Report(began_at=self.report.began_at)

    def opened(self, api: str, now: float) -> StreamRecord:
        """Begin the record of a stream."""
        record = StreamRecord(api, now)
        if len(self.report.streams) < MAX_STREAMS:
            self.report.streams.append(record)
        else:
            self.report.unkept += 1
        return record

    def requested(self, record: RequestRecord) -> None:
        """Add a single request."""
        if len(self.report.requests) < MAX_STREAMS:
            self.report.requests.append(record)
        else:
            self.report.unkept += 1

    def heard(self, record: StreamRecord, newest: int, now: float) -> None:
        """Note when a stream had heard up to a frame of its caller."""
        if record.call is None or newest < 0:
            return
        spoken_at = now - newest * FRAME_S
        began_at = self.report.began_at.get(record.call, spoken_at)
        self.report.began_at[record.call] = began_at = min(began_at, spoken_at)
        if record.caught_up_at is None and spoken_at - began_at <= LIVE_S:
            record.caught_up_at = now


def _numbered_on(stream: StreamRecord, seen: Counter[int | None]) -> StreamRecord:
    if stream.number is None:
        return stream
    return replace(stream, number=stream.number + seen[stream.call])


def _stream(values: Mapping[str, Any]) -> StreamRecord:
    faults = [FaultRecord(**one) for one in values["faults"]]
    return StreamRecord(**{**values, "ranges": _pairs(values["ranges"]), "faults": faults})


def _pairs(values: list[list[int]]) -> list[tuple[int, int]]:
    return [(start, end) for start, end in values]
