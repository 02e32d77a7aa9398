"""The supervisor of one call: starts RX, TX, STT and agent, restarts them, ends the call.

One CallActor per call. It owns the restart budgets and the call's end, and touches neither
audio nor text. A recogniser that fails is restarted up to three times, then replaced by
single requests; the other children are restarted once, then the call ends with a goodbye.
Told of everything by its children and by the media socket; answers to the root, which ends
what is left if this actor itself should crash.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, assert_never

from actors.call_parts import CallParts
from actors.call_telemetry import CallTelemetry
from actors.family import OutOfBand
from actors.loop_actor import LoopActor
from actors.messages import (
    BeginCall,
    CallMessage,
    ChildFailed,
    CloseSocket,
    ControlOverflowed,
    EndPolitely,
    Hangup,
    SayGoodbye,
    SocketClosed,
    StreamStopped,
    SttProgress,
    Transfer,
)
from actors.outcome import TransferTo
from actors.peer import Peer
from actors.supervision import Child, described

GOODBYE_S: Final = 15.0
"""For a goodbye to be spoken; then the socket is closed without the rest of it."""

TELEMETRY_S: Final = 1.0
"""Time between the telemetry lines of a call."""


@dataclass(frozen=True, slots=True)
class _SecondPassed(OutOfBand):
    """Time for the telemetry lines."""


@dataclass(frozen=True, slots=True)
class _RestartChild(OutOfBand):
    """The backoff of a child is over."""

    child: str


@dataclass(frozen=True, slots=True)
class _TimeIsUp(OutOfBand):
    """The call has reached its longest duration."""


@dataclass(frozen=True, slots=True)
class _MediaExpected(OutOfBand):
    """The caller's audio should long have begun."""


@dataclass(frozen=True, slots=True)
class _CloseOverdue(OutOfBand):
    """The socket should long have closed."""


_Private = _SecondPassed | _RestartChild | _TimeIsUp | _MediaExpected | _CloseOverdue


class CallActor(LoopActor):
    """Supervises one call."""

    def __init__(
        self,
        parts: CallParts,
        supervisor: Peer[ChildFailed],
        on_ended: Callable[[str], None],
    ) -> None:
        """Make the supervisor.

        Args:
            parts: the call's mailboxes and children, made by the root.
            supervisor: the root, told if this actor crashes.
            on_ended: called with the reason when the call is over.
        """
        context = parts.context
        super().__init__(context.runtime, parts.call, supervisor, context.label("call"))
        self._parts = parts
        self._context = context
        self._children = parts.children
        self._telemetry = CallTelemetry(parts)
        self._on_ended = on_ended
        self._reason: str | None = None

    def on_receive(self, message: Any) -> None:  # noqa: C901, PLR0912  # one case a message
        """Deal with one message of the protocol, or of our own timers."""
        call_message: CallMessage | _Private = message
        match call_message:
            case BeginCall():
                self._on_begin_call()
            case StreamStopped():
                self._end("caller_hung_up")
            case SocketClosed(code=code):
                self._end("socket_lost" if code is None else "socket_closed")
            case ChildFailed():
                self._on_child_failed(call_message)
            case _RestartChild(child=child):
                self._children[child].start()
            case SttProgress(heard_at=heard_at):
                stt = self._children["stt"]
                stt.budget = stt.budget.progressed(heard_at)
            case Hangup(reason=reason):
                self._close_socket(reason)
            case Transfer(to=to):
                self._parts.outcome = TransferTo(to)
                self._close_socket("transfer")
            case EndPolitely(reason=reason):
                self._say_goodbye(reason)
            case ControlOverflowed(mailbox=mailbox):
                self._on_control_overflowed(mailbox)
            case _SecondPassed():
                self._on_second_passed()
            case _TimeIsUp():
                self._say_goodbye("max_duration")
            case _MediaExpected():
                self._on_media_expected()
            case _CloseOverdue():
                self._parts.socket.abort()
                self._end(self._reason or "close_overdue")
            case _:
                assert_never(call_message)

    # --- beginning and running -------------------------------------------------------

    def _on_begin_call(self) -> None:
        settings = self._context.settings
        for child in self._children.values():
            child.start()
        self.after(TELEMETRY_S, _SecondPassed())
        self.after(settings.max_call_s, _TimeIsUp())
        self.after(settings.no_media_timeout_s, _MediaExpected())

    def _on_second_passed(self) -> None:
        self._telemetry.report()
        self.after(TELEMETRY_S, _SecondPassed())

    def _on_media_expected(self) -> None:
        if self._context.stats.frames_in == 0:
            self._context.log.warning("⚠️ [CALL] No media arrived; the call is ended")
            self._close_socket("no_media")

    # --- children --------------------------------------------------------------------

    def _on_child_failed(self, failure: ChildFailed) -> None:
        child = self._children[failure.child]
        self._context.metrics.child_failures.labels(failure.child).inc()
        if child.may_restart(self.runtime.clock.now()):
            self._restart(child, failure)
        elif failure.child == "stt":
            self._stt_exhausted(child, failure)
        else:
            self._exhausted(child, failure)

    def _restart(self, child: Child, failure: ChildFailed) -> None:
        name = child.spec.name
        self._context.metrics.child_restarts.labels(name).inc()
        if name == "stt":
            self._warn_of_stt(child.budget.used, failure)
        else:
            self._context.log.warning(
                "⚠️ [CALL] {} crashed and is restarted: {}", name, described(failure.error)
            )
        if child.spec.backoff_s:
            self.after(child.spec.backoff_s, _RestartChild(name))
        else:
            child.start()

    def _warn_of_stt(self, attempt: int, failure: ChildFailed) -> None:
        line = f"⚠️ [STT] Streaming start failed (attempt {attempt}): {described(failure.error)}"
        self._context.log.warning(line)

    def _stt_exhausted(self, child: Child, failure: ChildFailed) -> None:
        """Fall back to single requests; if these crash too often as well, say goodbye."""
        if self._parts.stt_single:
            self._exhausted(child, failure)
            return
        self._warn_of_stt(child.budget.used + 1, failure)
        self._context.log.error(
            "❌ [STT] All streaming attempts failed — using fallback single request"
        )
        self._parts.stt_single = True
        child.budget = child.spec.budget
        child.start()

    def _exhausted(self, child: Child, failure: ChildFailed) -> None:
        """End the call as politely as what still works allows."""
        name = child.spec.name
        self._context.log.error(
            "❌ [CALL] {} crashed again, the call ends: {}", name, described(failure.error)
        )
        if name == "tx":
            self._parts.socket.close("tx_failed")
            self._reason = "tx_failed"
            self._expect_close()
        elif name == "agent":
            self._let_successor_say_goodbye(child)
        else:
            self._say_goodbye(f"{name}_failed")

    def _let_successor_say_goodbye(self, agent: Child) -> None:
        """One more agent, for nothing but the goodbye; if it fails too, just close."""
        if self._parts.memory.goodbye_reason is not None:
            self._close_socket("agent_failed")
            return
        self._parts.memory.goodbye_reason = "agent_failed"
        agent.start()
        self.after(GOODBYE_S, Hangup("agent_failed"))

    # --- the end ---------------------------------------------------------------------

    def _say_goodbye(self, reason: str) -> None:
        self._parts.agent.post(SayGoodbye(reason))
        self.after(GOODBYE_S, Hangup(reason))

    def _on_control_overflowed(self, mailbox: str) -> None:
        self._context.metrics.control_overflows.inc()
        self._context.log.error("❌ [CALL] Control lane of {} is full, the call ends", mailbox)
        self._parts.socket.close("control_overflow")
        self._end("control_overflow")

    def _close_socket(self, reason: str) -> None:
        """Close the socket after everything that is still to be sent."""
        if self._reason is None:
            self._reason = reason
            self._parts.tx.post(CloseSocket(reason))
            self._expect_close()

    def _expect_close(self) -> None:
        self.after(self._context.settings.close_timeout_s, _CloseOverdue())

    def _end(self, reason: str) -> None:
        """End it: the children are stopped, the root does the rest."""
        self._telemetry.count_drops()
        self._on_ended(self._reason or reason)
