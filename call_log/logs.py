"""The event logs of all calls: one JSON object a line, one file a call.

Owns the one thread that writes these files and what may stand in them. A full or broken disk
costs lines, which are counted, and nothing else: a call only appends to a bounded list.
Never deletes a file, never reads one, never decides anything. `server.py` has `CallLogs`
made where an operator asks for it, the root begins a log with each call, actors note events.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from loguru import logger

from call_log.file import append_to_file, make_folder
from call_log.line import Line
from call_log.port import NO_CALL_LOG, CallLog, no_call_log
from settings import Settings, SettingsError

LINES_MAX: Final = 5000
"""Lines that wait for a slow disk: half a minute of 100 busy calls."""

TEXT_MAX_CHARS: Final = 2000
"""Longest text in one field; with `LINES_MAX` this bounds the memory of what waits."""

GATHER_S: Final = 0.25
"""For lines to come together, so that a file is opened a few times a second at most."""

TELL_S: Final = 60.0
"""Least time between two lines about what was lost."""

CLOSE_TIMEOUT_S: Final = 2.0
"""How long the end of the process waits for a disk that takes nothing."""

_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What a CallSid must look like to become a file name; Twilio's are `CA` and 32 hex digits."""


class CallLogs:
    """The files of all calls of this process, and the thread that writes them."""

    def __init__(
        self,
        folder: Path,
        *,
        show_texts: bool,
        on_lost: Callable[[int], object] = lambda _: None,
        append: Callable[[str, bytes], None] | None = None,
        lines_max: int = LINES_MAX,
    ) -> None:
        """Start the thread.

        Args:
            folder: where the folders of the days are; made when a line is written.
            show_texts: whether what was said is written, or its length alone.
            on_lost: told how many lines were lost just now, on any thread.
            append: adds bytes to the end of a file, may block, raises OSError; None: the disk.
            lines_max: how many lines wait before new ones are lost.
        """
        self.lost = 0
        self._folder = folder
        self._show_texts = show_texts
        self._on_lost = on_lost
        self._append = append or append_to_file
        self._lines_max = lines_max
        self._lines: deque[Line] = deque()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._in_hand = 0
        """Lines that the thread has taken and not yet written."""
        self._told = 0
        self._told_at = -TELL_S
        self._why = ""
        self._thread = threading.Thread(target=self._run, name="call-log", daemon=True)
        self._thread.start()

    def begin(self, call_sid: str, now: Callable[[], float]) -> CallLog:
        """Begin the log of a call; one whose CallSid is no safe file name gets none.

        Args:
            call_sid: names the file.
            now: the call's clock in seconds; lines count from what it says now.
        """
        if not safe_name(call_sid):
            logger.warning("call log: CallSid: expected letters and digits; this call has no log")
            return NO_CALL_LOG
        began = datetime.now(UTC)
        path = self._folder / f"{began:%Y-%m-%d}" / f"{call_sid}.jsonl"
        log = _OneCallLog(self, str(path), now, show_texts=self._show_texts)
        log.note("call_began", call_sid=call_sid, at=began.isoformat(timespec="milliseconds"))
        return log

    def take(self, line: Line) -> None:
        """Take a line, or count it as lost. Never blocks on the disk."""
        with self._changed:
            full = self._closed.is_set() or len(self._lines) >= self._lines_max
            if not full:
                self._lines.append(line)
                self._changed.notify()
        if full:
            self._lose(1, "written too slowly")
            self._tell(TELL_S)

    def stop(self) -> None:
        """Write what waits and end, within `CLOSE_TIMEOUT_S`. Calling twice is harmless.

        What the disk has not taken by then counts as lost; what was lost is told.
        """
        with self._changed:
            self._closed.set()
            self._changed.notify()
        self._thread.join(CLOSE_TIMEOUT_S)
        with self._changed:
            unwritten = self._in_hand + len(self._lines)
            self._in_hand = 0
            self._lines.clear()
        if unwritten > 0:
            self._lose(unwritten, f"{self._folder}: not written in time")
        self._tell(0)

    def _lose(self, lines: int, why: str) -> None:
        with self._changed:
            self.lost += lines
            self._why = why
        self._on_lost(lines)

    # --- the thread ------------------------------------------------------------------

    def _run(self) -> None:
        while lines := self._gather():
            for path, some in _by_path(lines).items():
                self._write(path, some)
                self._in_hand -= len(some)
            self._tell(TELL_S)

    def _gather(self) -> list[Line]:
        """Wait for lines and take all there are; none once closed and empty."""
        with self._changed:
            while not self._lines and not self._closed.is_set():
                self._changed.wait()
        self._closed.wait(GATHER_S)
        with self._changed:
            lines = list(self._lines)
            self._lines.clear()
            self._in_hand = len(lines)
        return lines

    def _write(self, path: str, lines: list[Line]) -> None:
        encoded: list[bytes] = []
        for line in lines:
            try:
                encoded.append(line.encoded())
            except (TypeError, ValueError, RecursionError):
                self._lose(1, f"{line.event}: a field is no JSON value")
        if not encoded:
            return
        try:
            self._append(path, b"".join(encoded))
        except OSError as error:
            self._lose(len(encoded), f"{self._folder}: {error.strerror or error}")

    def _tell(self, after_s: float) -> None:
        """Say what was lost, if the last time was that long ago. Any thread's: one may hang."""
        with self._changed:
            lost, why, now = self.lost - self._told, self._why, time.monotonic()
            if not lost or now - self._told_at < after_s:
                return
            self._told, self._told_at = self.lost, now
        logger.warning("call log: {} lines lost: {}", lost, why)


class _OneCallLog:
    """The log of one call."""

    __slots__ = ("_began_at", "_logs", "_now", "_path", "_show_texts")

    def __init__(
        self, logs: CallLogs, path: str, now: Callable[[], float], *, show_texts: bool
    ) -> None:
        self._logs = logs
        self._path = path
        self._now = now
        self._began_at = now()
        self._show_texts = show_texts

    def note(self, event: str, /, **fields: object) -> None:
        text = fields.get("text")
        if text is not None and not self._show_texts:
            del fields["text"]
            fields["chars"] = len(text) if isinstance(text, str) else 0
        for name, value in fields.items():
            if isinstance(value, str) and len(value) > TEXT_MAX_CHARS:
                fields[name] = value[: TEXT_MAX_CHARS - 1] + "…"
        self._logs.take(Line(self._path, self._now() - self._began_at, event, fields))


def begin_call_logs(
    settings: Settings,
    on_lost: Callable[[int], object],
    at_the_end: Callable[[Callable[[], None]], object],
) -> Callable[[str, Callable[[], float]], CallLog]:
    """Keep event logs of calls if an operator asks for them.

    Args:
        settings: whether, where, and with what was said or without.
        on_lost: told how many lines were lost just now, on any thread.
        at_the_end: takes what is to be called when the server ends.

    Returns:
        what begins the log of one call: see `CallLogs.begin`.
    """
    if settings.call_log_dir is None:
        return no_call_log
    logs = CallLogs(settings.call_log_dir, show_texts=settings.log_transcripts, on_lost=on_lost)
    at_the_end(logs.stop)
    return logs.begin


def check_folder(settings: Settings) -> None:
    """Make the folder of the event logs and see that it can be written; nothing if unset.

    A disk that fills up later costs lines only. One that cannot be used now is a wrong
    setting: whoever asked for logs would miss them with the first call that needs explaining.

    Raises:
        SettingsError: it cannot be used.
    """
    if settings.call_log_dir is None:
        return
    try:
        make_folder(settings.call_log_dir)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no name of a folder"
        where = f"CALL_LOG_DIR={str(settings.call_log_dir)!r}"
        raise SettingsError(f"{where}: {why}; expected a folder to write to") from None


def safe_name(call_sid: str) -> bool:
    """Whether a CallSid may become a file name."""
    return _SAFE_NAME.fullmatch(call_sid) is not None


def _by_path(lines: list[Line]) -> dict[str, list[Line]]:
    files: dict[str, list[Line]] = {}
    for line in lines:
        files.setdefault(line.path, []).append(line)
    return files
