"""The receiving side of a call: hands the caller's frames on to STT, in step with the call.

Owns the release of backlogs and the filling of gaps with silence. Passes frames straight
through as long as it keeps up; only a backlog is put on the 20 ms grid. Never decodes,
never looks into a frame, knows nothing of recognisers. Frames come from the media socket;
everything goes to STT, and only while STT has room, so that what must be dropped is
dropped in RX's own mailbox, where it is counted.
"""

from dataclasses import dataclass, field
from typing import Any, Final, assert_never

from actors.context import CallContext
from actors.loop_actor import LoopActor
from actors.mailbox import Mailbox
from actors.messages import ChildFailed, InboundFrame, RxMessage, SttMessage
from actors.peer import MediaPeer, Peer
from media.frame import SILENCE_FRAME
from media.release import ReleaseCadence
from media.timeline import MediaTimeline
from settings import Settings
from telemetry import RX_STARTED

BACKLOG_FRAMES: Final = 3
"""Frames still waiting behind the one in hand from which on it is a backlog to be paced."""

FILL_AT_ONCE_FRAMES: Final = 10
"""Silence made at most in one go; a longer gap is filled over several beats."""


@dataclass(slots=True)
class RxState:
    """What a restarted RX takes over from its predecessor."""

    timeline: MediaTimeline = field(default_factory=MediaTimeline)
    last_arrival_at: float | None = None

    missing_frames: int = 0
    """Silence that still belongs in front of `pending`."""

    pending: InboundFrame | None = None
    """The frame in hand: taken, but not handed over yet."""


class RxActor(LoopActor):
    """Hands inbound frames on to STT."""

    def __init__(
        self,
        context: CallContext,
        mailbox: Mailbox[RxMessage],
        supervisor: Peer[ChildFailed],
        state: RxState,
        stt: MediaPeer[SttMessage],
    ) -> None:
        super().__init__(context.runtime, mailbox, supervisor, context.label("rx"))
        self._context = context
        self._state = state
        self._stt = stt
        self._cadence = _cadence(context.settings)
        self._silence_after_s = context.settings.rx_silence_after_ms / 1000

    def on_start(self) -> None:
        """Join the beat; what the predecessor left is released on it."""
        if self._state.last_arrival_at is None:
            self._state.last_arrival_at = self.runtime.clock.now()
        self.runtime.metronome.join(self)
        self._hold_if_behind()
        self._context.log.info(RX_STARTED)

    def on_receive(self, message: Any) -> None:
        """Deal with one message of the protocol."""
        rx_message: RxMessage = message
        match rx_message:
            case InboundFrame():
                self._take_in_hand(rx_message)
                self._hand_over_if_possible()
                self._hold_if_behind()
            case _:
                assert_never(rx_message)

    def on_tick(self, now: float) -> None:
        """Release what has piled up, or make silence while nothing arrives."""
        if self.mailbox.holding:
            self._release_backlog(now)
        elif self._line_is_silent(now) and self._stt.room_frames:
            self._state.timeline.filled(1)
            self._make_silence(1)

    # --- the frame in hand -----------------------------------------------------------

    def _take_in_hand(self, frame: InboundFrame) -> None:
        state = self._state
        state.missing_frames = state.timeline.missing_frames(frame.timestamp_ms)
        state.last_arrival_at = frame.arrived_at
        state.pending = frame
        self.mailbox.settle()
        self._context.stats.frames_in += 1

    def _hand_over_if_possible(self) -> bool:
        """Give STT the frame in hand, after the silence that belongs in front of it."""
        state = self._state
        if state.missing_frames:
            self._fill_gap()
        frame = state.pending
        if frame is None or state.missing_frames or not self._stt.room_frames:
            return False
        self._stt.post(frame)
        state.pending = None
        self._context.stats.rx_write.add(self.runtime.clock.now() - frame.arrived_at)
        return True

    def _fill_gap(self) -> None:
        frames = min(self._state.missing_frames, FILL_AT_ONCE_FRAMES, self._stt.room_frames)
        self._make_silence(frames)
        self._state.missing_frames -= frames

    def _make_silence(self, frames: int) -> None:
        now = self.runtime.clock.now()
        for _ in range(frames):
            self._stt.post(InboundFrame(SILENCE_FRAME, 0, voiced=False, arrived_at=now))
        self.mailbox.ledger.created += frames

    def _line_is_silent(self, now: float) -> bool:
        last_at = self._state.last_arrival_at
        return last_at is not None and now - last_at > self._silence_after_s

    # --- backlog ---------------------------------------------------------------------

    @property
    def _backlog_frames(self) -> int:
        return self.mailbox.held_frames + (self._state.pending is not None)

    def _hold_if_behind(self) -> None:
        """Put a backlog on the grid instead of rushing it through."""
        if self._state.pending or self.mailbox.held_frames >= BACKLOG_FRAMES:
            self.mailbox.hold(holding=True)

    def _release_backlog(self, now: float) -> None:
        allowed = self._cadence.allowance(now, self._backlog_frames)
        self._context.stats.rx_mode = self._cadence.mode.value
        if self._release(allowed) and self._cadence.released(now):
            self._context.stats.rx_resyncs += 1
        if self._backlog_frames == 0:
            self._cadence.caught_up()
            self._context.stats.rx_mode = self._cadence.mode.value
            self.mailbox.hold(holding=False)

    def _release(self, allowed: int) -> int:
        for released in range(allowed):
            if self._state.pending is None:
                frame = self.mailbox.take_in_order()
                if not isinstance(frame, InboundFrame):
                    return released
                self._take_in_hand(frame)
            if not self._hand_over_if_possible():
                return released
        return allowed


def _cadence(settings: Settings) -> ReleaseCadence:
    return ReleaseCadence(
        per_tick_frames=settings.rx_release_frames_per_tick,
        enter_frames=settings.rx_drain_enter_frames,
        leave_frames=settings.rx_drain_leave_frames,
        resync_ms=settings.rx_resync_ms,
    )
