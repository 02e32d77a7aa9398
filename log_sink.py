"""Carries log lines away from the event loop, and counts those that nobody took.

Owns the one thread that writes to stderr, and the set-up of loguru and of the libraries'
standard logging. A blocked terminal or pipe blocks that thread alone: the loop appends to a
bounded list and goes on. `server.py` calls `set_up_logging()` once; everybody else just
logs with loguru.
"""

import inspect
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from loguru import logger

if TYPE_CHECKING:
    from loguru import Record

MAX_LINES: Final = 2000
"""Lines that wait for a slow terminal: about 4 s of 100 busy calls."""

MAX_LINE_CHARS: Final = 8000
"""Longest line, tracebacks included: with `MAX_LINES` this bounds the memory to 16 M characters."""

BATCH_LINES: Final = 100
"""Most lines handed to the terminal in one write."""

CLOSE_TIMEOUT_S: Final = 2.0
"""How long the end of the process waits for a terminal that takes nothing."""

LINE_FORMAT: Final = "{time:YYYY-MM-DD HH:mm:ss.SSS} {level: <7} {extra[call_sid]} {message}"

WITHHELD: Final = "(text withheld; LOG_TRANSCRIPTS=true shows it)"
"""Stands for the text of an exception."""

LIBRARY_LEVEL: Final = logging.WARNING
"""Libraries below this are silent: websockets' DEBUG lines would hold what callers say."""

STDERR_FD: Final = 2


class LogSink:
    """A bounded list of lines and the thread that writes them.

    Usable as a loguru sink. Safe from any thread.
    """

    def __init__(
        self,
        write: Callable[[bytes], None] | None = None,
        on_lost: Callable[[int], object] = lambda _: None,
        max_lines: int = MAX_LINES,
    ) -> None:
        """Start the thread.

        Args:
            write: takes the bytes of some whole lines, may block; None: stderr.
            on_lost: told how many lines were thrown away just now, on any thread.
            max_lines: how many lines wait before new ones are thrown away.
        """
        self.lost = 0
        self._write = write or _write_stderr
        self._on_lost = on_lost
        self._max_lines = max_lines
        self._lines: deque[str] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._untold = 0
        self._thread = threading.Thread(target=self._run, name="log-sink", daemon=True)
        self._thread.start()

    def write(self, message: str) -> None:
        """Take a line, or count it as lost. Never blocks on the terminal."""
        with self._changed:
            if self._closed or len(self._lines) >= self._max_lines:
                self._lose(1)
                return
            self._lines.append(_bounded(message))
            self._changed.notify()

    def stop(self) -> None:
        """Write what waits and end, within `CLOSE_TIMEOUT_S`. Called by loguru."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(CLOSE_TIMEOUT_S)

    def _lose(self, lines: int) -> None:
        self.lost += lines
        self._untold += lines
        self._on_lost(lines)

    def _run(self) -> None:
        while (batch := self._take()) is not None:
            try:
                self._write(batch)
            except OSError:
                with self._changed:
                    self._lose(batch.count(b"\n"))

    def _take(self) -> bytes | None:
        """Wait for lines and take some; None once closed and empty."""
        with self._changed:
            while not self._lines and not self._closed:
                self._changed.wait()
            if not self._lines:
                return None
            if self._untold:
                self._lines.append(f"log: {self._untold} lines lost, nobody took them in time\n")
                self._untold = 0
            count = min(BATCH_LINES, len(self._lines))
            batch = "".join(self._lines.popleft() for _ in range(count))
        return batch.encode("utf-8", "backslashreplace")


def set_up_logging(
    level: str, on_lost: Callable[[int], object] = lambda _: None, *, private: bool = True
) -> LogSink:
    """Send loguru and the standard library's logging to one new sink.

    Args:
        level: least level that is logged, such as `INFO`.
        on_lost: told how many lines were thrown away just now, on any thread.
        private: withhold the texts of exceptions: a brain's may quote what a caller said.
    """
    sink = LogSink(on_lost=on_lost)
    logger.configure(extra={"call_sid": "-"}, patcher=_withhold_text if private else _leave)
    logger.remove()
    # diagnose would print the values of variables: tokens, and what callers said.
    logger.add(sink, level=level, format=LINE_FORMAT, diagnose=False, backtrace=False)
    _route_standard_logging()
    return sink


def _withhold_text(record: "Record") -> None:
    """Replace an exception by one of the same name without its text; the trace stays."""
    exception = record["exception"]
    if exception is not None and exception.type is not None:
        kind = type(exception.type.__name__, (Exception,), {"__module__": "builtins"})
        record["exception"] = exception._replace(type=kind, value=kind(WITHHELD))


def _leave(_record: "Record") -> None:
    """Show exceptions as they are."""


def _route_standard_logging() -> None:
    logging.basicConfig(handlers=[_ToLoguru()], level=LIBRARY_LEVEL, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "websockets", "pykka", "asyncio"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.NOTSET)


class _ToLoguru(logging.Handler):
    """Hands a standard log record on to loguru, with the place it came from."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if getattr(error, "expected", False):
            return  # A failure by design, such as a stream's; its supervisor says it in one line.
        frame, depth = inspect.currentframe(), 0
        while frame is not None and (depth == 0 or frame.f_code.co_filename == logging.__file__):
            frame, depth = frame.f_back, depth + 1
        level = record.levelname if record.levelno in _LEVELS else record.levelno
        logger.opt(depth=depth, exception=record.exc_info).log(level, record.getMessage())


_LEVELS: Final = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)


def _bounded(message: str) -> str:
    if len(message) <= MAX_LINE_CHARS:
        return str(message)
    return message[: MAX_LINE_CHARS - 2] + "…\n"


def _write_stderr(batch: bytes) -> None:
    """Write past Python's buffers: a lock held there would break the interpreter's exit."""
    view = memoryview(batch)
    while view:
        view = view[os.write(STDERR_FD, view) :]
