"""The event log of calls: what happened on each, for who has to explain it later."""

from call_log.logs import CallLogs
from call_log.port import NO_CALL_LOG, CallLog, NoCallLog, no_call_log

__all__ = ["NO_CALL_LOG", "CallLog", "CallLogs", "NoCallLog", "no_call_log"]
