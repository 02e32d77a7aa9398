"""Dispatchers give ready actors their turns: on the event loop, or by hand in tests.

They decide who runs next and nothing else. An actor that has something to do announces
itself once; one loop wake-up then serves every actor that is ready (one `call_soon` per
burst instead of one per message is worth 5 points of a core at 200 calls).
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

SLOW_TURN_S = 0.020
"""A turn longer than a frame is felt by every other call on the loop; it is reported."""

TURNS_PER_WAKE = 64
"""Turns given beyond those ready at the start, before sockets and timers are served again."""


class Ready(Protocol):
    """Something that can have a turn."""

    @property
    def label(self) -> str:
        """Who it is, for the report of a slow turn."""
        ...

    def turn(self) -> None:
        """Deal with a bounded number of messages. Never raises."""
        ...


class Dispatcher(Protocol):
    """Where actors announce themselves."""

    def ready(self, actor: Ready) -> None:
        """Ask for a turn. The actor sees to it that it asks once at a time."""
        ...


class LoopDispatcher:
    """Turns on the running event loop, first come, first served."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_slow_turn: Callable[[str, float], None] = lambda _label, _seconds: None,
    ) -> None:
        """Make a dispatcher.

        Args:
            loop: the loop whose thread this is called on.
            on_slow_turn: called with the label and the seconds of a turn over `SLOW_TURN_S`.
        """
        self._loop = loop
        self._thread = threading.get_ident()
        self._on_slow_turn = on_slow_turn
        self._queue: deque[Ready] = deque()
        self._armed = False

    def ready(self, actor: Ready) -> None:
        """Ask for a turn, from any thread."""
        self._queue.append(actor)
        if threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self._run)
        elif not self._armed:
            self._armed = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        # Armed until the end: who asks for a turn during a turn is served by this very run.
        self._armed = True
        try:
            self._give_turns()
        finally:
            self._armed = bool(self._queue)
            if self._armed:
                self._loop.call_soon(self._run)

    def _give_turns(self) -> None:
        queue = self._queue
        began_at = time.perf_counter()
        for _ in range(len(queue) + TURNS_PER_WAKE):
            if not queue:
                return
            actor = queue.popleft()
            actor.turn()
            ended_at = time.perf_counter()
            if ended_at - began_at > SLOW_TURN_S:
                self._on_slow_turn(actor.label, ended_at - began_at)
            began_at = ended_at


class ManualDispatcher:
    """Turns given by hand, in the same order, for tests and replays."""

    TURNS_MAX = 100_000
    """More turns than any sound call needs before it is idle: a livelock shows here."""

    def __init__(self) -> None:
        self._queue: deque[Ready] = deque()

    def ready(self, actor: Ready) -> None:
        """Ask for a turn."""
        self._queue.append(actor)

    def run_until_idle(self) -> None:
        """Give turns until nobody asks for one.

        Raises:
            RuntimeError: actors keep each other awake for ever.
        """
        for _ in range(self.TURNS_MAX):
            if not self._queue:
                return
            self._queue.popleft().turn()
        msg = f"not idle after {self.TURNS_MAX} turns"
        raise RuntimeError(msg)
