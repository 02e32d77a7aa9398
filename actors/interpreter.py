"""How the Python interpreter is set for a server of calls: its loop, its switches, its garbage.

Owns these three process-wide choices and their reasons. `server.py` makes them once.
"""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Final

SWITCH_S: Final = 0.00005
"""For which a thread that computes keeps the interpreter from the loop. The loop pays it at every
system call: with Python's 5 ms, one agent that computed moved the 99th percentile of 40 calls'
lateness by 430 ms, now by 3 ms. What other threads do here is short: it costs nothing measurable.
"""


def switch_threads_often() -> None:
    """Let the event loop wait for `SWITCH_S` at most where another thread computes."""
    sys.setswitchinterval(SWITCH_S)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the fastest event loop there is on this platform."""
    try:
        import uvloop  # noqa: PLC0415  # not on every platform
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def spare_the_collector() -> None:
    """Keep what lives as long as the process out of garbage collections.

    A full collection over all imported modules took 90 to 110 ms, every few hundred calls:
    an audible gap on every call at once. Over what calls leave behind it takes about one.
    """
    gc.collect()
    gc.freeze()
