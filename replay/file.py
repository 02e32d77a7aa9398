"""The file of a recording, as whole lines of bytes, within bounds.

Owns what may be opened and how much of it is read: a device or a pipe has no end and perhaps
no beginning. Knows nothing of what a line says; `replay.lines` reads through it.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from call_log.recordings import RECORDING_MAX_BYTES
from replay.codec import RecordingError
from replay.printable import printable

LINE_MAX_BYTES: Final = 4 * 1024 * 1024
"""Newline included. The longest is a piece of speech: this holds 6 minutes of it in base64."""

FILE_MAX_BYTES: Final = RECORDING_MAX_BYTES + 2 * LINE_MAX_BYTES
"""A recording ends with the line that makes it too large, and one that says so."""

LINES_MAX: Final = RECORDING_MAX_BYTES // 20
"""The least that a call repeats is a tick, which has more bytes. Shorter lines would make a
file of this size many times as large in memory."""


def whole_lines(path: Path) -> Iterator[bytes]:
    """Read a file line by line, newlines included.

    Half a line at the end, which a server that died leaves, is left out.

    Raises:
        RecordingError: it cannot be read, is no regular file, or is larger than a recording.
    """
    name = printable(str(path))
    try:
        yield from _bounded(path, name)
    except _NotRegularError:
        raise RecordingError(f"{name}: expected a regular file") from None
    except OSError as error:
        raise RecordingError(f"{name}: {error.strerror or error}") from None


class _NotRegularError(Exception):
    """It is a folder, a device or a pipe."""


def _regular(path: str, flags: int) -> int:
    # Without blocking: nobody may ever write into a pipe.
    opened = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise _NotRegularError
    return opened


def _bounded(path: Path, name: str) -> Iterator[bytes]:
    with open(path, "rb", opener=_regular) as file:  # Path.open takes no opener
        left = FILE_MAX_BYTES
        for number in range(1, LINES_MAX + 1):
            line = file.readline(LINE_MAX_BYTES + 1)
            left -= len(line)
            if len(line) > LINE_MAX_BYTES:
                raise RecordingError(f"{name}:{number}: expected at most {LINE_MAX_BYTES} bytes")
            if left < 0:
                raise RecordingError(
                    f"{name}:{number}: expected at most {FILE_MAX_BYTES} bytes in all"
                )
            if not line.endswith(b"\n"):
                return
            yield line
        raise RecordingError(f"{name}:{LINES_MAX}: expected no line after this one")
