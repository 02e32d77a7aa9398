"""The latencies of the turn under way, taken where things happen and reported when complete.

A plain class inside AgentActor, shared with its speaker and its replies: gives every event
its time and hands the finished times to `actors.turn_report`. Decides nothing.
"""

from actors.context import CallContext
from actors.messages import FinalTranscript
from actors.turn_clock import TurnClock
from actors.turn_report import report_heard, report_started
from media.frame import FRAME_MS


class TurnLog:
    """Follows the turns of one call."""

    def __init__(self, context: CallContext) -> None:
        self._context = context
        self._clock = context.runtime.clock
        self._turn_clock = TurnClock()

    # --- the caller ------------------------------------------------------------------

    def voice_started(self, at: float) -> None:
        """Note the caller's voice."""
        self._context.events.note("voice_started")
        self._turn_clock.voice_started(at)

    def voice_ended(self, at: float) -> None:
        """Note the caller's quiet, since this time."""
        self._context.events.note("voice_stopped")
        self._turn_clock.voice_ended(at)

    def partial(self, at: float) -> None:
        """Note a partial transcript."""
        self._turn_clock.partial(at)

    def answered_by(self, reply: int, final: FinalTranscript) -> None:
        """Note the reply that answers a final."""
        self._context.events.note("reply", reply=reply, utterance=final.utterance)
        self._turn_clock.answered_by(reply, final.heard_at, early=final.early)

    # --- the answer ------------------------------------------------------------------

    def thought(self, reply: int) -> None:
        """Note that the brain has the first piece of its answer."""
        self._turn_clock.token(reply, self._clock.now())

    def said(self, reply: int) -> None:
        """Note a text of the answer."""
        self._turn_clock.sentence(reply, self._clock.now())

    def filled(self, reply: int) -> None:
        """Note a text that passes the time."""
        self._context.events.note("filler", reply=reply)
        self._turn_clock.filler(reply, self._clock.now())

    def synthesized(self, reply: int) -> None:
        """Note audio of the reply."""
        self._turn_clock.synthesized(reply, self._clock.now())

    def started(self, reply: int, at: float) -> None:
        """Note that a reply is on the wire."""
        latency = self._turn_clock.started(reply, at)
        if latency is not None:
            report_started(self._context, latency)

    def answer_starts(self, reply: int, behind_frames: int) -> None:
        """Note that the answer itself follows a filler, behind so many waiting frames."""
        self.started(reply, self._clock.now() + behind_frames * FRAME_MS / 1000)

    def heard(self, reply: int) -> None:
        """Note that a mark within the reply was played."""
        latency = self._turn_clock.heard(reply, self._clock.now())
        if latency is not None:
            report_heard(self._context, latency)
