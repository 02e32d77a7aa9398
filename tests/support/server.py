"""The real server in the test's own event loop, on a free port of loopback.

Everything is real but the engines, which are instant; a test can therefore reach into a
live call and make one of its actors crash.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from loguru import logger

from actors.call_view import CallView
from actors.engines import Engines
from actors.family import OutOfBand
from actors.outcome import CallControl
from actors.root import CallRoot
from actors.runtime import loop_runtime
from dialogue.ports import CallFacts
from media import g711
from media.frame import FRAME_BYTES, FRAME_MS
from speech.instant import InstantRecognizer
from speech.tone import ToneSynthesizer, tone
from telemetry import LoopPulse, Metrics
from tests.support.call import settings
from tests.support.engines import EchoBrain, EchoDialogue
from web.front import make_server
from web.load_listener import load_listener
from web.serving import DrainingServer, bind
from web.status import ServerStatus

STEP_MS = 300
"""Utterances differ in length by this much; the recogniser tells them apart by it."""

LOUD_RMS = 100.0
STOP_TIMEOUT_S = 20.0


def utterance(number: int) -> bytes:
    """Caller speech that is recognised as `word <number>`."""
    return tone("a" * (number * STEP_MS // 60))


def said(audio: bytes) -> str:
    """What the recogniser takes an utterance for: its length in steps."""
    frames = (audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES))
    loud = sum(g711.rms(frame) > LOUD_RMS for frame in frames)
    return f"word {round(loud * FRAME_MS / STEP_MS)}"


class BrainPerCall(EchoDialogue):
    """Gives every call a brain of its own."""

    def __init__(self, greeting: str) -> None:
        super().__init__()
        self._greeting = greeting

    def new_brain(self, call: CallFacts) -> EchoBrain:
        return EchoBrain(greeting=self._greeting)


class WatchedRoot(CallRoot):
    """A root that says when a call has been cleared away."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._gone: dict[str, asyncio.Event] = {}

    def gone(self, call_sid: str) -> asyncio.Event:
        """Set once the call has been cleared away."""
        return self._gone.setdefault(call_sid, asyncio.Event())

    def _remember(self, call_sid: str, ended: Any) -> None:
        super()._remember(call_sid, ended)
        self.gone(call_sid).set()


@dataclass
class LiveServer:
    """A running server."""

    root: WatchedRoot
    metrics: Metrics
    server: DrainingServer
    url: str

    def crash(self, call_sid: str, child: str) -> None:
        """Send one of a live call's actors a message it must crash over."""
        getattr(self.root._live[call_sid].parts, child).post(Poison())

    def view(self, call_sid: str) -> CallView:
        """What operators see of a call, ended or not."""
        view = self.root.view(call_sid)
        assert view is not None, call_sid
        return view

    def ledger_errors(self) -> float:
        """How many ledgers did not balance."""
        return self.count("ledger_errors_total")

    def count(self, metric: str, **labels: str) -> float:
        """Read a metric; 0 where nothing was counted."""
        return self.metrics.registry.get_sample_value(metric, labels) or 0.0


class Poison(OutOfBand):
    """A message that no actor knows: whoever takes it breaks an invariant and crashes."""


@asynccontextmanager
async def live_server(
    greeting: str = "hello", control: CallControl | None = None, **changes: Any
) -> AsyncIterator[LiveServer]:
    """Run a server until the block is left."""
    # Phones and server share one loop: its lateness is the test's, not the server's.
    no_load = {"load_late_percent": 0, "load_gaps_per_minute": 0}
    configured = settings(**{"log_transcripts": True, **no_load, **changes})
    metrics = Metrics()
    runtime = loop_runtime(lambda _label, _seconds: None)
    engines = Engines(InstantRecognizer(said), ToneSynthesizer(), BrainPerCall(greeting))
    root = WatchedRoot(runtime, configured, engines, metrics, logger, control)
    status = ServerStatus(root, {}, started=True)
    server = make_server(configured, status, metrics, runtime.clock, "en-US")
    sock = bind("127.0.0.1", 0)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    await server.listening.wait()
    pulse = LoopPulse(asyncio.get_running_loop(), [load_listener(root.admission)])
    pulse.start()
    try:
        yield LiveServer(root, metrics, server, f"http://127.0.0.1:{sock.getsockname()[1]}")
    finally:
        pulse.stop()
        root.abort_all()
        server.should_exit = True
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await serving
        sock.close()
