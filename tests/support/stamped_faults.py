"""Faults of a recogniser, as a script: what goes wrong, on whose stream, at which moment.

Owns the rules and the count of how often each has struck. Does nothing by itself: the
in-process recogniser and the emulator ask it and do what it says. A moment is a frame of
the caller, a number of frames on the stream, or the opening. Pure, no clock.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Final, Self


class Kind(Enum):
    """What goes wrong."""

    STATUS = "status"
    """The stream ends with a gRPC status; `OK` is a clean close."""

    MUTE = "mute"
    """Audio is accepted, nothing is ever answered."""

    DELAY = "delay"
    """Nothing is read or answered for some seconds (in process: until `release()`)."""

    IN_BAND = "in_band"
    """A status inside a response, over a transport that is well; v1 of the API only."""

    SLOW = "slow"
    """The far side stops reading. Emulator only."""

    RESET = "reset"
    """The connection under the stream is reset. Emulator only."""

    RAISE = "raise"
    """`write()` raises, against the rules of the port: a crash. In process only."""


CLEAN: Final = "OK"
"""The status of a clean close."""

FOREVER: Final = 0
"""As `times`: the rule never wears out."""

STREAM_LIMIT_TEXT: Final = "Exceeded maximum allowed stream duration of 305 seconds."
"""Google's words with OUT_OF_RANGE after 305 s."""

NO_AUDIO_TEXT: Final = (
    "Audio Timeout Error: Long duration elapsed without audio. "
    "Audio should be sent close to real time."
)
"""Google's words with OUT_OF_RANGE after about 10 s without audio."""

NO_REQUESTS_TEXT: Final = "Stream timed out after receiving no more client requests."
"""Google's words with ABORTED."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule. The default: the first stream it meets ends as UNAVAILABLE on its first frame."""

    kind: Kind = Kind.STATUS
    status: str = "UNAVAILABLE"
    """A gRPC status name; of STATUS and IN_BAND."""
    detail: str = "scripted"
    call: int | None = None
    """Whose stream; None: any caller's. An opening is nobody's yet."""
    stream: int | None = None
    """Which of the call's streams, from 0 (at openings: of all streams); None: any."""
    spared: int = 0
    """So many of the call's streams are spared first."""
    at_open: bool = False
    """Before any audio."""
    after_frames: int = 1
    """Strikes once the stream has heard so many frames."""
    at_frame: int | None = None
    """Strikes once the stream has heard the caller's frame of this index, or a later one."""
    times: int = 1
    """Streams of each call that are struck (at openings: of all); `FOREVER`: every one."""
    seconds: float = 0.0
    """Of a DELAY."""
    request: bool = False
    """Strikes single requests instead of streams."""

    def as_json(self) -> dict[str, Any]:
        """Make plain data that `from_json` takes."""
        return asdict(self) | {"kind": self.kind.value}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Take plain data.

        Raises:
            TypeError: a name is unknown.
            ValueError: the kind is unknown.
        """
        known = dict(values)
        return cls(kind=Kind(known.pop("kind", Kind.STATUS.value)), **known)

    def due(self, frames: int, newest: int) -> bool:
        """Whether its moment has come on a stream.

        Args:
            frames: heard by the stream.
            newest: index of the caller's frame heard last.
        """
        if self.at_frame is not None:
            return newest >= self.at_frame
        return frames >= self.after_frames


class FaultBook:
    """The rules in force, and how often each has struck whom."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = tuple(faults)
        self._struck: Counter[tuple[int, int | None]] = Counter()
        self._opened = 0

    def at_open(self) -> Fault | None:
        """Count an opened stream, or nobody's, and say what befalls it."""
        number, self._opened = self._opened, self._opened + 1
        return self._first(None, number, at_open=True, request=False)

    def on_stream(self, call: int, stream: int) -> list[Fault]:
        """The rules that wait for their moment on a call's stream; tell `struck()` of one."""
        return [
            fault
            for index, fault in enumerate(self._faults)
            if self._applies(index, call, stream, at_open=False, request=False)
        ]

    def struck(self, fault: Fault, call: int | None) -> None:
        """Note that a rule of `on_stream()` has struck."""
        self._struck[self._faults.index(fault), call] += 1

    def on_request(self, call: int | None, number: int) -> Fault | None:
        """Say what befalls a single request, the `number`-th of its call from 0."""
        return self._first(call, number, at_open=False, request=True)

    def _first(
        self, call: int | None, number: int, *, at_open: bool, request: bool
    ) -> Fault | None:
        for index, fault in enumerate(self._faults):
            if self._applies(index, call, number, at_open=at_open, request=request):
                self._struck[index, call] += 1
                return fault
        return None

    def _applies(
        self, index: int, call: int | None, number: int, *, at_open: bool, request: bool
    ) -> bool:
        fault = self._faults[index]
        return (
            fault.at_open is at_open
            and fault.request is request
            and fault.call in {None, call}
            and fault.stream in {None, number}
            and number >= fault.spared
            and (fault.times == FOREVER or self._struck[index, call] < fault.times)
        )
