"""Admission as the web layer sees it: may this call come, and may more.

A protocol, so that webhooks and draining can be tried with a fake. Every `web.root_port.Root` has
one; the real one is `actors.admission.Admission`.
"""

from typing import Protocol


class Admission(Protocol):
    """Keeps the places."""

    @property
    def overload_url(self) -> str | None:
        """Where callers who do not fit are sent; None: nowhere."""
        ...

    @property
    def reserved(self) -> int:
        """Places kept for streams that have not started."""
        ...

    @property
    def quiet_s(self) -> float:
        """Seconds since the last call went; without end before there was one."""
        ...

    def reserve(self, call_sid: str) -> str | None:
        """Keep a place for a call whose stream is to start; else say why not, in one word."""
        ...

    def release(self, call_sid: str) -> None:
        """Give back the place of a call whose stream will not start. Harmless without one."""
        ...

    def unreadiness(self) -> str | None:
        """Say in one word why calls should go elsewhere; sooner than they are refused."""
        ...

    def close(self) -> None:
        """Make no more promises, and keep none."""
        ...

    def observe(self, lag_s: float) -> str | None:
        """Take in how late the event loop called back; return the load's level if it changed."""
        ...
