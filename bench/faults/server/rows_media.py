"""Rows of the fault table: the caller's frames are late, in bursts, lost, too many, mistimed."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from bench.faults.server.call import FaultyCall
from bench.faults.server.row import WINDOW_S, ServerRow, StrikeStep, in_a_call
from media.frame import FRAME_BYTES, FRAME_MS, FRAME_S
from phone.microphone import Network

TOO_FAST: Final = 10
"""Times real time."""

TOO_FAST_S: Final = 6.0
"""For which frames come too fast: 3000, of which half are more than what is taken at once."""

AWAY_S: Final = 3.0
"""For which nothing comes, and then everything."""

HOUR_MS: Final = 3_600_000
FRAMES: Final = 50
NOISE: Final = bytes([0x35, 0xB5]) * (FRAME_BYTES // 2)


def _network(network: Network) -> StrikeStep:
    async def strike(call: FaultyCall) -> None:
        microphone: Any = call.line.microphone
        microphone._network = network  # noqa: SLF001  # the fault

    return strike


async def _stall(call: FaultyCall) -> None:
    call.line.stall(AWAY_S)


async def _too_fast(call: FaultyCall) -> None:
    call.asides.append(asyncio.create_task(send_too_fast(call, TOO_FAST_S)))


async def send_too_fast(call: FaultyCall, seconds: float) -> None:
    """Send noise at `TOO_FAST` times real time instead of what the caller says."""
    call.line.mute()
    sent = 0
    for _ in range(round(seconds / FRAME_S)):
        for _ in range(TOO_FAST):
            call.connection.post(call.messages.media(NOISE, sent * FRAME_MS), droppable=True)
            sent += 1
        await asyncio.sleep(FRAME_S)
    call.line.mute(muted=False)


def _timed(*timestamps_ms: int) -> StrikeStep:
    """Send frames with such media times instead of those of the phone."""

    async def strike(call: FaultyCall) -> None:
        call.line.mute()
        for timestamp_ms in timestamps_ms:
            call.connection.post(call.messages.media(NOISE, timestamp_ms))
        call.line.mute(muted=False)

    return strike


async def _goes_on(call: FaultyCall) -> str:
    return await call.goes_on()


async def _understands(call: FaultyCall) -> str:
    await call.bears_it(WINDOW_S)
    microphone: Any = call.line.microphone
    microphone._network = Network()  # noqa: SLF001  # well again
    return await call.understands()


async def _understands_later(call: FaultyCall) -> str:
    await call.bears_it(AWAY_S)
    return await call.understands()


async def _is_over(call: FaultyCall) -> str:
    await asyncio.gather(*call.asides)
    return await call.goes_on()


_BACKWARDS: Final = tuple(range(FRAMES * FRAME_MS, 0, -FRAME_MS))
_JUMPING: Final = (HOUR_MS, 0, 2 * HOUR_MS, 1, 2**31, 2**53, 0)

ROWS: Final[Sequence[ServerRow]] = (
    in_a_call(
        "frames up to 300 ms late", "goes on", _network(Network(jitter_ms=300.0)), _understands
    ),
    in_a_call(
        "frames in bursts of 400 ms",
        "goes on",
        _network(Network(burst_every_s=0.5, burst_ms=400.0)),
        _understands,
    ),
    in_a_call("every fifth frame lost", "goes on", _network(Network(loss=0.2)), _understands),
    in_a_call("3 s of frames late, then at once", "goes on", _stall, _understands_later),
    in_a_call(
        f"frames {TOO_FAST} times too fast for {TOO_FAST_S:.0f} s",
        "held back, goes on",
        _too_fast,
        _is_over,
        window_s=TOO_FAST_S,
    ),
    in_a_call("media timestamps backwards", "goes on", _timed(*_BACKWARDS), _understands),
    in_a_call("media timestamps jump by hours", "goes on", _timed(*_JUMPING), _understands),
    in_a_call("the same timestamp 50 times", "goes on", _timed(*[HOUR_MS] * FRAMES), _goes_on),
)
