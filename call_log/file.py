"""Adds whole lines to the end of a file that only this process writes.

Owns modes and folders of the event logs' files. Blocks: called on the writer's thread, and
once at boot.
"""

import contextlib
import errno
import os
from pathlib import Path
from typing import Final

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
"""For the server's own user alone: what callers do is personal data."""


def make_folder(folder: Path) -> None:
    """Make a folder if need be, and see whether files can be made in it.

    Raises:
        OSError: it cannot be used.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def append_to_file(path: str, data: bytes) -> None:
    """Add whole lines to the end of a file, or nothing; make it and its folders if need be.

    Raises:
        OSError: it cannot be written; a part that was is taken back.
    """
    descriptor = _open(path)
    try:
        size = os.fstat(descriptor).st_size
        try:
            _write_all(descriptor, data)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _open(path: str) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, FILE_MODE)
    except FileNotFoundError:
        Path(path).parent.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        Path(path).parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        return os.open(path, flags, FILE_MODE)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
