"""The phone on loopback against a scripted server; its clock runs faster than ours."""

import asyncio
import base64
import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from media import g711
from media.frame import FRAME_BYTES
from phone.connection import MAX_OWED_BYTES
from phone.errors import LineEndedError, PhoneError, WaitTimeoutError
from phone.identity import Identity
from phone.line import Line, open_line
from phone.line_options import HangUp, LineOptions
from phone.microphone import Network
from phone.wav import read_channels

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]

SPEED = 5.0
LIMIT_S = 10.0
_PHASE = (np.arange(8000) + 0.5) * 2 * np.pi * 400 / 8000
VOICE = g711.encode((np.cos(_PHASE) * 8000).astype(np.int16))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Server:
    """What a scripted server heard, and how it answers."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []
        self.sid = ""

    async def until(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """Read until so many messages of a kind have come."""
        while len(self.of(event)) < count:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), LIMIT_S))
            self.heard.append(message)
            self.sid = message.get("streamSid", self.sid)
        return self.of(event)

    async def until_closed(self) -> None:
        with contextlib.suppress(ConnectionClosedError):
            async for message in self.socket:
                self.heard.append(json.loads(message))

    def of(self, event: str) -> list[dict[str, Any]]:
        return [message for message in self.heard if message["event"] == event]

    def media_ms_before(self, mark: str) -> int:
        """Media time of the last caller frame that came before a mark's echo."""
        names = [message.get("mark", {}).get("name") for message in self.heard]
        before = self.heard[: names.index(mark)]
        return max(int(m["media"]["timestamp"]) for m in before if "media" in m)

    async def play(self, audio: bytes) -> None:
        body = {"payload": base64.b64encode(audio).decode()}
        await self.send({"event": "media", "streamSid": self.sid, "media": body})

    async def mark(self, name: str) -> None:
        await self.send({"event": "mark", "streamSid": self.sid, "mark": {"name": name}})

    async def clear(self) -> None:
        await self.send({"event": "clear", "streamSid": self.sid})

    async def send(self, message: object) -> None:
        await self.socket.send(json.dumps(message))


async def hold(
    script: Callable[[Server], Awaitable[None]],
    caller: Callable[[Line], Awaitable[None]],
    options: LineOptions | None = None,
) -> tuple[Line, Server]:
    """Place a call; both sides must come to their end, then everything is closed."""
    done: asyncio.Future[Server] = asyncio.get_running_loop().create_future()

    async def handle(socket: ServerConnection) -> None:
        server = Server(socket)
        try:
            await script(server)
            await server.until_closed()
            done.set_result(server)
        except Exception as error:
            done.set_exception(error)
            raise

    async with serve(handle, "127.0.0.1", 0, compression=None) as listener:
        url = f"ws://127.0.0.1:{listener.sockets[0].getsockname()[1]}/ws"
        identity = Identity(stream_sid="MZ1")
        options = options or LineOptions(speed=SPEED)
        line = await open_line(url, identity, {"token": "t"}, options, {})
        try:
            await caller(line)
        finally:
            await line.hang_up()
        return line, await asyncio.wait_for(done, LIMIT_S)


async def wait_for_end(line: Line) -> None:
    await line.wait_for_end(200.0)


async def test_marks_come_back_in_order_each_after_its_audio() -> None:
    async def script(server: Server) -> None:
        await server.until("start")
        await server.mark("nothing-before")
        await server.play(VOICE[:4000])
        await server.mark("a#1")
        await server.play(VOICE[:4000])
        await server.mark("b#1")
        await server.until("mark", 3)
        await server.socket.close()

    line, server = await hold(script, wait_for_end)
    assert [m["mark"]["name"] for m in server.of("mark")] == ["nothing-before", "a#1", "b#1"]
    assert server.media_ms_before("a#1") >= 480
    assert server.media_ms_before("b#1") >= 980
    assert line.loudspeaker.marks_played == 3
    assert (line.ended_by, line.close_code) == ("server", 1000)


async def test_clear_returns_all_marks_at_once_and_silences_the_agent() -> None:
    async def script(server: Server) -> None:
        await server.until("start")
        await server.play(VOICE * 20)
        await server.mark("a#1")
        await server.mark("b#1")
        await server.until("media", 5)
        await server.clear()
        await server.until("mark", 2)

    async def caller(line: Line) -> None:
        await line.wait_for_speech(200.0)
        await line.wait_for_quiet(timeout_s=100.0)

    line, server = await hold(script, caller)
    assert [m["mark"]["name"] for m in server.of("mark")] == ["a#1", "b#1"]
    assert line.loudspeaker.marks_flushed == 2
    assert line.loudspeaker.playout.cleared_bytes > 8000
    assert [span.cut for span in line.ear.agent.spans] == [True]


async def test_messages_are_numbered_without_a_gap_and_end_with_stop() -> None:
    async def script(server: Server) -> None:
        await server.until("start")
        await server.mark("m")
        await server.until("dtmf", 2)

    async def caller(line: Line) -> None:
        await line.until(lambda: line.loudspeaker.marks_played > 0, "the mark", 100.0)
        line.press("5#")
        await line.speak(VOICE[:800])

    _, server = await hold(script, caller)
    assert [m["event"] for m in server.heard[:2]] == ["connected", "start"]
    assert server.heard[1]["start"]["customParameters"] == {"token": "t"}
    numbers = [int(m["sequenceNumber"]) for m in server.heard[1:]]
    assert numbers == list(range(1, len(numbers) + 1))
    chunks = [int(m["media"]["chunk"]) for m in server.of("media")]
    assert chunks == list(range(1, len(chunks) + 1))
    assert [m["dtmf"]["digit"] for m in server.of("dtmf")] == ["5", "#"]
    assert server.heard[-1]["event"] == "stop"


@pytest.mark.parametrize(
    ("how", "stops", "code"),
    [(HangUp.STOP, 1, 1000), (HangUp.CLOSE, 0, 1000), (HangUp.ABORT, 0, 1006)],
)
async def test_each_way_of_hanging_up_ends_as_the_server_would_see_it(
    how: HangUp, stops: int, code: int
) -> None:
    async def script(server: Server) -> None:
        await server.until("media")

    async def caller(line: Line) -> None:
        await line.speak(VOICE[:800])
        await line.hang_up(how)

    line, server = await hold(script, caller)
    assert len(server.of("stop")) == stops
    assert server.socket.close_code == code
    assert line.ended_by == "caller"


async def test_latency_is_measured_from_the_callers_last_word_to_the_agents_first() -> None:
    async def script(server: Server) -> None:
        await server.until("start")
        await server.until("media", 60)
        await server.play(VOICE)

    heard: list[float] = []

    async def caller(line: Line) -> None:
        await line.speak(VOICE[:4000])
        heard.append(await line.wait_for_speech(200.0))
        await line.wait_for_quiet()

    line, _ = await hold(script, caller)
    (turn,) = line.ear.turns()
    assert turn.latency_ms == pytest.approx(heard[0] * 1000)
    assert heard[0] > 0
    assert turn.agent_duration_s == pytest.approx(1.0, abs=0.01)


async def test_every_fault_of_the_server_is_recorded_and_the_call_goes_on() -> None:
    async def script(server: Server) -> None:
        await server.send({"event": "clear", "streamSid": "MZ1"})
        await server.until("start")
        await server.socket.send(b"\x00\x01")
        await server.socket.send("{")
        await server.send({"event": "keepalive"})
        await server.send({"event": "clear", "streamSid": "MZ2"})
        await server.socket.send(['{"event":"clear",', '"streamSid":"MZ1"}'])
        await server.play(VOICE[:160])
        await server.mark("end")
        await server.until("mark")

    async def caller(line: Line) -> None:
        await line.until(lambda: line.loudspeaker.marks_played > 0, "the mark", 100.0)

    line, _ = await hold(script, caller, LineOptions(speed=SPEED, start_delay_s=2.0))
    assert line.loudspeaker.faults.as_json() == {
        "before_start": 1,
        "binary_message": 1,
        "not_json": 1,
        "unknown_event": 1,
        "wrong_stream_sid": 1,
    }
    assert line.loudspeaker.clears == 1
    assert line.loudspeaker.media_messages == 1


async def test_messages_after_the_hang_up_are_no_fault() -> None:
    async def script(server: Server) -> None:
        await server.until("stop")

    async def caller(line: Line) -> None:
        await line.hang_up()
        line._on_message(b"still on its way", False)

    line, _ = await hold(script, caller)
    assert line.loudspeaker.faults.total == 0


async def test_a_call_is_recorded_on_both_sides(tmp_path: Path) -> None:
    async def script(server: Server) -> None:
        await server.until("start")
        await server.play(VOICE)

    async def caller(line: Line) -> None:
        await line.speak(VOICE[:1600])
        await line.wait_for_speech(200.0, since=0)
        await line.wait_for_quiet()

    path = tmp_path / "call.wav"
    line, _ = await hold(script, caller, LineOptions(speed=SPEED, recording=path))
    left, right = read_channels(path)
    assert np.count_nonzero(left) == pytest.approx(1600, abs=10)
    assert np.count_nonzero(right) == pytest.approx(8000, abs=50)
    first = int(np.flatnonzero(right)[0])
    assert first == pytest.approx(line.ear.agent.spans[0].start, abs=2)


async def test_a_muted_caller_sends_nothing_and_goes_on_later() -> None:
    async def script(server: Server) -> None:
        await server.until("media", 10)

    async def caller(line: Line) -> None:
        line.mute()
        await line.until(lambda: line.position > 4 * 8000, "four seconds", 100.0)
        assert line.sent_frames == 0
        line.mute(muted=False)
        await line.speak(VOICE[: FRAME_BYTES * 10])

    _, server = await hold(script, caller)
    assert int(server.of("media")[0]["media"]["timestamp"]) >= 3900


async def test_a_stalled_network_delivers_a_burst_in_order() -> None:
    async def script(server: Server) -> None:
        await server.until("media", 40)

    async def caller(line: Line) -> None:
        line.stall(1.0)
        await line.speak(VOICE)

    options = LineOptions(speed=SPEED, network=Network(jitter_ms=80))
    _, server = await hold(script, caller, options)
    stamps = [int(m["media"]["timestamp"]) for m in server.of("media")]
    assert stamps == list(range(0, len(stamps) * 20, 20))


async def test_waiting_in_vain_and_a_line_that_ends_are_told_apart() -> None:
    async def script(server: Server) -> None:
        await server.until("dtmf")
        await server.socket.close(1011)

    async def caller(line: Line) -> None:
        with pytest.raises(WaitTimeoutError, match="the agent's voice"):
            await line.wait_for_speech(timeout_s=0.5)
        line.press("1")
        with pytest.raises(LineEndedError, match="before the agent's voice"):
            await line.wait_for_speech(timeout_s=100.0)
        with pytest.raises(LineEndedError):
            await line.speak(VOICE)

    line, _ = await hold(script, caller)
    assert line.close_code == 1011


async def test_a_failure_of_the_phone_itself_ends_the_call_and_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(server: Server) -> None:
        await server.until_closed()

    async def caller(line: Line) -> None:
        monkeypatch.setattr(line, "microphone", None)
        with pytest.raises(LineEndedError):
            await line.wait_for_speech(200.0)
        assert line.ended_by == "phone"
        assert isinstance(line.failure, AttributeError)

    await hold(script, caller)


async def test_an_unknown_key_is_refused() -> None:
    async def script(server: Server) -> None:
        await server.until("start")

    async def caller(line: Line) -> None:
        with pytest.raises(PhoneError, match="not on a telephone"):
            line.press("5x")

    _, server = await hold(script, caller)
    assert server.of("dtmf") == []


async def test_an_unreachable_server_is_one_line() -> None:
    with pytest.raises(PhoneError, match="no media socket") as caught:
        await open_line("ws://127.0.0.1:1/ws", Identity(), {}, LineOptions(), {})
    assert "\n" not in str(caught.value)


async def test_audio_for_a_server_that_does_not_read_is_thrown_away_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(server: Server) -> None:
        await server.until("start")
        await server.until("dtmf")

    async def caller(line: Line) -> None:
        monkeypatch.setattr(
            line._connection.transport, "get_write_buffer_size", lambda: MAX_OWED_BYTES + 1
        )
        await line.until(lambda: line.refused_frames > 5, "refused frames", 200.0)
        line.press("1")

    _, server = await hold(script, caller)
    assert len(server.of("dtmf")) == 1


async def test_marks_can_be_echoed_late_as_from_far_away() -> None:
    async def script(server: Server) -> None:
        await server.until("start")
        await server.play(VOICE)
        await server.mark("flushed#1")
        await server.clear()
        await server.until("mark")

    async def caller(line: Line) -> None:
        await line.until(lambda: line.loudspeaker.clears > 0, "the clear", 200.0)
        await line.until(lambda: line.position > 3 * 8000, "three seconds", 200.0)

    options = LineOptions(speed=SPEED, mark_delay_s=1.0)
    _, server = await hold(script, caller, options)
    assert server.media_ms_before("flushed#1") >= 900


async def test_a_stall_of_the_phone_itself_is_not_called_an_underrun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(server: Server) -> None:
        await server.until("start")

    async def caller(line: Line) -> None:
        body = {"payload": base64.b64encode(VOICE[:160]).decode()}
        message = json.dumps({"event": "media", "streamSid": "MZ1", "media": body}).encode()
        due_at = line._wake_at
        for at in (due_at - 0.001, due_at + 0.4):
            monkeypatch.setattr(line.clock, "now", lambda at=at: at)
            line._on_message(message, True)
        monkeypatch.undo()
        assert line.loudspeaker.media_messages == 2
        assert line.loudspeaker.playout.underruns.count == 0
        assert line.loudspeaker.cadence.spacing.max_ms < 2.0

    await hold(script, caller)
