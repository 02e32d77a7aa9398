"""The supervisor of one call: starts RX, TX, STT and agent, restarts them, ends the call.

One CallActor per call. It owns the restart budgets and the call's end, and touches neither
audio nor text. What becomes of a failed STT is decided by its `Hearing`; the other children
are restarted as often as CHILD_RESTARTS allows, then the call ends with a goodbye.
Told of everything by its children and by the media socket; answers to the root, which ends
what is left if this actor itself should crash.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, assert_never

from actors.call_parts import CallParts
from actors.call_telemetry import CallTelemetry
from actors.deafness import LivenessDue
from actors.family import OutOfBand
from actors.farewell import CarrierTold, CloseOverdue, Farewell, StopOverdue
from actors.hearing import GiveUpDue, Hearing, RestartStt
from actors.loop_actor import LoopActor
from actors.messages import (
    BeginCall,
    CallMessage,
    ChildFailed,
    ControlOverflowed,
    EndPolitely,
    Hangup,
    SayGoodbye,
    SingleFailed,
    SocketClosed,
    StreamingHealthy,
    StreamStopped,
    SttAlive,
    SttOpened,
    SttProgress,
    SttSettled,
    Transfer,
    VoiceHeard,
)
from actors.outcome import CallControl, HungUp, Outcome, TransferTo
from actors.peer import Peer
from actors.supervision import Child, described, kind

GOODBYE_S: Final = 15.0
"""For a goodbye to be spoken; then the socket is closed without the rest of it."""

TELEMETRY_S: Final = 1.0
"""Time between the telemetry lines of a call."""


@dataclass(frozen=True, slots=True)
class _SecondPassed(OutOfBand):
    """Time for the telemetry lines."""


@dataclass(frozen=True, slots=True)
class _TimeIsUp(OutOfBand):
    """The call has reached its longest duration."""


@dataclass(frozen=True, slots=True)
class _MediaExpected(OutOfBand):
    """The caller's audio should long have begun."""


_OfHearing = (
    VoiceHeard
    | SttOpened
    | SttAlive
    | SttProgress
    | SttSettled
    | StreamingHealthy
    | SingleFailed
    | RestartStt
    | LivenessDue
    | GiveUpDue
)
_OfFarewell = CarrierTold | StopOverdue | CloseOverdue
_Private = _SecondPassed | _TimeIsUp | _MediaExpected | _OfFarewell


class CallActor(LoopActor):
    """Supervises one call."""

    def __init__(
        self,
        parts: CallParts,
        supervisor: Peer[ChildFailed],
        on_ended: Callable[[str], None],
        control: CallControl | None = None,
    ) -> None:
        """Make the supervisor.

        Args:
            parts: the call's mailboxes and children, made by the root.
            supervisor: the root, told if this actor crashes.
            on_ended: called with the reason when the call is over.
            control: tells the carrier what is to become of the call; None: it asks us.
        """
        context = parts.context
        super().__init__(context.runtime, parts.call, supervisor, context.label("call"))
        self._parts = parts
        self._context = context
        self._children = parts.children
        self._telemetry = CallTelemetry(parts)
        self._hearing = Hearing(parts, self.after, self._exhausted)
        self._farewell = Farewell(context, self.mailbox, parts.tx, control, self.after)
        self._on_ended = on_ended

    def on_receive(self, message: Any) -> None:  # noqa: C901, PLR0912  # one case a message
        """Deal with one message of the protocol, or of our own timers."""
        call_message: CallMessage | _OfHearing | _Private = message
        match call_message:
            case BeginCall():
                self._on_begin_call()
            case StreamStopped():
                self._end("caller_hung_up")
            case SocketClosed(code=code):
                self._end("socket_lost" if code is None else "socket_closed")
            case ChildFailed():
                self._on_child_failed(call_message)
            case Hangup(reason=reason):
                self._let_go(reason)
            case Transfer(to=to):
                self._let_go("transfer", TransferTo(to))
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
            case CarrierTold() | StopOverdue() | CloseOverdue():
                self._on_farewell(call_message)
            case _:
                self._on_hearing(call_message)

    def release(self) -> None:
        """Let go of what refers to this actor."""
        self._hearing.release()
        self._farewell.release()

    def _on_hearing(self, message: _OfHearing) -> None:  # noqa: C901  # one case a message
        """Pass on what concerns STT."""
        match message:
            case VoiceHeard():
                self._hearing.voice_heard(message)
            case SttOpened():
                self._hearing.opened()
            case SttAlive(began=began):
                self._hearing.alive(began=began)
            case SttSettled():
                self._hearing.settled()
            case SttProgress(heard_at=heard_at):
                self._hearing.progressed(heard_at)
            case StreamingHealthy():
                self._hearing.streaming_healthy()
            case SingleFailed():
                self._hearing.single_failed(message)
            case RestartStt():
                self._hearing.restart()
            case LivenessDue():
                self._hearing.liveness_due()
            case GiveUpDue():
                self._hearing.give_up_due()
            case _:
                assert_never(message)

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
            self._let_go("no_media")

    # --- children --------------------------------------------------------------------

    def _on_child_failed(self, failure: ChildFailed) -> None:
        self._context.metrics.child_failures.labels(failure.child).inc()
        self._context.events.note("child_failed", child=failure.child, error=kind(failure.error))
        if failure.child == "stt":
            self._hearing.failed(failure)
            return
        child = self._children[failure.child]
        if not child.may_restart():
            self._exhausted(failure)
            return
        self._context.metrics.child_restarts.labels(failure.child).inc()
        self._context.log.warning(
            "⚠️ [CALL] {} crashed and is restarted: {}", failure.child, described(failure.error)
        )
        child.start()

    def _exhausted(self, failure: ChildFailed) -> None:
        """End the call as politely as what still works allows."""
        name = failure.child
        self._context.log.error(
            "❌ [CALL] {} crashed, no restart is left: {}", name, described(failure.error)
        )
        if name == "tx":
            self._parts.socket.close("tx_failed")
            self._farewell.expect_close("tx_failed")
        elif name == "agent":
            self._let_successor_say_goodbye(self._children[name])
        else:
            self._say_goodbye(f"{name}_failed")

    def _let_successor_say_goodbye(self, agent: Child) -> None:
        """One more agent, for nothing but the goodbye; if it fails too, just close."""
        if self._parts.memory.goodbye_reason is not None:
            self._let_go("agent_failed")
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

    def _let_go(self, reason: str, outcome: Outcome = HungUp()) -> None:  # noqa: B008  # frozen
        """Let the call go, once; the outcome is recorded first: Twilio may ask at any time."""
        if self._farewell.reason is None:
            self._parts.outcome = outcome
            self._farewell.say(reason, outcome)

    def _on_farewell(self, message: _OfFarewell) -> None:
        match message:
            case CarrierTold():
                self._farewell.told(message)
            case StopOverdue():
                self._farewell.close()
            case CloseOverdue():
                self._parts.socket.abort()
                self._end("close_overdue")
            case _:
                assert_never(message)

    def _end(self, reason: str) -> None:
        """End it: the children are stopped, the root does the rest."""
        self._telemetry.count_drops()
        self._on_ended(self._farewell.reason or reason)
