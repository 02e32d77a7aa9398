"""Looks at the server's view of a call once a second while the call lives, and once after it.

Owns the looks of one call, with their place on the phone's own time line. Judges nothing.
Talked to by `check_calls`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from phone.check_view import TOO_SHORT, Refusal, View
from phone.errors import WaitTimeoutError
from phone.line import Line

LOOKS_KEPT: Final = 600
"""Ten minutes of looks; a check takes one."""

SETTLED_WITHIN_S: Final = 5.0
"""For the server to say that a call has ended."""

SETTLE_EVERY_S: Final = 0.1

Fetch = Callable[[], Awaitable[View | Refusal]]
"""Looks at the call; gives the reason where it cannot."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen, and when: the server took it between the two positions."""

    asked_at: int
    answered_at: int
    """Samples since the stream began."""

    view: View


class Watch:
    """Watches one call."""

    def __init__(self, line: Line, fetch: Fetch, every_s: float) -> None:
        """Get ready.

        Args:
            line: the call's line, which has just begun.
            fetch: looks once.
            every_s: between two looks.
        """
        self.looks: list[Look] = []
        """While the call lived, in order."""

        self.last: View | None = None
        """After the call has ended."""

        self.refusal = TOO_SHORT
        """Why the latest look failed; meaningless where looks are there."""

        self._line = line
        self._fetch = fetch
        self._every_s = every_s

    @property
    def final(self) -> View | None:
        """The latest that was seen of the call, if anything."""
        return self.last or (self.looks[-1].view if self.looks else None)

    async def run(self) -> None:
        """Look until the stream is over; meant to be a task."""
        while len(self.looks) < LOOKS_KEPT and not self._line.ended:
            if await self._line_ends_within(self._every_s):
                return
            asked_at = self._line.position
            seen = await self._fetch()
            if isinstance(seen, Refusal):
                self.refusal = seen
                if seen.lasting:
                    return
            elif seen.state == "live":
                self.looks.append(Look(asked_at, self._line.position, seen))

    async def settle(self) -> None:
        """See the call as it ended: called once the caller has hung up."""
        if self.refusal.lasting:
            return
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + SETTLED_WITHIN_S
        while True:
            seen = await self._fetch()
            if isinstance(seen, Refusal):
                self.refusal = seen
                return
            self.last = seen
            if seen.state != "live" or loop.time() >= give_up_at:
                return
            await asyncio.sleep(SETTLE_EVERY_S)

    async def _line_ends_within(self, seconds: float) -> bool:
        with suppress(WaitTimeoutError):
            await self._line.until(lambda: self._line.ended, "the end of the call", seconds)
        return self._line.ended
