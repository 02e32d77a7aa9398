"""The latencies of the turn under way: when the caller spoke, was understood, was answered.

Pure bookkeeping of times that others measured; AgentActor tells it and reports the result.
"""

from dataclasses import dataclass

from actors.stats import TurnLatency


@dataclass(slots=True)
class TurnClock:
    """The times of one turn, on the call's clock."""

    voice_started_at: float | None = None
    voice_ended_at: float | None = None
    """None while the voice is on, as far as the border has noticed."""

    partial_at: float | None = None
    final_at: float | None = None
    epoch: int | None = None
    """The playback that answers."""

    def voice_started(self, at: float) -> None:
        """Note speech; after a final it belongs to the next turn.

        Until a partial comes, the latest beginning counts: what was before it was noise.
        """
        self.voice_ended_at = None
        if self.final_at is not None:
            self.partial_at = self.final_at = None
        if self.partial_at is None:
            self.voice_started_at = at

    def partial(self, at: float) -> None:
        """Note a partial; the first one counts."""
        if self.partial_at is None and self.final_at is None:
            self.partial_at = at

    def answered_by(self, epoch: int, final_at: float) -> None:
        """Note the final and the playback that will answer it."""
        self.final_at = final_at
        self.epoch = epoch

    def started(self, epoch: int, at: float) -> TurnLatency | None:
        """Note that a playback is on the wire.

        Returns:
            the latencies, if this playback answers a turn.
        """
        if epoch != self.epoch or self.final_at is None:
            return None
        self.epoch = None
        ended_at = self.voice_ended_at
        return TurnLatency(
            partial_s=_between(self.voice_started_at, self.partial_at),
            final_s=_between(ended_at, self.final_at),
            total_s=_between(ended_at if ended_at is not None else self.final_at, at),
        )


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(0.0, end - start)
