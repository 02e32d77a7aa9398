"""The loop whose time never waits: timers in order, sockets first, still while a thread works."""

import asyncio
import threading
import time

import pytest

import phone.clock
from tests.support.virtual_loop import VirtualLoop, reading_time_of

pytestmark = pytest.mark.unit

HOUR_S = 3600.0
REAL_S = 5.0


def test_an_hour_of_timers_takes_no_time_and_each_fires_at_its_own() -> None:
    fired: list[float] = []

    async def sleeper(seconds: float) -> None:
        await asyncio.sleep(seconds)
        fired.append(asyncio.get_running_loop().time())

    async def run() -> None:
        await asyncio.gather(*(sleeper(seconds) for seconds in (HOUR_S, 1.0, 60.0)))

    began_at = time.monotonic()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())
    assert fired == pytest.approx([1.0, 60.0, HOUR_S])
    assert time.monotonic() - began_at < REAL_S


def test_what_is_on_its_way_through_a_socket_comes_before_time_goes_on() -> None:
    heard: list[tuple[bytes, float]] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1):
            heard.append((data, asyncio.get_running_loop().time()))
        writer.close()

    async def run() -> None:
        async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for data in (b"a", b"b"):
                writer.write(data)
                await asyncio.sleep(1.0)
            writer.close()
            await writer.wait_closed()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())
    assert [data for data, _ in heard] == [b"a", b"b"]
    assert [at for _, at in heard] == pytest.approx([0.0, 1.0], abs=0.01)


def test_time_stands_still_while_a_thread_is_at_work() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return go_on.wait(0.1)

    async def run() -> float:
        loop = asyncio.get_running_loop()
        loop.call_later(HOUR_S, go_on.set)  # would let the thread go on too early
        assert not await asyncio.to_thread(work)
        return loop.time()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(run()) < HOUR_S
    assert begun.is_set()


def test_modules_read_their_time_off_the_loop_as_long_as_they_are_told_to() -> None:
    loop = VirtualLoop()
    try:
        with reading_time_of(loop, phone.clock):
            assert vars(phone.clock)["time"].monotonic() == 0.0
        assert vars(phone.clock)["time"] is time
    finally:
        loop.close()
