"""Rows of the fault table: the caller's socket is half dead, slow or gone, or floods."""

import asyncio
import socket
import struct
from collections.abc import Sequence
from typing import Any, Final

from bench.faults.server.call import Broken, FaultyCall
from bench.faults.server.process import ServerUnderTest
from bench.faults.server.row import Act, ServerRow, StrikeStep, in_a_call
from phone.errors import PhoneError
from phone.line_options import HangUp, LineOptions

RECEIVE_BYTES: Final = 4096
RESET: Final = struct.pack("ii", 1, 0)
"""`SO_LINGER` on, for no time: closing sends RST."""

DEAD_S: Final = 12.0
"""For a peer that reads nothing to be given up; pings of 2 s and 3 s for the answer here."""

START_S: Final = 4.0
"""For a socket without `start`, of which 2 s are allowed here."""

FLOOD: Final = 2000
GIANT_BYTES: Final = 4_000_000
SIP: Final = 0.1
SIPS: Final = 8


def _socket(call: FaultyCall) -> Any:
    return call.connection.transport.get_extra_info("socket")


async def _read_nothing(call: FaultyCall) -> None:
    _socket(call).setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    call.connection.transport.pause_reading()


async def _read_slowly(call: FaultyCall) -> None:
    """Read one tenth of the time."""
    _socket(call).setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    transport = call.connection.transport
    for _ in range(SIPS):
        transport.pause_reading()
        await asyncio.sleep(SIP * 0.9)
        transport.resume_reading()
        await asyncio.sleep(SIP * 0.1)


async def _reset(call: FaultyCall) -> None:
    _socket(call).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    call.connection.transport.abort()


async def _vanish(call: FaultyCall) -> None:
    call.connection.transport.abort()


async def _close(call: FaultyCall) -> None:
    await call.line.hang_up(HangUp.CLOSE)


async def _half_close(call: FaultyCall) -> None:
    call.connection.transport.write_eof()


async def _mute(call: FaultyCall) -> None:
    call.line.mute()


def _send(*messages: bytes, times: int = 1) -> StrikeStep:
    async def strike(call: FaultyCall) -> None:
        for _ in range(times):
            for message in messages:
                call.connection.post(message, droppable=True)

    return strike


async def _dial_wildly(call: FaultyCall) -> None:
    for _ in range(FLOOD):
        call.connection.post(call.messages.dtmf("5"))


async def _echo_wildly(call: FaultyCall) -> None:
    for number in range(FLOOD):
        call.connection.post(call.messages.mark(f"never#{number}"))


async def _start_again(call: FaultyCall) -> None:
    for _ in range(FLOOD // 10):
        call.connection.post(call.messages.start({}))


async def _send_bytes(call: FaultyCall) -> None:
    call.connection.protocol.send_binary(bytes(GIANT_BYTES // 1000))
    call.connection.send_data()


async def _talk_after_stop(call: FaultyCall) -> None:
    call.connection.post(call.messages.stop())
    for number in range(FLOOD):
        call.connection.post(call.messages.media(bytes(160), number * 20))


async def _goes_on(call: FaultyCall) -> str:
    return await call.goes_on()


async def _lost(call: FaultyCall) -> str:
    return await call.ended(DEAD_S, "socket_lost")


async def _given_up(call: FaultyCall) -> str:
    return await call.ended(DEAD_S, "socket_lost", "socket_closed", "slow_peer", "close_overdue")


async def _closed(call: FaultyCall) -> str:
    return await call.ended(DEAD_S, "socket_closed", "socket_lost")


async def _hung_up(call: FaultyCall) -> str:
    return await call.ended(DEAD_S, "caller_hung_up")


async def _never_starts(server: ServerUnderTest) -> Act:
    call = FaultyCall(server, line=LineOptions(start_delay_s=3600.0))
    yield call.sid
    async with call:
        yield ""
        call.struck()
        try:
            await call.line.wait_for_end(START_S)
        except PhoneError as error:
            raise Broken(f"still open: {error}") from None
        yield f"closed after {call.since_s:.1f} s with code {call.line.close_code}"


async def _no_media(server: ServerUnderTest) -> Act:
    call = FaultyCall(server, line=LineOptions(sends_silence=False))
    yield call.sid
    async with call:
        call.struck()
        yield ""
        yield await call.ended(8.0, "no_media")


ROWS: Final[Sequence[ServerRow]] = (
    in_a_call("socket: accepts nothing (half dead)", "given up", _read_nothing, _given_up),
    in_a_call("socket: reads a tenth of the time", "goes on", _read_slowly, _goes_on),
    in_a_call("socket: reset", "ends at once", _reset, _lost),
    in_a_call("socket: gone without a close", "ends at once", _vanish, _lost),
    in_a_call("socket: closed without `stop`", "ends at once", _close, _closed),
    in_a_call("socket: half closed", "ends at once", _half_close, _lost),
    ServerRow("socket: opened, never starts", "closed", _never_starts),
    ServerRow("no media ever", "ends", _no_media),
    in_a_call("media stops in the middle", "goes on", _mute, _goes_on),
    in_a_call(f"{FLOOD} keys at once", "held to a rate, goes on", _dial_wildly, _goes_on),
    in_a_call(f"{FLOOD} marks nobody asked for", "ignored, goes on", _echo_wildly, _goes_on),
    in_a_call(f"{FLOOD // 10} more `start`", "ignored, goes on", _start_again, _goes_on),
    in_a_call("200 messages that are no JSON", "closed", _send(b"{nonsense", times=200), _closed),
    in_a_call(
        "200 unknown events",
        "ignored, goes on",
        _send(b'{"event":"dance","streamSid":"MZ"}', times=200),
        _goes_on,
    ),
    in_a_call("a message of 4 MB", "closed", _send(b" " * GIANT_BYTES), _closed),
    in_a_call("binary messages", "ignored, goes on", _send_bytes, _goes_on),
    in_a_call(f"{FLOOD} frames after `stop`", "ends at once", _talk_after_stop, _hung_up),
)
