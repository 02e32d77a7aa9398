"""An exception of an agent's code, told without its message.

The message may hold what a caller said: it is never shown. Where the code stood is enough to
find the line. Pure; `dialogue.own_brain` logs what it gives.
"""

import traceback
from pathlib import PurePath
from typing import Final

MAX_FRAMES: Final = 10
"""The innermost calls that a trace shows."""


def trace_of(error: BaseException) -> str:
    """Tell an exception's type and the calls that led to it, the last one first, in one line."""
    frames = traceback.extract_tb(error.__traceback__, limit=-MAX_FRAMES)
    calls = (f"{_file(frame)}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return f"{type(error).__name__} at {' < '.join(calls) or 'an unknown place'}"


def place_of(error: BaseException) -> str:
    """Tell an exception's type and the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    place = f"{_file(frames[0])}:{frames[0].lineno}" if frames else "an unknown place"
    return f"{type(error).__name__} at {place}"


def _file(frame: traceback.FrameSummary) -> str:
    """The file and its folder: enough to know it by, short enough for a line."""
    return "/".join(PurePath(frame.filename).parts[-2:])
