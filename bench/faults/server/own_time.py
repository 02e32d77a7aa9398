"""A clock of one thread that stands still while the thread waits for a core.

On a busy machine a turn of 1 ms may take 30 ms by the wall, which is not the turn's doing.
What the thread waits for by itself (a sleep, a disk, a lock) counts in full. Linux only.
"""

import os
import time
from typing import Final

NS: Final = 1e-9
LINE_BYTES: Final = 64
"""Three numbers (Documentation/scheduler/sched-stats), of which the second is the wait in ns."""


class OwnTime:
    """Made and asked on the thread that it is about."""

    def __init__(self) -> None:
        self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY)

    def perf_counter(self) -> float:
        """Seconds, without those that the thread was ready and had no core."""
        waited_ns = int(os.pread(self._file, LINE_BYTES, 0).split()[1])
        return time.perf_counter() - waited_ns * NS
