"""What operators see: the fixed log lines, the metrics, and the loop's lag."""

from telemetry.lines import (
    GREETING_QUEUED,
    RX_STARTED,
    SHOWN_TEXT_CHARS,
    STT_INIT,
    STT_READY,
    TX_STARTED,
    boot_line,
    early_line,
    final_line,
    latency_line,
    partial_line,
    printable,
    rx_line,
    stt_line,
    tx_line,
)
from telemetry.metrics import Counting, EngineCounts, Metrics
from telemetry.pulse import Listener, LoopPulse
from telemetry.watchdog import LoopWatchdog, watch_loop

__all__ = [
    "GREETING_QUEUED",
    "RX_STARTED",
    "SHOWN_TEXT_CHARS",
    "STT_INIT",
    "STT_READY",
    "TX_STARTED",
    "Counting",
    "EngineCounts",
    "Listener",
    "LoopPulse",
    "LoopWatchdog",
    "Metrics",
    "boot_line",
    "early_line",
    "final_line",
    "latency_line",
    "partial_line",
    "printable",
    "rx_line",
    "stt_line",
    "tx_line",
    "watch_loop",
]
