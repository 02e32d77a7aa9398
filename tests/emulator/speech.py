"""The Speech service of both versions as gRPC handlers: streams and single requests."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Final

import grpc

from tests.emulator.house import House
from tests.emulator.journal import RequestRecord
from tests.emulator.recognition import HANG_S, StreamOver, StreamRun, check_config
from tests.emulator.wire import Wire
from tests.emulator.wire_v1 import WireV1
from tests.emulator.wire_v2 import WireV2
from tests.support.stamped_faults import Fault, Kind
from tests.support.stamped_track import frames_in, listen

SINGLE_MAX_BYTES: Final = 60 * 8000
"""One minute: what the service takes in a single request."""


class SpeechServicer:
    """One version of the service."""

    def __init__(self, house: House, wire: Wire) -> None:
        self._house = house
        self._wire = wire
        self._requests: dict[int | None, int] = {}

    async def streaming_recognize(self, _requests: object, context: Any) -> None:
        """Serve one stream."""
        await StreamRun(self._house, self._wire, context).run()

    async def recognize(self, request: Any, context: Any) -> Any:
        """Answer one single request."""
        config, audio = self._wire.single(request)
        track = listen(frames_in(audio))
        record = RequestRecord(time.monotonic(), track.call, "OK", "", track.ranges)
        self._house.journal.requested(record)
        try:
            check_config(self._house, config)
            _check_length(audio)
            await self._befall(track.call)
        except StreamOver as over:
            record.status = over.status
            await context.abort(grpc.StatusCode[over.status], over.detail)
        record.text = " ".join(track.words)
        return self._wire.recognized(record.text)

    async def _befall(self, call: int | None) -> None:
        number = self._requests.get(call, 0)
        self._requests[call] = number + 1
        fault = self._house.book.on_request(call, number)
        if fault is None:
            return
        await asyncio.sleep(_seconds(fault))
        if fault.kind is Kind.STATUS:
            raise StreamOver(fault.status, fault.detail)


def _check_length(audio: bytes) -> None:
    if len(audio) > SINGLE_MAX_BYTES:
        raise StreamOver("INVALID_ARGUMENT", "Sync input too long.")


def _seconds(fault: Fault) -> float:
    return HANG_S if fault.kind is Kind.MUTE else fault.seconds


def handlers(house: House) -> Iterator[Any]:
    """Make the generic handlers of v1 and v2."""
    for wire in (WireV1(), WireV2()):
        servicer = SpeechServicer(house, wire)
        methods = {
            "StreamingRecognize": grpc.stream_stream_rpc_method_handler(
                servicer.streaming_recognize, wire.parse_stream_request, _serialize
            ),
            "Recognize": grpc.unary_unary_rpc_method_handler(
                servicer.recognize, wire.parse_request, _serialize
            ),
        }
        yield grpc.method_handlers_generic_handler(wire.service, methods)


def _serialize(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data
