"""What nobody caught, in one line: exceptions of tasks, threads and finalisers, and warnings.

Owns the interpreter's hooks for these and what asyncio's logger may say. Python would print
them as they are, past the log and on the thread they happen on; their texts may quote what a
caller said. Never stops anything and never decides anything. Set up by `server.py`.
"""

import logging
import sys
import threading
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from typing import Final, TextIO

from loguru import logger

Tell = Callable[[BaseException], str]
"""Tells an exception in one line, without its text."""

STOCK_MESSAGES: Final = (
    "Task exception was never retrieved",
    "Future exception was never retrieved",
    "Exception in callback",
    "Task was destroyed but it is pending!",
    "socket.accept() out of system resource",
    "socket.send() raised exception.",
)
"""Beginnings of asyncio's own messages; whatever follows or differs may hold a text."""

OTHER_MESSAGE: Final = "The event loop reports (text withheld)"


def take_uncaught(tell: Tell, *, private: bool) -> Callable[[], None]:
    """Send what nobody catches to the log, from any thread.

    Args:
        tell: tells an exception without its text.
        private: show type and place only; else texts too.

    Returns:
        what puts the hooks back that were there before.
    """
    before = threading.excepthook, sys.unraisablehook, warnings.showwarning
    texts = _WithoutTexts(tell) if private else logging.Filter()
    shown = tell if private else None
    asyncios = logging.getLogger("asyncio")

    def put_back() -> None:
        threading.excepthook, sys.unraisablehook, warnings.showwarning = before
        asyncios.removeFilter(texts)

    asyncios.addFilter(texts)
    threading.excepthook = partial(_on_thread, shown)
    sys.unraisablehook = partial(_on_unraisable, shown)
    warnings.showwarning = partial(_on_warning, private)
    return put_back


class _WithoutTexts(logging.Filter):
    """Rewrites asyncio's records: of any loop, an agent's own in a thread included."""

    def __init__(self, tell: Tell) -> None:
        super().__init__()
        self._tell = tell

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if getattr(error, "expected", False):
            return True  # A failure by design: the sink drops it by this mark.
        said = str(record.msg)
        what = next(filter(said.startswith, STOCK_MESSAGES), OTHER_MESSAGE)
        record.msg = what if error is None else f"{what}: {self._tell(error)}"
        record.args = record.exc_info = record.exc_text = record.stack_info = None
        return True


def _on_thread(tell: Tell | None, hooked: threading.ExceptHookArgs) -> None:
    if not issubclass(hooked.exc_type, SystemExit):  # Python ends a thread by it in silence too.
        _log("Uncaught in a thread", hooked.exc_value, tell)


def _on_unraisable(tell: Tell | None, hooked: "sys.UnraisableHookArgs") -> None:
    _log("Uncaught where nobody can catch", hooked.exc_value, tell)


def _log(where: str, error: BaseException | None, tell: Tell | None) -> None:
    if error is None:
        logger.error("{}", where)
    elif tell is None:
        logger.opt(exception=error).error("{}", where)
    else:
        logger.error("{}: {}", where, tell(error))


def _on_warning(  # warnings.showwarning's own parameters
    private: bool,  # noqa: FBT001
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    _file: TextIO | None = None,
    _line: str | None = None,
) -> None:
    place = "/".join(PurePath(filename).parts[-2:])
    text = "" if private else f": {message}"
    logger.warning("{} at {}:{}{}", category.__name__, place, lineno, text)
