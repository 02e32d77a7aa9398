"""The control port of the server under test: orders to break a call, and looks at the others.

Lives inside the server's process, on its loop. One JSON object a line, one line in answer;
`bench.faults.server.process` is the other end. Owns what is done to a call from within; says
nothing of whether the call bore it.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from loguru import logger

from actors.messages import DigitPressed, Transfer
from actors.root import CallRoot
from bench.faults.server.agent import PLANS
from tests.support.faults import Boom, Poison, raise_once

NOTES_MAX: Final = 1000
"""Slow turns kept; more in one window are a catastrophe that the cadence shows."""

CHATTER_LINES: Final = 25
CHATTER_PAUSE_S: Final = 0.005
CHATTER: Final = "chatter " * 100

AGAIN_S: Final = 0.05
"""Between two looks whether a successor is there to be crashed."""

AGAIN_LOOKS: Final = 200

HEARD_DROPS: Final = frozenset({"overflow", "slow_peer"})
"""Reasons for drops that a caller hears; a `clear` drops what nobody is to hear."""

ERRORS: Final[Mapping[str, Callable[[], BaseException]]] = {
    "Boom": Boom,
    "KeyboardInterrupt": KeyboardInterrupt,
    "SystemExit": lambda: SystemExit(1),
    "CancelledError": asyncio.CancelledError,
    "MemoryError": MemoryError,
}


class Notes:
    """What the server under test has noted since it was last asked."""

    def __init__(self) -> None:
        self._slow: deque[tuple[str, float]] = deque(maxlen=NOTES_MAX)

    def slow_turn(self, owner: str, took_s: float) -> None:
        """Note who kept the loop, and for how long."""
        self._slow.append((owner, took_s * 1000))

    def take_slow(self) -> list[tuple[str, float]]:
        """Owners and milliseconds since the last time."""
        taken = list(self._slow)
        self._slow.clear()
        return taken


class ControlPort:
    """Takes orders about the calls of one root."""

    def __init__(self, root: CallRoot, notes: Notes) -> None:
        self._root = root
        self._notes = notes
        self._asides: set[asyncio.Task[None]] = set()

    async def open(self, port: int) -> None:
        """Listen on loopback as long as the process lives."""
        await asyncio.start_server(self._serve, "127.0.0.1", port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # the server stops while the bench is connected
            while line := await reader.readline():
                order: dict[str, Any] = json.loads(line)
                answer = getattr(self, "do_" + order.pop("do"))(**order)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()

    # --- faults ------------------------------------------------------------------------

    def do_plan(self, call: str, plan: str) -> None:
        """Say how the agent of a call that is still to begin will misbehave."""
        PLANS[call] = plan

    def do_crash(self, call: str, child: str, error: str = "Boom", over: str = "") -> None:
        """Crash an actor now, or over the next message of a kind."""
        actor = self._box(call, child)._owner  # noqa: SLF001  # the fault
        if actor is None:
            return

        def fits(message: object) -> bool:
            return type(message).__name__ == (over or Poison.__name__)

        raise_once(actor, "on_receive", ERRORS[error](), when=fits)
        if not over:
            self._box(call, child).post(Poison())

    def do_crash_tick(self, call: str, child: str) -> None:
        """Crash an actor at its next beat of the metronome."""
        actor = self._box(call, child)._owner  # noqa: SLF001  # the fault
        if actor is not None:
            raise_once(actor, "on_tick", Boom())
            self._root._runtime.metronome.join(actor)  # noqa: SLF001  # should it rest just now

    def do_crash_again(self, call: str, child: str, times: int) -> None:
        """Crash an actor, and its successors."""
        self._begin(self._crash_again(call, child, times))

    def do_flood(self, call: str, child: str, messages: int) -> None:
        """Put so many control messages into a mailbox at once."""
        box = self._box(call, child)
        for _ in range(messages):
            box.post(DigitPressed("5"))

    def do_transfer(self, call: str, to: str) -> None:
        """Ask for a transfer, as the agent would after its last sentence."""
        self._box(call, "call").post(Transfer(to))

    def do_chatter(self, lines: int) -> None:
        """Log many lines, a few at a time."""
        self._begin(_chatter(lines))

    def do_wall_clock(self, seconds: float) -> None:
        """Let the wall clock jump for whoever asks `time.time`."""
        real = time.time
        time.time = lambda: real() + seconds

    # --- looks -------------------------------------------------------------------------

    def do_view(self, call: str) -> dict[str, Any] | None:
        """Look at a call as its operator would."""
        view = self._root.view(call)
        return None if view is None else dict(view)

    def do_count(self, metric: str, labels: dict[str, str]) -> float:
        """Read one metric."""
        value = self._root._metrics.registry.get_sample_value(metric, labels)  # noqa: SLF001
        return value or 0.0

    def do_tally(self, but: list[str]) -> dict[str, Any]:
        """Sum up what the calls beside these have borne, and who was slow."""
        live = self._root._live.items()  # noqa: SLF001  # a look that is cheaper than views
        others = [one.parts for sid, one in live if sid not in but]
        ledgers = [box.ledger for parts in others for box in parts.mailboxes]
        drops = sum(
            frames
            for ledger in ledgers
            for reason, frames in ledger.dropped.items()
            if reason in HEARD_DROPS
        )
        restarts = sum(child.restarts for parts in others for child in parts.children.values())
        return {
            "live": len(others),
            "drops": drops,
            "restarts": restarts,
            "slow": self._notes.take_slow(),
        }

    # --- inside ------------------------------------------------------------------------

    def _box(self, call: str, child: str) -> Any:
        return getattr(self._root._live[call].parts, child)  # noqa: SLF001  # from within

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _crash_again(self, call: str, child: str, times: int) -> None:
        left = times
        for _ in range(AGAIN_LOOKS):
            if not left or call not in self._root._live:  # noqa: SLF001  # from within
                return
            if self._box(call, child)._owner is not None:  # noqa: SLF001  # from within
                self.do_crash(call, child)
                left -= 1
            await asyncio.sleep(AGAIN_S)


async def _chatter(lines: int) -> None:
    for number in range(lines):
        logger.info("{} {}", number, CHATTER)
        if number % CHATTER_LINES == 0:
            await asyncio.sleep(CHATTER_PAUSE_S)
