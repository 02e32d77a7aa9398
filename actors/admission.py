"""Admission: which calls are taken, and the places kept for those that are on their way.

Twilio asks for a call first (webhook) and opens its stream afterwards. What is promised at
the webhook is counted as taken until the stream starts: so a rush of callers never gets more
promises than there are places. Owns the table of these reservations, and the decision at
both moments; each is one step of the event loop, so two callers never get the same place.
Pure but for the clock it is given. Kept by the root; the web layer asks it.
"""

from collections import Counter
from collections.abc import Callable, Collection
from math import ceil, inf
from typing import Final

from actors.admission_load import LoadLevel, LoadLimits, LoadSignal
from settings import Settings

PROMISE_S: Final = 5.0
"""Life of a reservation once the server drains. Twilio opens the stream as soon as it has the
TwiML; a caller who hung up in between must not hold up the end of the server for a token's life."""


class CallRefused(Exception):
    """A call is not admitted. One word: `draining`, `busy`, `overload` or `duplicate`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Admission:
    """The places of one process."""

    def __init__(
        self,
        settings: Settings,
        live: Collection[str],
        gaps: Callable[[], int],
        now: Callable[[], float],
    ) -> None:
        """Begin with no reservations.

        Args:
            settings: how many calls, how much load, how long a reservation lives.
            live: the CallSids of the calls that there are, kept up to date by its owner.
            gaps: how many gaps callers have heard since the process began.
            now: the monotonic clock.
        """
        self.overload_url = settings.overload_url
        """Where callers who do not fit are sent; None: nowhere."""

        self.load = load_signal(settings, now())
        self.ended: Counter[str] = Counter(started=0, expired=0, released=0)
        """Reservations that ended, by what became of them."""

        self._max_calls = settings.max_calls
        self._ready_calls = ceil(settings.max_calls * settings.ready_calls_percent / 100)
        self._ttl_s = settings.token_ttl_s
        self._live = live
        self._gaps = gaps
        self._gaps_seen = 0
        self._now = now
        self._stopped = False
        self._last_left_at = -inf
        # In the order of their ends: every one lives as long, and a renewed one goes last.
        self._reserved: dict[str, float] = {}

    # --- what there is ---------------------------------------------------------------

    @property
    def reserved(self) -> int:
        """Places kept for streams that have not started."""
        self._expire()
        return len(self._reserved)

    @property
    def taken(self) -> int:
        """Places taken by calls and reservations; a call that has both has one place."""
        self._expire()
        return len(self._live) + sum(one not in self._live for one in self._reserved)

    @property
    def gaps(self) -> int:
        """Gaps that callers have heard since the process began."""
        return self._gaps()

    @property
    def quiet_s(self) -> float:
        """Seconds since the last call went; without end before there was one."""
        return self._now() - self._last_left_at

    def unreadiness(self) -> str | None:
        """Say in one word why calls should go elsewhere; sooner than they are refused."""
        if self._stopped:
            return "draining"
        if self.taken >= self._ready_calls:
            return "busy"
        return None if self.load.level is LoadLevel.NORMAL else "overload"

    # --- calls come ------------------------------------------------------------------

    def reserve(self, call_sid: str) -> str | None:
        """Keep a place for a call whose stream is to start; a second time begins its life anew.

        Returns:
            None, or in one word why there is no place; nothing is kept then.
        """
        self._expire()
        renewed = self._reserved.pop(call_sid, None) is not None
        reason = None if renewed and not self._stopped else self.refusal(call_sid)
        if reason is None:
            self._reserved[call_sid] = self._now() + self._ttl_s
        elif renewed:
            self.ended["released"] += 1
        return reason

    def admit(self, call_sid: str) -> None:
        """Let a call in whose stream starts. A reservation is a promise, kept whatever changed.

        Raises:
            CallRefused: there is no place for it, or it is there already.
        """
        self._expire()
        promised = self._reserved.pop(call_sid, None) is not None
        reason = "duplicate" if call_sid in self._live else None
        if reason is None and not promised:
            reason = self.refusal(call_sid)
        if promised:
            self.ended["released" if reason else "started"] += 1
        if reason is not None:
            raise CallRefused(reason)

    def refusal(self, call_sid: str = "") -> str | None:
        """Say in one word why a call without a reservation is refused now; None when it is not."""
        if self._stopped:
            return "draining"
        taken = self.taken
        if call_sid not in self._live and taken >= self._max_calls:
            return "busy"
        # The first call is always taken: there is no other that it could harm.
        return "overload" if taken and self.load.level is LoadLevel.OVERLOADED else None

    # --- calls go --------------------------------------------------------------------

    def release(self, call_sid: str) -> None:
        """Give back the place of a call whose stream will not start. Harmless without one."""
        if self._reserved.pop(call_sid, None) is not None:
            self.ended["released"] += 1

    def left(self) -> None:
        """Note that a call went; its place is free because it is no longer among the live."""
        self._last_left_at = self._now()

    def stop(self) -> None:
        """Make no more promises; those made are kept for `PROMISE_S`."""
        self._stopped = True
        latest = self._now() + PROMISE_S
        for call_sid, expires_at in self._reserved.items():
            self._reserved[call_sid] = min(expires_at, latest)

    def close(self) -> None:
        """Make no more promises, and keep none."""
        self._stopped = True
        self.ended["released"] += len(self._reserved)
        self._reserved.clear()

    # --- load ------------------------------------------------------------------------

    def observe(self, lag_s: float) -> str | None:
        """Take in how late the event loop called back; return the load's level if it changed."""
        heard = self.gaps
        gaps, self._gaps_seen = heard - self._gaps_seen, heard
        now, calls = self._now(), len(self._live)
        changed = self.load.observe(now, lag_s=lag_s, gaps=gaps, calls=calls)
        return self.load.level.value if changed else None

    def _expire(self) -> None:
        now = self._now()
        while self._reserved:
            oldest = next(iter(self._reserved))
            if self._reserved[oldest] > now:
                return
            del self._reserved[oldest]
            self.ended["expired"] += 1


def load_signal(settings: Settings, now: float) -> LoadSignal:
    """Make the load signal that the settings ask for."""
    limits = LoadLimits(
        window_s=settings.load_window_s,
        late_share=settings.load_late_percent / 100,
        gaps_per_minute=settings.load_gaps_per_minute,
        high_share=settings.ready_load_percent / 100,
    )
    return LoadSignal(limits, now)
