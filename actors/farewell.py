"""How a call is let go of: the carrier is told what is to become of it, or its socket closed.

A plain class inside CallActor. Owns the way out, why the call ends, and the deadlines that
keep a caller from being left in silence: whatever the carrier's interface does, the socket is
closed in the end, and the webhook that is asked then answers with the recorded outcome.
Speaks to nobody outside by itself: that is the `CallControl`'s business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from actors.clock import Timer
from actors.context import CallContext
from actors.family import OutOfBand
from actors.messages import CloseSocket, TxMessage
from actors.outcome import CallControl, Outcome, Told
from actors.peer import Peer, to_nobody


@dataclass(frozen=True, slots=True)
class CarrierTold(OutOfBand):
    """What came of telling the carrier."""

    told: Told
    detail: str
    """A few words for the log."""


@dataclass(frozen=True, slots=True)
class StopOverdue(OutOfBand):
    """The carrier was told, and the stream should long have stopped."""


@dataclass(frozen=True, slots=True)
class CloseOverdue(OutOfBand):
    """The socket should long have closed."""


class Farewell:
    """Ends one call's stream, once.

    Args:
        context: the call's surroundings.
        call: its owner's mailbox: an answer may come when the owner has ended.
        tx: closes the socket after everything that is still to be sent.
        control: tells the carrier; None: the socket is all there is.
        after: sends its owner a message later.
    """

    def __init__(
        self,
        context: CallContext,
        call: Peer[CarrierTold],
        tx: Peer[TxMessage],
        control: CallControl | None,
        after: Callable[[float, OutOfBand], Timer],
    ) -> None:
        self._context = context
        self._call = call
        self._tx = tx
        self._control = control
        self._after = after
        self._closing = False
        self.reason: str | None = None
        """Why the call ends, one word; None while it goes on."""

    def say(self, reason: str, outcome: Outcome) -> None:
        """Let the call go; only while there is no `reason`."""
        self.reason = reason
        self._context.events.note("let_go", reason=reason)
        if self._control is None:
            self.close()
        else:
            self._tell(self._control, outcome)

    def told(self, message: CarrierTold) -> None:
        """Wait for the stream's end if the carrier brings it about; else close the socket."""
        log = self._context.log
        match message.told:
            case Told.TAKEN:
                return
            case Told.GONE:
                log.info("📞 [CALL] Twilio knows no such call ({}): closing", message.detail)
            case Told.FAILED:
                log.warning("⚠️ [CALL] Twilio's API failed ({}): closing", message.detail)
            case _:
                assert_never(message.told)
        self.close()

    def close(self) -> None:
        """Close the socket after everything that is still to be sent; once."""
        if not self._closing:
            self._tx.post(CloseSocket(self.reason or "closed"))
            self.expect_close(self.reason or "closed")

    def expect_close(self, reason: str) -> None:
        """Note that the socket is being closed; after a while it is torn down."""
        self.reason = self.reason or reason
        self._closing = True
        self._after(self._context.settings.close_timeout_s, CloseOverdue())

    def release(self) -> None:
        """Forget the owner: it has ended."""
        self._after = to_nobody

    def _tell(self, control: CallControl, outcome: Outcome) -> None:
        settings = self._context.settings
        # Over both: the answer, and what the carrier does then. No caller waits any longer.
        wait_s = settings.twilio_api_timeout_ms / 1000 + settings.close_timeout_s
        self._after(wait_s, StopOverdue())
        call = self._call  # not ourselves: an answer under way must keep nobody alive
        control.bring_about(
            self._context.call_sid,
            outcome,
            lambda told, detail: call.post(CarrierTold(told, detail)),
        )
