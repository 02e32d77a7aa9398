"""One streaming recognition on the emulator: the protocol kept strictly, faults on time.

Owns the life of a stream from its configuration to its status, in one task that reads,
hears and answers in turn. Speaks no version of the API itself: that is `Wire`'s business.
"""

import asyncio
import time
from typing import Any, Final, NoReturn

import grpc
import grpc.aio

from media.frame import FRAME_MS
from speech import ports
from tests.emulator.house import House
from tests.emulator.journal import FaultRecord
from tests.emulator.thoughts import Thoughts
from tests.emulator.wire import Config, Wire
from tests.support.stamped_ear import StampedEar
from tests.support.stamped_faults import (
    CLEAN,
    NO_AUDIO_TEXT,
    STREAM_LIMIT_TEXT,
    Fault,
    Kind,
)
from tests.support.stamped_hearing import HeardEvent

HANG_S: Final = 600.0
"""A stream that never answers is held at most so long."""

GONE: Final = "GONE"
"""Status in the journal of a stream that its client left."""

MS: Final = 1000


class StreamOver(Exception):
    """The stream ends with a status."""

    def __init__(self, status: str, detail: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail


class StreamRun:
    """One stream."""

    def __init__(self, house: House, wire: Wire, context: Any) -> None:
        self._house = house
        self._wire = wire
        self._context = context
        self._ear = StampedEar(house.book, house.counter, house.limits.quiet_ms)
        self._record = house.journal.opened(wire.service.split(".")[-2], time.monotonic())
        self._config: Config | None = None
        self._mute = False
        self._thoughts = Thoughts(self._write)

    async def run(self) -> None:
        """Serve the stream to its end."""
        try:
            await self._converse()
        except StreamOver as over:
            self._ended(over.status)
            if over.status != CLEAN:
                await self._context.abort(grpc.StatusCode[over.status], over.detail)
        except asyncio.CancelledError:
            self._ended(GONE)
            raise
        finally:
            self._thoughts.cancel()

    async def _converse(self) -> NoReturn:
        deadline_at = self._record.opened_at + self._house.limits.stream_s
        try:
            async with asyncio.timeout(self._house.limits.audio_timeout_s) as patience:
                await self._configure()
                await self._take_opening_fault(patience)
                while (request := await self._context.read()) is not grpc.aio.EOF:
                    quiet_until = time.monotonic() + self._house.limits.audio_timeout_s
                    self._extend(patience, min(quiet_until, deadline_at))
                    await self._take(request, patience)
        except TimeoutError:
            text = STREAM_LIMIT_TEXT if time.monotonic() >= deadline_at else NO_AUDIO_TEXT
            raise StreamOver("OUT_OF_RANGE", text) from None
        self._record.half_closed = True
        if self._mute:
            await asyncio.sleep(HANG_S)
        for event in self._ear.flush():
            await self._say(event)
        await self._thoughts.said()
        raise StreamOver(CLEAN)

    async def _configure(self) -> None:
        request = await self._context.read()
        if request is grpc.aio.EOF:
            raise StreamOver(CLEAN)
        config = self._config = self._wire.config_of(request)
        if config is None or self._wire.audio_of(request):
            raise _malformed("expected streaming_config, and no audio, in the first request")
        self._record.model = config.model
        check_config(self._house, config)

    async def _take_opening_fault(self, patience: asyncio.Timeout) -> None:
        fault = self._house.book.at_open()
        if fault is not None:
            await self._befall(fault, patience)

    async def _take(self, request: Any, patience: asyncio.Timeout) -> None:
        audio = self._wire.audio_of(request)
        if self._wire.config_of(request) is not None or not audio:
            raise _malformed("expected audio, and no streaming_config, after the first request")
        if len(audio) > self._house.limits.request_bytes:
            limit = self._house.limits.request_bytes
            raise _malformed(f"audio of {len(audio)} bytes in a request, at most {limit}")
        self._record.largest_bytes = max(self._record.largest_bytes, len(audio))
        for heard in self._ear.hear(audio):
            if isinstance(heard, Fault):
                self._note()
                await self._befall(heard, patience)
            else:
                await self._say(heard)
        self._note()
        heard_s = self._ear.hearing.track.frames * FRAME_MS / MS
        if heard_s >= self._house.limits.stream_s and not self._mute:
            raise StreamOver("OUT_OF_RANGE", STREAM_LIMIT_TEXT)

    async def _befall(self, fault: Fault, patience: asyncio.Timeout) -> None:
        now = time.monotonic()
        newest = self._ear.hearing.track.newest
        self._record.faults.append(FaultRecord(fault.kind.value, fault.status, now, newest))
        match fault.kind:
            case Kind.STATUS:
                raise StreamOver(fault.status, fault.detail)
            case Kind.IN_BAND:
                await self._fail_in_band(fault)
            case Kind.MUTE:
                self._mute = True
                patience.reschedule(None)
            case Kind.DELAY:
                patience.reschedule(None)
                await asyncio.sleep(fault.seconds)
                self._record.caught_up_at = None  # it is behind, and may catch up again
            case Kind.SLOW:
                patience.reschedule(None)
                await asyncio.sleep(HANG_S)
            case Kind.RESET:
                self._house.cut(self._context.peer())
            case Kind.RAISE:
                raise ValueError("RAISE: expected of a recogniser in process only")

    async def _fail_in_band(self, fault: Fault) -> None:
        code: int = grpc.StatusCode[fault.status].value[0]
        response = self._wire.in_band(code, fault.detail)
        if response is None:
            raise StreamOver(fault.status, fault.detail)
        await self._write(response)
        raise StreamOver(CLEAN)

    async def _say(self, event: HeardEvent) -> None:
        response = self._response(event)
        if response is not None and not self._mute:
            if isinstance(event, ports.Final):
                self._record.finals.append(event.text)
            await self._thoughts.say(response, self._house.limits.thinking_s)

    def _response(self, event: HeardEvent) -> Any | None:
        assert self._config is not None
        match event:
            case ports.SpeechActivity(began=began):
                if not self._config.activity_events:
                    return None
                return self._wire.activity(self._ear.hearing.heard_ms, began=began)
            case ports.Partial(text=text, stability=stability, end_ms=end_ms):
                if not self._config.interim_results:
                    return None
                return self._wire.partial(text.split(), stability, end_ms or 0.0)
            case ports.Final(text=text, end_ms=end_ms):
                return self._wire.final(text, end_ms)

    async def _write(self, response: Any) -> None:
        now = time.monotonic()
        if self._record.first_event_at is None:
            self._record.first_event_at = now
        self._record.last_event_at = now
        await self._context.write(response)

    def _extend(self, patience: asyncio.Timeout, until: float) -> None:
        if not self._mute:
            patience.reschedule(until)  # the loop's clock is `time.monotonic()`

    def _note(self) -> None:
        """Bring the record up to date."""
        record, track, now = self._record, self._ear.hearing.track, time.monotonic()
        record.frames, record.unstamped, record.foreign = (
            track.frames,
            track.unstamped,
            track.foreign,
        )
        if record.call is None and track.call is not None:
            record.call, record.number, record.identified_at = track.call, self._ear.number, now
            record.ranges = track.ranges
        if not self._mute:
            self._house.journal.heard(record, track.newest, now)

    def _ended(self, status: str) -> None:
        self._record.ended_at = time.monotonic()
        self._record.status = status


def check_config(house: House, config: Config) -> None:
    """Refuse what the service would refuse.

    Raises:
        StreamOver: with INVALID_ARGUMENT.
    """
    if config.problem is not None:
        raise StreamOver("INVALID_ARGUMENT", config.problem)
    if not config.telephone_audio:
        raise _malformed("the emulator takes MULAW at 8000 Hz only")
    refusal = house.refusal(config.model, config.languages)
    if refusal is not None:
        raise StreamOver("INVALID_ARGUMENT", refusal)


def _malformed(detail: str) -> StreamOver:
    return StreamOver("INVALID_ARGUMENT", f"Malformed request: {detail}.")
