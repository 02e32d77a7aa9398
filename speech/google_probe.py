"""Finds, at boot, the first rung of the ladder that Google accepts.

Owns the order and the patience: 3 s a rung, 10 s together. Knows the network only through the
probe it is given, which opens a short stream. A refused rung is taken out; an endpoint that
cannot be reached is passed over. The recogniser runs it once.
"""

import asyncio
from collections.abc import Awaitable, Callable

from speech.failure import Failure, failure_of
from speech.google_config import PROBE_TIMEOUT_S, PROBES_TIMEOUT_S
from speech.google_ladder import Ladder, Rung
from speech.google_status import credentials_refused
from speech.ports import EngineError, StreamEnded

Probe = Callable[[Rung], Awaitable[StreamEnded]]
"""Tries a rung with a moment of silence and returns how that ended."""


async def resolve(ladder: Ladder, probe: Probe) -> str | None:
    """Choose the first rung that works.

    Returns:
        None when one was found; otherwise why nothing is known, as one line: then the first
        rung that was not refused is in use, for the network may come back.

    Raises:
        EngineError: the credentials or every rung were refused, or our request is wrong.
    """
    search = _Search(ladder, probe)
    try:
        async with asyncio.timeout(PROBES_TIMEOUT_S):
            found = await search.run()
    except TimeoutError:
        found = False
    return None if found else search.trouble


class _Search:
    """One walk down the ladder."""

    def __init__(self, ladder: Ladder, probe: Probe) -> None:
        self._ladder = ladder
        self._probe = probe
        self._unreachable: set[str] = set()
        self.trouble = f"no answer within {PROBES_TIMEOUT_S:.0f} s"

    async def run(self) -> bool:
        """Whether a rung was found and chosen."""
        for rung in self._ladder.left:
            if rung.endpoint not in self._unreachable and await self._accepts(rung):
                self._ladder.choose(rung)
                return True
        if self._ladder.current is None:
            raise EngineError(
                "recogniser google: every model and endpoint was refused; the last"
                f" answer: {self.trouble}"
            )
        return False

    async def _accepts(self, rung: Rung) -> bool:
        ended = await self._ended(rung)
        failure = failure_of(ended.status, ended.detail)
        self.trouble = f"{ended.status}: {ended.detail}" if ended.detail else ended.status
        if credentials_refused(ended.status, ended.detail):
            raise EngineError(f"recogniser google: credentials refused: {self.trouble}")
        if failure is Failure.FATAL:
            raise EngineError(f"recogniser google: {rung}: {self.trouble}")
        if failure is Failure.CONFIG:
            self._ladder.refuse(rung)
        elif failure is Failure.TRANSIENT:
            self._unreachable.add(rung.endpoint)
        return failure is Failure.ROLLOVER

    async def _ended(self, rung: Rung) -> StreamEnded:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                return await self._probe(rung)
        except TimeoutError:
            detail = f"{rung.endpoint}: no answer within {PROBE_TIMEOUT_S:.0f} s"
            return StreamEnded("DEADLINE_EXCEEDED", detail)
