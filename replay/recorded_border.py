"""The far sides of a replayed call: a socket that leads nowhere, a carrier that answers as then."""

from collections.abc import Callable

from actors.outcome import Outcome, Told


class RecordedSocket:
    """Takes what the caller would hear; owes what was owed."""

    def __init__(self) -> None:
        self.owed = 0

    def send_media(self, payload: bytes) -> None:
        """Take audio."""

    def send_mark(self, name: str) -> None:
        """Take a mark."""

    def send_clear(self) -> None:
        """Take a clear."""

    def close(self, reason: str) -> None:
        """Take note."""

    def abort(self) -> None:
        """Take note."""

    @property
    def owed_messages(self) -> int:
        """How many messages were owed at this point of the recorded call."""
        return self.owed


class RecordedControl:
    """A carrier that answers what it answered, perhaps before it has been asked."""

    def __init__(self) -> None:
        self._told: Callable[[Told, str], None] | None = None
        self._early: tuple[Told, str] | None = None

    def bring_about(
        self,
        call_sid: str,  # noqa: ARG002  # the port's
        outcome: Outcome,  # noqa: ARG002
        told: Callable[[Told, str], None],
    ) -> None:
        """Take an outcome."""
        self._told = told
        if self._early is not None:
            told(*self._early)

    def answer(self, what: str, detail: str) -> None:
        """Answer it."""
        if self._told is None:
            self._early = Told(what), detail
        else:
            self._told(Told(what), detail)
