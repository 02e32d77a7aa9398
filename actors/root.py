"""The root of all calls of a process: begins them, owns what outlives them, clears them away.

The owner of every CallActor: if one crashes, the root stops its children, closes its socket
and frees its place. Its `admission` decides who is taken in. Remembers the outcome of calls that
ended, for the webhook that Twilio asks next. Used by the web layer, on the event loop only.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pykka import ActorRef

from actors.admission import Admission, CallRefused
from actors.admission_metrics import AdmissionMetrics
from actors.call import CallActor
from actors.call_line import CallLine, call_line
from actors.call_parts import CallParts
from actors.call_telemetry import CallTelemetry
from actors.call_view import CallView, call_view
from actors.context import CallContext
from actors.engines import Engines
from actors.loop_actor import Asked
from actors.messages import (
    BeginCall,
    ChildFailed,
    EndPolitely,
)
from actors.outcome import CallControl, Outcome
from actors.recorder import NewRecorder, NoRecorder, Outside, Recorder
from actors.runtime import Runtime
from actors.socket import CallerSocket
from actors.stats import CallStats
from actors.supervision import described
from call_log import CallLog, no_call_log
from settings import Settings
from telemetry import Metrics

if TYPE_CHECKING:
    from loguru import Logger

__all__ = ["CallRefused", "CallRoot"]

ENDED_KEPT: Final = 1000
"""Ended calls that are remembered: Twilio asks for the outcome within seconds."""

REAP_S: Final = 0.05
"""Time for a call's actors to stop before its mailboxes are closed."""


@dataclass(slots=True)
class _Live:
    parts: CallParts
    line: CallLine
    recorder: Recorder
    started: str
    started_at: float
    ref: ActorRef[Any] | None = None
    ending: bool = False


@dataclass(frozen=True, slots=True)
class _Ended:
    view: CallView
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _CallSupervisor:
    """Hears of the crash of one CallActor."""

    root: "CallRoot"
    call_sid: str

    def post(self, message: ChildFailed) -> None:
        """End the call: nobody supervises it any more."""
        self.root.call_crashed(self.call_sid, message)


class CallRoot:
    """All calls of this process."""

    def __init__(
        self,
        runtime: Runtime,
        settings: Settings,
        engines: Engines,
        metrics: Metrics,
        log: "Logger",
        control: CallControl | None = None,
        new_log: Callable[[str, Callable[[], float]], CallLog] = no_call_log,
        new_recorder: NewRecorder = NoRecorder,
    ) -> None:
        """Begin with no calls. Without a `control` the carrier asks what becomes of one."""
        self._new_log = new_log
        self._new_recorder = new_recorder
        self._control = control
        self._runtime = runtime
        self._settings = settings
        self._engines = engines
        self._metrics = metrics
        self._log = log
        self._live: dict[str, _Live] = {}
        self._ended: OrderedDict[str, _Ended] = OrderedDict()
        self._gaps_gone = 0
        now = runtime.clock.now
        self.admission: Final = Admission(settings, self._live.keys(), self._gaps_heard, now)
        """Decides which calls are taken; the web layer keeps places with it."""

        metrics.registry.register(AdmissionMetrics(self.admission))
        self._idle = asyncio.Event()
        self._idle.set()

    # --- beginning -------------------------------------------------------------------

    def begin(
        self, call_sid: str, stream_sid: str, socket: CallerSocket, caller: str = ""
    ) -> CallLine:
        """Begin a call.

        Args:
            call_sid: its name.
            stream_sid: that of its media stream, for the log.
            socket: the caller's.
            caller: their number, personal data; empty where it is not known.

        Raises:
            CallRefused: it is not admitted; nothing was started.
        """
        self.admission.admit(call_sid)
        log = self._log.bind(call_sid=call_sid)
        events = self._new_log(call_sid, self._runtime.clock.now)
        outside = Outside(self._runtime, self._engines, socket, self._control, events)
        recorder = self._new_recorder(call_sid, outside)
        outside = recorder.outside
        context = CallContext(
            call_sid,
            self._settings,
            outside.runtime,
            self._metrics,
            CallStats(),
            log,
            outside.events,
        )
        parts = CallParts(
            context,
            outside.engines,
            outside.socket,
            partial(self._overflowed, call_sid),
            caller,
        )
        line = call_line(parts, recorder)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        live = _Live(parts, line, recorder, started, self._runtime.clock.now())
        self._live[call_sid] = live
        self._count()
        log.info("📞 [CALL] begins, stream {}", stream_sid)
        live.ref = CallActor.start(
            parts, _CallSupervisor(self, call_sid), partial(self._end, call_sid), outside.control
        )
        parts.call.post(BeginCall())
        return line

    # --- looking ---------------------------------------------------------------------

    @property
    def active(self) -> int:
        """How many calls there are."""
        return len(self._live)

    def views(self) -> list[CallView]:
        """Look at all live calls."""
        return [self._view(live, "live") for live in self._live.values()]

    def view(self, call_sid: str) -> CallView | None:
        """Look at a live call, or at one of those that ended last."""
        if call_sid in self._live:
            return self._view(self._live[call_sid], "live")
        ended = self._ended.get(call_sid)
        return ended.view if ended is not None else None

    def outcome(self, call_sid: str) -> Outcome | None:
        """Say what is to happen after a call's stream; None for a call nobody remembers."""
        if call_sid in self._live:
            return self._live[call_sid].parts.outcome
        ended = self._ended.get(call_sid)
        return ended.outcome if ended is not None else None

    # --- ending ----------------------------------------------------------------------

    def stop_admitting(self) -> None:
        """Take no new call from now on, but those that were promised a place lately."""
        self.admission.stop()

    def end_all(self, reason: str) -> None:
        """Let every call end with a goodbye."""
        for live in self._live.values():
            live.line.call.post(EndPolitely(reason))

    def abort_all(self) -> None:
        """Drop every call without another word."""
        for call_sid, live in tuple(self._live.items()):
            live.recorder.ended()
            live.parts.socket.abort()
            self._end(call_sid, "aborted")

    async def drained(self, timeout_s: float) -> bool:
        """Wait until there is no call left; False if there still is one after the timeout."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def call_crashed(self, call_sid: str, failure: ChildFailed) -> None:
        """End a call whose CallActor crashed."""
        live = self._live.get(call_sid)
        if live is None:
            return
        live.ref = None
        self._metrics.child_failures.labels("call").inc()
        live.parts.context.log.error("❌ [CALL] CallActor crashed: {}", described(failure.error))
        live.parts.socket.close("call_failed")
        self._end(call_sid, "call_failed")

    def _overflowed(self, call_sid: str, mailbox: str) -> None:
        live = self._live.get(call_sid)
        if live is not None and not live.ending:
            self._metrics.control_overflows.inc()
            live.parts.context.log.error(
                "❌ [CALL] Control lane of {} is full, the call ends", mailbox
            )
            self._end(call_sid, "control_overflow")
            live.parts.socket.close("control_overflow")

    def _end(self, call_sid: str, reason: str) -> None:
        """Stop a call's actors; its mailboxes are closed once they have stopped."""
        live = self._live.get(call_sid)
        if live is None or live.ending:
            return
        live.ending = True
        live.parts.stop_children()
        if live.ref is not None:
            live.ref.stop(block=False)
        live.parts.context.runtime.clock.call_later(REAP_S, lambda: self._reap(call_sid, reason))

    def _reap(self, call_sid: str, reason: str) -> None:
        live = self._live.pop(call_sid)
        live.parts.socket.close(reason)
        view = self._view(live, f"ended:{reason}")
        telemetry = CallTelemetry(live.parts)
        for mailbox in live.parts.mailboxes:
            for left in mailbox.close():
                if isinstance(left, Asked):
                    left.refuse(mailbox.name)
        telemetry.sum_up(reason, view["duration_s"])
        live.recorder.ended()
        self._gaps_gone += live.parts.tx_state.playout.reanchors
        self.admission.left()
        live.parts.take_apart()
        self._remember(call_sid, _Ended(view, live.parts.outcome))
        self._metrics.calls.labels(reason).inc()
        live.parts.context.log.info(
            "📞 [CALL] ended: {} after {:.1f} s", reason, view["duration_s"]
        )
        self._count()

    def _remember(self, call_sid: str, ended: _Ended) -> None:
        self._ended[call_sid] = ended
        if len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)

    def _count(self) -> None:
        self._metrics.calls_active.set(self.active)
        if self._live:
            self._idle.clear()
        else:
            self._idle.set()

    def _gaps_heard(self) -> int:
        playing = (live.parts.tx_state.playout for live in self._live.values())
        return self._gaps_gone + sum(playout.reanchors for playout in playing)

    def _view(self, live: _Live, state: str) -> CallView:
        now = self._runtime.clock.now()
        started_at = live.started_at
        return call_view(
            live.parts, state=state, started=live.started, started_at=started_at, now=now
        )
