"""Fakes of everything around the web layer: the root, its peers, a transport, Twilio's JSON."""

import asyncio
import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from loguru import logger

from actors.call_line import CallLine
from actors.outcome import Outcome
from actors.root import CallRefused
from actors.socket import CallerSocket
from media.frame import FRAME_BYTES, SILENCE_FRAME
from media.voice_activity import VoiceEdge
from settings import Settings
from telemetry import Metrics

WAIT_S = 5.0
"""For what must happen; a test that waits this long has failed."""


class RecordingPeer:
    """Keeps what was posted; `wait_for` hears of what is still to come."""

    room_frames = 200
    held_frames = 0

    def __init__(self) -> None:
        self.posted: list[Any] = []
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def post(self, message: Any) -> None:
        self.posted.append(message)
        for holds, future in self._waiting:
            if not future.done() and holds():
                future.set_result(None)

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.posted if isinstance(message, kind)]

    async def wait_for(self, kind: type[Any], count: int = 1) -> list[Any]:
        if len(self.of(kind)) < count:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((lambda: len(self.of(kind)) >= count, future))
            await asyncio.wait_for(future, WAIT_S)
        return self.of(kind)


class FakeCall:
    """One begun call, as the border sees it."""

    def __init__(
        self, call_sid: str, stream_sid: str, socket: CallerSocket, caller: str = ""
    ) -> None:
        self.call_sid, self.stream_sid, self.socket = call_sid, stream_sid, socket
        self.caller = caller
        self.rx, self.tx, self.agent, self.call = (RecordingPeer() for _ in range(4))
        self.line = CallLine(self.rx, self.tx, self.agent, self.call)


class FakeAdmission:
    """Keeps a place for everybody, unless told to refuse."""

    overload_url: str | None = None
    quiet_s = math.inf

    def __init__(self) -> None:
        self.refuses: str | None = None
        self.unready: str | None = None
        self.kept: list[str] = []
        self.closed = False
        self.lags_s: list[float] = []
        self.levels: list[str | None] = []

    @property
    def reserved(self) -> int:
        return len(self.kept)

    def reserve(self, call_sid: str) -> str | None:
        self.release(call_sid)
        if self.refuses is None:
            self.kept.append(call_sid)
        return self.refuses

    def release(self, call_sid: str) -> None:
        if call_sid in self.kept:
            self.kept.remove(call_sid)

    def unreadiness(self) -> str | None:
        return self.unready

    def close(self) -> None:
        self.closed = True
        self.kept.clear()

    def observe(self, lag_s: float) -> str | None:
        self.lags_s.append(lag_s)
        return self.levels.pop(0) if self.levels else None


class FakeRoot:
    """A root that begins everything it is asked to, unless told to refuse."""

    def __init__(self) -> None:
        self.admission = FakeAdmission()
        self.calls: dict[str, FakeCall] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.seen: dict[str, Mapping[str, Any]] = {}
        self.refusal: str | None = None
        self.active = 0
        self.ended_with: list[str] = []
        self.aborted = False
        self.admitting = True
        self.idle = asyncio.Event()
        self.begun: asyncio.Queue[FakeCall] = asyncio.Queue()

    def begin(
        self, call_sid: str, stream_sid: str, socket: CallerSocket, caller: str = ""
    ) -> CallLine:
        if self.refusal is not None:
            raise CallRefused(self.refusal)
        self.admission.release(call_sid)
        call = self.calls[call_sid] = FakeCall(call_sid, stream_sid, socket, caller)
        self.active += 1
        self.begun.put_nowait(call)
        return call.line

    def views(self) -> list[Mapping[str, Any]]:
        return list(self.seen.values())

    def view(self, call_sid: str) -> Mapping[str, Any] | None:
        return self.seen.get(call_sid)

    def outcome(self, call_sid: str) -> Outcome | None:
        return self.outcomes.get(call_sid)

    def stop_admitting(self) -> None:
        self.admitting = False
        self.admission.refuses = self.admission.unready = "draining"

    def end_all(self, reason: str) -> None:
        self.ended_with.append(reason)

    def abort_all(self) -> None:
        self.aborted = True

    async def drained(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self.idle.wait()
        except TimeoutError:
            return False
        return True


class FakeTransport:
    """A connection that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.finished: list[tuple[int, str]] = []
        self.aborted = False
        self.unsent_bytes = 0

    def send_text(self, message: bytes) -> None:
        self.sent.append(json.loads(message))

    def finish(self, code: int, reason: str) -> None:
        self.finished.append((code, reason))

    def abort(self) -> None:
        self.aborted = True


def settings(**changes: Any) -> Settings:
    """Settings without the environment's; tests may go below the bounds."""
    return Settings.model_construct(**changes)


def started(
    call_sid: str = "CA1", stream_sid: str = "MZ1", token: str | None = None, **parameters: str
) -> bytes:
    start = {
        "streamSid": stream_sid,
        "accountSid": "AC1",
        "callSid": call_sid,
        "tracks": ["inbound"],
        "customParameters": parameters if token is None else parameters | {"token": token},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    }
    return _message("start", stream_sid, start=start)


def media(payload: bytes = SILENCE_FRAME, timestamp_ms: int = 0, stream_sid: str = "MZ1") -> bytes:
    body = {
        "track": "inbound",
        "chunk": "1",
        "timestamp": str(timestamp_ms),
        "payload": base64.b64encode(payload).decode(),
    }
    return _message("media", stream_sid, media=body)


def digit(key: str = "5", stream_sid: str = "MZ1") -> bytes:
    return _message("dtmf", stream_sid, dtmf={"track": "inbound_track", "digit": key})


def mark(name: str, stream_sid: str = "MZ1") -> bytes:
    return _message("mark", stream_sid, mark={"name": name})


def stopped(stream_sid: str = "MZ1", call_sid: str = "CA1") -> bytes:
    return _message("stop", stream_sid, stop={"accountSid": "AC1", "callSid": call_sid})


def _message(event: str, stream_sid: str, **body: Any) -> bytes:
    message = {"event": event, "sequenceNumber": "2", "streamSid": stream_sid, **body}
    return json.dumps(message).encode()


def metric(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


@contextmanager
def logged() -> Iterator[list[str]]:
    """The messages logged meanwhile."""
    lines: list[str] = []
    handler = logger.add(lambda line: lines.append(str(line).rstrip("\n")), format="{message}")
    try:
        yield lines
    finally:
        logger.remove(handler)


VOICE = bytes([0x80, 0x00] * (FRAME_BYTES // 2))
"""A frame that a scripted detector may take for voice."""


class ScriptedDetector:
    """Takes `VOICE` for voice; begins after 3 frames of it, ends after 9 others."""

    def __init__(self) -> None:
        self.voiced = self.speaking = False
        self.run = 0

    def push(self, payload: bytes) -> VoiceEdge | None:
        voiced = payload == VOICE
        self.run = self.run + 1 if voiced == self.voiced else 1
        self.voiced = voiced
        if not self.speaking and voiced and self.run >= 3:
            self.speaking = True
            return VoiceEdge.STARTED
        if self.speaking and not voiced and self.run >= 9:
            self.speaking = False
            return VoiceEdge.STOPPED
        return None
