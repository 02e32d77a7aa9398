"""The running numbers of one call, counted by its actors and read once a second.

Plain integers and floats, so that counting on the media path costs nothing. Owned by the
call: no restart resets them. Nobody decides anything by them.
"""

from collections import deque
from dataclasses import dataclass, field

LATENCIES_KEPT = 20
"""Turns whose latencies a call remembers, for `/calls/{CallSid}`."""

NOTES_KEPT = 20
"""Notes of the brain that a call remembers, for the same."""


@dataclass(frozen=True, slots=True)
class TurnLatency:
    """How long one answer took, in seconds; None for a part that did not happen.

    `token_s` to `wire_s` follow each other: each is measured from the last one before it that
    happened, the first from the final.
    """

    reply: int
    """The number of the answer; no other turn of the call has it."""

    final_at: float
    """When the words were taken as final, on the call's clock."""

    early: bool
    """Whether that was before the recogniser had said so."""

    superseded: int
    """Answers of this turn that were begun and replaced before their first frame."""

    partial_s: float | None
    """From the start of the caller's speech to the first partial transcript."""

    final_s: float | None
    """From the end of the caller's speech to the final transcript."""

    total_s: float | None
    """From the end of the caller's speech to the first frame of the answer on the wire."""

    settled_s: float | None
    """From the last partial to the final: what waiting for certainty cost."""

    token_s: float | None
    """To the first piece of the brain's answer."""

    sentence_s: float | None
    """To the first sentence that can be spoken."""

    synthesis_s: float | None
    """To the first audio of that sentence."""

    wire_s: float | None
    """To the first frame of the answer on the wire; waits for the end of a filler."""

    sound_s: float | None
    """From the end of the caller's speech to the first frame of anything, a filler perhaps."""

    heard_s: float | None
    """From the end of the caller's speech to the first mark of the answer that was played.

    An upper bound: marks stand behind each half second of speech.
    """

    def parts(self) -> dict[str, float | None]:
        """Return the parts in seconds under the names that operators see, in their order."""
        return {
            "partial": self.partial_s,
            "final": self.final_s,
            "total": self.total_s,
            "settled": self.settled_s,
            "token": self.token_s,
            "sentence": self.sentence_s,
            "synthesis": self.synthesis_s,
            "wire": self.wire_s,
            "sound": self.sound_s,
            "heard": self.heard_s,
        }

    def parts_ms(self) -> dict[str, int | None]:
        """Return the parts in whole milliseconds, named with their unit."""
        parts = self.parts().items()
        return {f"{name}_ms": None if part is None else round(part * 1000) for name, part in parts}


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the brain left for the operator. Personal data."""

    text: str
    at: float
    """When, on the call's clock."""


@dataclass(slots=True)
class Meter:
    """A mean over the current second."""

    total: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        """Add one measurement."""
        self.total += value
        self.count += 1

    def take_mean(self) -> float:
        """Read the mean, 0 if nothing was measured, and begin the next second."""
        mean = self.total / self.count if self.count else 0.0
        self.total, self.count = 0.0, 0
        return mean


@dataclass(slots=True)
class CallStats:
    """What telemetry shows of a call."""

    frames_in: int = 0
    """Frames RX took from its mailbox, since the call began."""

    frames_out: int = 0
    """Frames TX put on the wire, since the call began."""

    fps_in: float = 0.0
    """Frames a second from the caller, over the last second."""

    fps_out: float = 0.0
    """Frames a second to the caller, over the last second."""

    rx_mode: str = "normal"
    """How RX releases a backlog: `normal` or `drain`."""

    rx_resyncs: int = 0
    """How often RX was so late with a backlog that its grid was laid anew."""

    stt_mode: str = "streaming"
    """`streaming` or `single` (requests for segments of speech)."""

    stt_deaf: int = 0
    """Times the recogniser was found deaf."""

    segments_discarded: int = 0
    """Segments with too little voice for a single request: nobody was asked about them."""

    rx_write: Meter = field(default_factory=Meter)
    """Seconds from a frame's arrival at the border until RX has handed it over."""

    stt_write: Meter = field(default_factory=Meter)
    """Seconds that writing a batch to the recogniser takes."""

    rx_write_ms: float = 0.0
    """Mean of `rx_write` over the last second, in milliseconds."""

    stt_write_ms: float = 0.0
    """Mean of `stt_write` over the last second, in milliseconds."""

    latencies: deque[TurnLatency] = field(
        default_factory=lambda: deque[TurnLatency](maxlen=LATENCIES_KEPT)
    )
    """The latest turns."""

    notes: deque[Note] = field(default_factory=lambda: deque[Note](maxlen=NOTES_KEPT))
    """The latest notes, kept only where transcripts may be shown. Personal data."""
