"""Names the code that keeps the event loop to itself, while it does.

Owns a thread that looks whether the loop still beats, and the line it writes when it does
not. The stack tells files and functions, never values. Turns of actors are timed by their
dispatcher; here are found the others: an agent's `async` code, a callback of a library.
The pulse of the loop tells it of every beat; started with it by `telemetry.watchdog`.
"""

import sys
import threading
from collections.abc import Callable
from pathlib import PurePath
from types import FrameType
from typing import Final

from loguru import logger

LOOK_S: Final = 0.1
"""Between two looks: more than between two beats of the pulse."""

MISSED_LOOKS: Final = 3
"""Looks in a row without a beat: 300 ms, 15 frames of every call. Looks are counted and not
time, so that a machine that stood still as a whole accuses nobody."""

MAX_FRAMES: Final = 8
"""The innermost calls that the line shows."""

CLOSE_TIMEOUT_S: Final = 1.0


class BlockageWatch:
    """Watches the event loop of the thread that makes it."""

    def __init__(self, on_blocked: Callable[[], object] = lambda: None) -> None:
        """Tell of each blockage, on the watch's own thread; nothing happens before `start()`."""
        self.blockages = 0
        """How often the loop did not beat."""
        self._on_blocked = on_blocked
        self._loop_thread = threading.get_ident()
        self._beats = 0
        self._beats_seen = 0
        self._missed = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="blockage-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching. Calling twice is harmless."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_TIMEOUT_S)

    def on_beat(self, late_s: float) -> None:  # noqa: ARG002  # that it came is what counts
        """Note that the loop is alive. On the loop's thread."""
        self._beats += 1

    def look(self) -> None:
        """Look whether the loop has beaten since the last look; tell once a blockage."""
        beats = self._beats
        if beats != self._beats_seen:
            self._beats_seen, self._missed = beats, 0
            return
        self._missed += 1
        if self._missed == MISSED_LOOKS:
            self.blockages += 1
            self._on_blocked()
            frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001  # documented
            logger.warning(
                "event loop blocked for over {:.0f} ms in {}",
                MISSED_LOOKS * LOOK_S * 1000,
                calls_to(frame),
            )

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_S):
            self.look()


def calls_to(frame: FrameType | None) -> str:
    """Tell the calls that led to a frame, the last one first, in one line."""
    calls: list[str] = []
    while frame is not None and len(calls) < MAX_FRAMES:
        code = frame.f_code
        where = "/".join(PurePath(code.co_filename).parts[-2:])
        calls.append(f"{where}:{frame.f_lineno} {code.co_name}")
        frame = frame.f_back
    return " < ".join(calls) or "an unknown place"
