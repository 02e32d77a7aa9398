"""The telemetry of one call: three lines a second, metrics, and the sums at the end.

Reads the counters that the actors keep; decides nothing. Used by CallActor while the call
lives and by the root when it ends.
"""

from typing import Any

from actors.call_parts import CallParts
from telemetry import rx_line, stt_line, tx_line


class CallTelemetry:
    """Turns counters into lines and metrics."""

    def __init__(self, parts: CallParts) -> None:
        self._parts = parts
        self._context = parts.context
        self._last_in = 0
        self._last_out = 0
        self._last_at = parts.context.runtime.clock.now()

    def report(self) -> None:
        """Write the lines of the second that has passed."""
        self._measure_rates()
        stats, parts, log = self._context.stats, self._parts, self._context.log
        rx, stt, tx = parts.rx, parts.stt, parts.tx
        stats.rx_write_ms = stats.rx_write.take_mean() * 1000
        stats.stt_write_ms = stats.stt_write.take_mean() * 1000
        drops, write_ms = rx.ledger.drops, stats.rx_write_ms
        log.info(rx_line(stats.rx_mode, stats.fps_in, rx.held_frames, drops, write_ms))
        log.info(stt_line(stt.held_frames, stt.ledger.drops, stats.stt_write_ms))
        log.info(tx_line(stats.fps_out, tx.held_frames, tx.ledger.drops))
        self.count_drops()

    def sum_up(self, reason: str, duration_s: float) -> None:
        """Do the sums of a call that has ended; its mailboxes are closed."""
        self.count_drops()
        self.check_ledgers()
        self._context.events.note(
            "call_ended",
            reason=reason,
            duration_s=duration_s,
            restarts={name: child.restarts for name, child in self._parts.children.items()},
            ledgers=ledger_fields(self._parts),
        )

    def count_drops(self) -> None:
        """Bring the metrics of dropped frames up to date; no frame is counted twice."""
        dropped = self._context.metrics.frames_dropped
        for mailbox in self._parts.mailboxes:
            for reason, frames in mailbox.ledger.take_new_drops().items():
                dropped.labels(mailbox.name, reason).inc(frames)

    def check_ledgers(self) -> None:
        """Say so, as an error and in a metric, when frames vanished uncounted."""
        for mailbox in self._parts.mailboxes:
            frames = mailbox.ledger.missing(mailbox.held_frames)
            control = mailbox.ledger.control_missing(mailbox.held_control)
            if frames or control:
                self._complain(f"{mailbox.name}: {frames} frames, {control} messages unaccounted")
        passed_on = self._parts.rx.ledger.delivered + self._parts.rx.ledger.created
        passed_on -= self._parts.rx_state.pending is not None
        if passed_on != self._parts.stt.ledger.entered:
            entered = self._parts.stt.ledger.entered
            self._complain(f"rx handed over {passed_on} frames, stt got {entered}")

    def _complain(self, what: str) -> None:
        self._context.metrics.ledger_errors.inc()
        self._context.log.error("❌ [LEDGER] does not balance: {}", what)

    def _measure_rates(self) -> None:
        stats = self._context.stats
        now = self._context.runtime.clock.now()
        elapsed_s = max(now - self._last_at, 1e-3)
        stats.fps_in = (stats.frames_in - self._last_in) / elapsed_s
        stats.fps_out = (stats.frames_out - self._last_out) / elapsed_s
        self._last_in, self._last_out, self._last_at = stats.frames_in, stats.frames_out, now


def ledger_fields(parts: CallParts) -> dict[str, dict[str, Any]]:
    """Say where the frames of each mailbox went, for the end of the call's event log."""
    return {
        box.name: {
            "entered": box.ledger.entered,
            "created": box.ledger.created,
            "delivered": box.ledger.delivered,
            "dropped": dict(box.ledger.dropped),
            "crashed": box.ledger.crashed,
            "discarded": box.ledger.discarded,
            "missing": box.ledger.missing(box.held_frames),
        }
        for box in parts.mailboxes
        if box.ledger.entered or box.ledger.created
    }
