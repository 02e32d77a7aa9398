"""File descriptors: how many this process may have, and whether they run out.

Owns the raising of the limit at boot and the look at what is left, a system call or two once
a second: an event loop that has none left accepts connections and closes them in silence.
How many are needed is for who calls. `server.py` raises, the pulse of the event loop looks.
"""

import contextlib
import os
import resource
import sys
from typing import Final

from loguru import logger

LOOK_BEATS: Final = 20
"""Beats of the pulse between two looks: a second."""

WARN_LOOKS: Final = 60
"""Looks between two lines while they are few: a minute."""

SPARE: Final = 32
"""Left ones worth a line: too few for the next calls and their webhooks."""

ANY_OPEN: Final = 0
"""Standard input: it is never closed here, `telemetry.terminal` sees to that."""


def raise_limit(needed: int) -> int:
    """Raise this process's limit to what is needed, no further than the machine allows.

    Args:
        needed: descriptors open at once.

    Returns:
        the limit in force, which may be less.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft == resource.RLIM_INFINITY or wanted <= soft:
        return _count(soft)
    with contextlib.suppress(ValueError, OSError):  # some systems allow less than they say
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return _count(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def descriptor_line(needed: int, allowed: int) -> str:
    """Say whether there are enough, for an operator."""
    line = f"file descriptors: {needed} needed, {min(allowed, sys.maxsize)} allowed"
    return line if needed <= allowed else f"{line}; raise the limit (ulimit -n, LimitNOFILE)"


def left(limit: int) -> int:
    """Tell how many descriptors are left at least while few are, by the lowest free number."""
    try:
        lowest = os.dup(ANY_OPEN)
    except OSError:
        return 0
    os.close(lowest)
    return limit - lowest


class DescriptorWatch:
    """Warns when few are left: one line a minute at most. A listener of the loop's pulse."""

    def __init__(self) -> None:
        """Begin to watch."""
        self._beats = 0
        self._quiet_looks = 0

    def on_beat(self, _late_s: float) -> None:
        """Look, once in a while."""
        self._beats += 1
        if self._beats < LOOK_BEATS:
            return
        self._beats = 0
        self._quiet_looks -= 1
        if self._quiet_looks > 0:
            return
        limit = _count(resource.getrlimit(resource.RLIMIT_NOFILE)[0])  # may be changed any time
        if left(limit) < SPARE:
            self._quiet_looks = WARN_LOOKS
            logger.error(
                "file descriptors: fewer than {} of {} left: callers are turned away unheard",
                SPARE,
                limit,
            )


def _count(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit
