"""What happened on each call, for who has to explain it later: event logs and recordings."""

from call_log.logs import CallLogs, begin_call_logs, check_folder
from call_log.port import NO_CALL_LOG, CallLog, NoCallLog, no_call_log
from call_log.recordings import Recordings
from call_log.tape import CALL_OVER, Tape

__all__ = [
    "CALL_OVER",
    "NO_CALL_LOG",
    "CallLog",
    "CallLogs",
    "NoCallLog",
    "Recordings",
    "Tape",
    "begin_call_logs",
    "check_folder",
    "no_call_log",
]
