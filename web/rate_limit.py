"""A token bucket: how much one peer may ask of this process.

What is too much is either refused (`take`) or taken and paid for by waiting (`spend`).

Pure: the time is an argument. One for each media socket (messages) and one for each call
(digits), so that a flood on one call costs the others nothing.
"""


class RateLimit:
    """Lets through a burst, and a steady rate after it."""

    __slots__ = ("_burst", "_left", "_rate_hz", "_seen_at")

    def __init__(self, *, burst: int, rate_hz: float, now: float) -> None:
        """Begin full.

        Args:
            burst: how many may come at once.
            rate_hz: how many a second may come for ever.
            now: monotonic seconds.
        """
        self._burst = float(burst)
        self._rate_hz = rate_hz
        self._left = self._burst
        self._seen_at = now

    def take(self, now: float, cost: int = 1) -> bool:
        """Take so many, `burst` at most; False, and nothing taken, when too few are left."""
        if self._left < cost:
            self._refill(now)
            if self._left < cost:
                return False
        self._left -= cost
        return True

    def spend(self, now: float, cost: int = 1) -> float:
        """Take so many, left or not; returns the seconds until the debt is paid, 0 for none."""
        self._left -= cost
        if self._left >= 0:
            return 0.0
        self._refill(now)
        return max(0.0, -self._left / self._rate_hz)

    def _refill(self, now: float) -> None:
        """Count the time since the last look; looking only when empty keeps `take` cheap."""
        self._left = min(self._burst, self._left + (now - self._seen_at) * self._rate_hz)
        self._seen_at = now
