"""What every actor of one call is handed: who the call is, and what it runs on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.runtime import Runtime
from actors.stats import CallStats
from call_log import NO_CALL_LOG, CallLog
from settings import Settings
from telemetry import Metrics

if TYPE_CHECKING:
    from loguru import Logger


@dataclass(frozen=True, slots=True)
class CallContext:
    """One call's surroundings. Nothing in it is replaced while the call lives."""

    call_sid: str
    settings: Settings
    runtime: Runtime
    metrics: Metrics
    stats: CallStats
    log: "Logger"
    """Bound to the call, so that every line says which call it is about."""

    events: CallLog = NO_CALL_LOG
    """Where what happens on the call is noted, for operators who asked for it."""

    def label(self, child: str) -> str:
        """Name one of the call's actors in a report."""
        return f"{child} {self.call_sid}"
