"""Puts the tapes of calls on disk, for replay: one file a call, one thread for all.

Owns that thread, the names of the files and their largest size. The files hold all that was
said on a call, as sound and as text: whoever can read them has heard the call. Never deletes
one and never reads one; what a line means is the encoder's business. `server.py` makes it
where an operator asks for recordings.
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from loguru import logger

from call_log.file import append_to_file
from call_log.logs import CLOSE_TIMEOUT_S, safe_name
from call_log.tape import CALL_OVER, Tape, Waiting

RECORDING_MAX_BYTES: Final = 64 * 1024 * 1024
"""Of one call: some 40 minutes at 1.5 MB each. What comes then is not recorded."""

GATHER_S: Final = 0.25
"""Between two looks at what waits: nobody has to wake the thread, which would cost the calls."""

LINES_AT_ONCE: Final = 200
"""Encoded before other threads get their turn for sure: about a millisecond."""

SUFFIX: Final = ".replay"
"""Not that of event logs: who reads all of those must not come upon these."""

Encode = Callable[[tuple[Any, ...]], bytes]


class Recordings:
    """The recordings of all calls of this process."""

    def __init__(
        self,
        folder: Path,
        encode: Encode,
        *,
        on_cut: Callable[[], object] = lambda: None,
        max_bytes: int = RECORDING_MAX_BYTES,
    ) -> None:
        """Start the thread.

        Args:
            folder: where the folders of the days are; made when the first line is written.
            encode: makes a line of bytes, newline included, on the writer's thread.
            on_cut: told of each recording that ends before its call, on any thread.
            max_bytes: of one call; past it the recording ends and says so.
        """
        self.cut_short = 0
        """Recordings that end before their call."""
        self._folder = folder
        self._encode = encode
        self._on_cut = on_cut
        self._max_bytes = max_bytes
        self._waiting: Waiting = deque()
        self._in_hand: tuple[Tape, ...] = ()
        """Of which the thread has taken lines and not yet written them."""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="call-recordings", daemon=True)
        self._thread.start()

    def begin(self, call_sid: str, now: Callable[[], float]) -> Tape | None:
        """Begin the tape of a call; None for a CallSid that is no safe file name."""
        if self._closed.is_set() or not safe_name(call_sid):
            return None
        began = datetime.now(UTC)
        # The time is in the name because a call may come back: one file is one stream.
        name = f"{call_sid}-{began:%H%M%S%f}{SUFFIX}"
        path = self._folder / f"{began:%Y-%m-%d}" / name
        return Tape(str(path), now, self._waiting)

    def stop(self) -> None:
        """Write what waits and end, within `CLOSE_TIMEOUT_S`. Calling twice is harmless.

        Recordings that the disk has not taken by then are told of as cut short.
        """
        self._closed.set()
        self._thread.join(CLOSE_TIMEOUT_S)
        if self._thread.is_alive():
            waiting = (tape for tape, _ in tuple(self._waiting))
            for tape in dict.fromkeys((*self._in_hand, *waiting)):
                self._cut(tape, "not written in time")

    # --- the thread ------------------------------------------------------------------

    def _run(self) -> None:
        closed = False
        while not closed:
            closed = self._closed.wait(GATHER_S)
            while self._waiting:
                self._write_some()

    def _write_some(self) -> None:
        """Write up to `LINES_AT_ONCE` lines, a file at a time."""
        files: dict[Tape, list[tuple[Any, ...]]] = {}
        for _ in range(min(LINES_AT_ONCE, len(self._waiting))):
            tape, line = self._waiting.popleft()
            files.setdefault(tape, []).append(line)
        self._in_hand = tuple(files)
        for tape, lines in files.items():
            if not tape.ended:
                self._write(tape, lines)
        self._in_hand = ()

    def _write(self, tape: Tape, lines: list[tuple[Any, ...]]) -> None:
        data = bytearray()
        for line in lines:
            data += self._encoded(tape, line)
            if line[0] == "cut" and line[1] != CALL_OVER:
                self._tell(tape, str(line[1]))
            if tape.written_bytes + len(data) > self._max_bytes:
                data += self._cut(tape, "the recording is at its largest size")
            if tape.ended:
                break
        try:
            append_to_file(tape.path, bytes(data))
        except OSError as error:
            self._cut(tape, error.strerror or "it cannot be written")
        if not tape.ended:
            tape.written_bytes += len(data)

    def _encoded(self, tape: Tape, line: tuple[Any, ...]) -> bytes:
        try:
            return self._encode(line)
        except (TypeError, ValueError):
            return self._cut(tape, "a line has no JSON form")

    def _cut(self, tape: Tape, why: str) -> bytes:
        """Write no more of it; returns the line that says so."""
        if tape.ended:
            return b""
        tape.ended = True
        tape.cut(why)  # What it says goes nowhere: the line returned here is the last one.
        self._tell(tape, why)
        return self._encode(("cut", why))

    def _tell(self, tape: Tape, why: str) -> None:
        """Say that a recording is not whole."""
        self.cut_short += 1
        self._on_cut()
        logger.warning("recording: {} ends early: {}", Path(tape.path).name, why)
