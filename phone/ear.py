"""Hears both sides of a call: who speaks when, how soon the agent answers, how loud it is.

Pure; positions are samples since the stream began. The agent is heard as it is played out,
the caller as it is sent, because that is what a person on the line and the server know.
Talked to by `line` and `report`.
"""

from dataclasses import dataclass

from media.frame import SAMPLE_RATE_HZ
from phone.loudness import Loudness, voiced_range
from phone.spans import Spans


@dataclass(frozen=True, slots=True)
class Turn:
    """Something the agent said."""

    caller_end_s: float | None
    """End of the caller's voice that it answers; None for a greeting or a second thought."""
    agent_start_s: float
    agent_duration_s: float
    cut: bool
    """Interrupted: a `clear` ended it."""

    @property
    def latency_ms(self) -> float | None:
        """From the caller's last voiced sample to the agent's first audible one."""
        if self.caller_end_s is None:
            return None
        return (self.agent_start_s - self.caller_end_s) * 1000.0

    def as_json(self) -> dict[str, float | bool | None]:
        """Stable keys; times in seconds since the stream began."""
        latency_ms = self.latency_ms
        return {
            "caller_end_s": None if self.caller_end_s is None else round(self.caller_end_s, 3),
            "agent_start_s": round(self.agent_start_s, 3),
            "agent_duration_s": round(self.agent_duration_s, 3),
            "latency_ms": None if latency_ms is None else round(latency_ms, 1),
            "cut": self.cut,
        }


class Ear:
    """What is heard on one call."""

    def __init__(self) -> None:
        self.agent = Spans()
        self.caller = Spans()
        self.agent_loudness = Loudness()

    def agent_played(self, start: int, audio: bytes) -> None:
        """Agent audio was played out from a position on."""
        voiced = self.agent_loudness.add(audio)
        if voiced is not None:
            self.agent.add(start + voiced[0], start + voiced[1])

    def agent_cut(self, position: int) -> None:
        """The agent's playback was cleared."""
        self.agent.cut(position)

    def caller_sent(self, payload: bytes, position: int) -> None:
        """A caller's frame, whose last sample is of this position, has just been sent."""
        voiced = voiced_range(payload)
        if voiced is not None:
            start = position - len(payload)
            self.caller.add(start + voiced[0], start + voiced[1])

    def answer_after(self, position: int) -> float | None:
        """Seconds from a position to the agent's first speech that begins after it."""
        span = self.agent.first_after(position)
        return None if span is None else (span.start - position) / SAMPLE_RATE_HZ

    def turns(self) -> list[Turn]:
        """Everything the agent said, each with the caller's speech it answered."""
        turns: list[Turn] = []
        answered = 0
        for span in self.agent.spans:
            ends = [said.end for said in self.caller.spans if answered < said.end <= span.start]
            answered = ends[-1] if ends else answered
            turns.append(
                Turn(
                    caller_end_s=answered / SAMPLE_RATE_HZ if ends else None,
                    agent_start_s=span.start / SAMPLE_RATE_HZ,
                    agent_duration_s=(span.end - span.start) / SAMPLE_RATE_HZ,
                    cut=span.cut,
                )
            )
        return turns
