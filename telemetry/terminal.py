"""The three standard streams of the process: always there, and writing to them never raises.

Owns descriptors 0 to 2 and what is said on them before the log begins. Where one was closed,
the next thing opened would get its number, and log lines would go into that. Used by
`server.py` alone.
"""

import os
import sys
from typing import Final, TextIO

STANDARD: Final = (0, 1, 2)


def hold_standard_streams() -> None:
    """Put the null device in the place of those that are closed. Before anything is opened."""
    for descriptor in STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number: this one


def say(stream: TextIO | None, text: str) -> None:
    """Write a text, and what waits, to a stream; into nothing if nobody takes it.

    Args:
        stream: standard output or error; None where it was closed when Python started.
        text: with its line ends.
    """
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        _forget(stream)


def flush_all() -> None:
    """Write what waits on both outputs: Python's own try at exit would change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        say(stream, "")


def _forget(stream: TextIO) -> None:
    """Let the rest of a stream go to the null device."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
