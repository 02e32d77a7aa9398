"""Whole calls: webhook, TwiML, stream, callbacks, action, script, report, command line."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from media import g711
from phone.__main__ import main
from phone.call import Call, CallOptions
from phone.calls import hold_call, hold_calls
from phone.errors import PhoneError, TwimlError
from phone.line_options import HangUp, LineOptions
from phone.play_call import play_all
from phone.report_text import call_text, summary_text, verdict
from phone.scenario import After, JustListen, Scenario, Turn
from phone.script import EndCall, ExpectEnd, Listen, Press, Speak, Wait
from phone.server_messages import Fault, FaultKind
from phone.signature import sign
from phone.transcript import NOT_SHOWN, fetch_transcript

pytestmark = [pytest.mark.e2e, pytest.mark.anyio]

SPEED = 5.0
TOKEN = "12345"  # noqa: S105 - of the published test vectors
_PHASE = (np.arange(8000) + 0.5) * 2 * np.pi * 400 / 8000
VOICE = g711.encode((np.sin(_PHASE) * 8000).astype(np.int16))
OPTIONS = LineOptions(speed=SPEED)
SCRIPT = (Listen(timeout_s=200.0), Speak(VOICE, "asks", timeout_s=200.0), EndCall())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Site:
    """A tiny server: web pages by path, and an agent that answers what it hears."""

    url: str = ""
    ws_url: str = ""
    pages: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    posts: list[tuple[str, dict[str, str], str]] = field(
        default_factory=list[tuple[str, dict[str, str], str]]
    )
    bearers: list[str] = field(default_factory=list[str])
    upgrades: list[str | None] = field(default_factory=list[str | None])
    ends_after: int = 1000
    clears: bool = True
    stopped: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head)
        }
        body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        path = head[0].split()[1]
        fields = dict(parse_qsl(body, keep_blank_values=True))
        self.posts.append((path, fields, headers.get("x-twilio-signature", "")))
        self.bearers.append(headers.get("authorization", ""))
        status, page = self.pages.get(path, (404, "no such page\nreally"))
        data = page.encode()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def agent(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.upgrades.append(socket.request.headers.get("x-twilio-signature"))
        sid, voiced, answers, quiet = "", False, 0, 0
        async for data in socket:
            message: dict[str, Any] = json.loads(data)
            sid = message.get("streamSid", sid)
            self.stopped += message["event"] == "stop"
            if message["event"] in {"start", "dtmf"}:
                await self._speak(socket, sid, answers)
                answers += 1
            if message["event"] != "media":
                continue
            silent = base64.b64decode(message["media"]["payload"]) == b"\xff" * 160
            if silent and voiced:
                quiet += 1
            elif not silent:
                if self.clears and not voiced:
                    await socket.send(json.dumps({"event": "clear", "streamSid": sid}))
                voiced, quiet = True, 0
            if voiced and quiet == 5:
                voiced, quiet = False, 0
                await self._speak(socket, sid, answers)
                answers += 1
            if answers > self.ends_after:
                await socket.close()

    async def _speak(self, socket: ServerConnection, sid: str, epoch: int) -> None:
        body = {"payload": base64.b64encode(VOICE * 2).decode()}
        mark = {"name": f"end#{epoch}"}
        await socket.send(json.dumps({"event": "media", "streamSid": sid, "media": body}))
        await socket.send(json.dumps({"event": "mark", "streamSid": sid, "mark": mark}))

    def paths(self) -> list[str]:
        return [path for path, _, _ in self.posts]

    def post(self, path: str) -> dict[str, str]:
        return next(fields for found, fields, _ in self.posts if found == path)


def _twiml(inner: str = "", *, action: str = ' action="/after"') -> str:
    return (
        f'<Response><Connect{action}><Stream url="wss://agent.example.com/ws" '
        f'statusCallback="/status"><Parameter name="token" value="t"/></Stream></Connect>'
        f"{inner}</Response>"
    )


@asynccontextmanager
async def _site() -> AsyncGenerator[Site]:
    site = Site(
        pages={
            "/webhook/voice": (200, _twiml()),
            "/after": (200, "<Response><Dial>+15550100</Dial></Response>"),
            "/status": (204, ""),
        }
    )
    web = await asyncio.start_server(site.answer, "127.0.0.1", 0)
    async with web, serve(site.agent, "127.0.0.1", 0, compression=None) as sockets:
        site.url = f"http://127.0.0.1:{web.sockets[0].getsockname()[1]}"
        site.ws_url = f"ws://127.0.0.1:{sockets.sockets[0].getsockname()[1]}/ws"
        yield site


def _options(site: Site, **changes: Any) -> CallOptions:
    return replace(CallOptions(site.url, ws_url=site.ws_url, line=OPTIONS), **changes)


async def test_a_call_goes_through_webhook_stream_callbacks_and_action() -> None:
    async with _site() as site:
        async with Call(_options(site)) as call:
            await call.line.wait_for_speech(200.0)
        voice = site.post("/webhook/voice")
        assert voice["CallStatus"] == "ringing"
        assert voice["CallSid"] == call.identity.call_sid
        assert voice["CallerName"] == ""
        events = [fields["StreamEvent"] for path, fields, _ in site.posts if path == "/status"]
        assert events == ["stream-started", "stream-stopped"]
        assert site.post("/after")["CallStatus"] == "completed"
        assert call.outcome == "dial +15550100"
        assert site.stopped == 1
        assert call.problems == []


async def test_everything_is_signed_over_the_public_urls() -> None:
    async with _site() as site:
        public = "https://agent.example.com"
        async with Call(_options(site, auth_token=TOKEN, public_url=public)):
            pass
        for path, fields, signature in site.posts:
            assert signature == sign(TOKEN, public + path, fields.items())
        assert site.upgrades == [sign(TOKEN, "wss://agent.example.com/ws")]


async def test_without_a_token_nothing_is_signed() -> None:
    async with _site() as site:
        async with Call(_options(site)):
            pass
        assert {signature for _, _, signature in site.posts} == {""}
        assert site.upgrades == [None]


async def test_verbs_after_the_stream_are_the_outcome_when_there_is_no_action() -> None:
    async with _site() as site:
        site.pages["/webhook/voice"] = (200, _twiml("<Say>bye</Say><Hangup/>", action=""))
        async with Call(_options(site)) as call:
            pass
        assert call.outcome == "say, hang up"
        assert "/after" not in site.paths()


async def test_a_redirect_before_the_stream_is_followed() -> None:
    async with _site() as site:
        site.pages["/webhook/voice"] = (200, "<Response><Redirect>/other</Redirect></Response>")
        site.pages["/other"] = (200, _twiml())
        async with Call(_options(site)) as call:
            assert call.connected


async def test_redirects_without_end_are_given_up() -> None:
    async with _site() as site:
        again = "<Response><Redirect>/webhook/voice</Redirect></Response>"
        site.pages["/webhook/voice"] = (200, again)
        with pytest.raises(PhoneError, match="more than 5 redirects"):
            await Call(_options(site)).place()


async def test_a_rejected_call_has_an_outcome_and_no_line() -> None:
    async with _site() as site:
        site.pages["/webhook/voice"] = (200, '<Response><Reject reason="busy"/></Response>')
        async with Call(_options(site)) as call:
            assert not call.connected
            with pytest.raises(PhoneError, match="reject busy"):
                _ = call.line
        report = await hold_call(_options(site), SCRIPT, print)
        assert report.failures == ["the server did not take the call: reject busy"]


async def test_a_refused_webhook_tells_status_and_first_line() -> None:
    async with _site() as site:
        site.pages["/webhook/voice"] = (403, "bad signature\nmore")
        with pytest.raises(PhoneError, match=r"refused with 403: bad signature$"):
            await Call(_options(site)).place()


async def test_twiml_that_is_not_understood_is_one_line() -> None:
    async with _site() as site:
        site.pages["/webhook/voice"] = (200, "{}")
        with pytest.raises(TwimlError, match="12100"):
            await Call(_options(site)).place()


async def test_a_failed_upgrade_is_reported_to_the_status_callback() -> None:
    async with _site() as site:
        with pytest.raises(PhoneError, match="no media socket"):
            await Call(_options(site, ws_url="ws://127.0.0.1:1/ws")).place()
        assert site.post("/status")["StreamEvent"] == "stream-error"


async def test_broken_callbacks_and_actions_are_problems_not_crashes() -> None:
    async with _site() as site:
        site.pages["/status"] = (500, "")
        del site.pages["/after"]
        async with Call(_options(site)) as call:
            pass
        assert len(call.problems) == 3
        assert "refused with 404" in call.problems[-1]


async def test_a_socket_alone_can_be_called() -> None:
    async with _site() as site:
        options = CallOptions(url=site.ws_url, parameters={"a": "b"}, line=OPTIONS)
        report = await hold_call(options, SCRIPT, print)
        assert report.failures == []
        assert site.posts == []


async def test_a_conversation_is_held_told_and_reported() -> None:
    told: list[str] = []
    async with _site() as site:
        report = await hold_call(_options(site), SCRIPT, told.append)
    assert report.failures == []
    assert len(report.latencies_ms) == 1
    assert [step.what for step in report.expectations] == ["the greeting", "asks"]
    assert [line.split("s  ", 1)[1].split()[0] for line in told][:2] == ["agent:", "agent:"]
    assert call_text(report).splitlines()[-1].startswith("OK")
    document = json.loads(json.dumps(report.as_json()))
    assert {"call_sid", "ok", "turns", "cadence", "marks", "underruns"} <= document.keys()
    assert document["marks"]["received"] == document["marks"]["played"] + (
        document["marks"]["flushed"] + document["marks"]["pending"]
    )


async def test_an_interruption_is_judged_by_the_clear() -> None:
    script = (
        Listen(timeout_s=200.0),
        Speak(VOICE, "interrupts", interrupt=True, after_s=0.3, timeout_s=200.0),
        EndCall(),
    )
    async with _site() as site:
        report = await hold_call(_options(site), script, print)
    assert report.failures == []
    assert report.expectations[-1].detail.startswith("interruption: silent after")
    assert report.turns[0].cut


async def test_an_interruption_without_a_clear_fails_the_call() -> None:
    script = (
        Listen(timeout_s=200.0),
        Speak(VOICE, "interrupts", interrupt=True, after_s=0.3, answer=False),
        EndCall(),
    )
    async with _site() as site:
        site.clears = False
        report = await hold_call(_options(site), script, print)
    assert report.failures == ["interrupts: interruption: no clear was sent"]


async def test_protocol_errors_underruns_and_stale_audio_fail_a_call() -> None:
    async with _site() as site:
        report = await hold_call(_options(site), SCRIPT, print)
    assert report.line is not None
    speaker = report.line.loudspeaker
    speaker.faults.add(Fault(FaultKind.NOT_JSON, "1 bytes"))
    speaker.playout.underruns.count = 2
    for _ in range(2):
        speaker.staleness.mark("u1#1")
        speaker.staleness.clear()
        speaker.staleness.media(b"late")
    speaker.staleness.mark("u1#1")
    assert report.failures == [
        "1 protocol errors by the server",
        "2 playout underruns inside speech",
        "2 media messages of a cleared playback",
    ]
    assert "not_json: 1 bytes" in call_text(report)


async def test_keys_pauses_and_the_servers_hang_up_are_steps() -> None:
    script = (Listen(timeout_s=200.0), Wait(0.2), Press("5", timeout_s=200.0), ExpectEnd(200.0))
    async with _site() as site:
        site.ends_after = 1
        report = await hold_call(_options(site), script, print)
        assert site.post("/after")["CallStatus"] == "in-progress"
    assert report.failures == []
    assert report.outcome == "dial +15550100"


async def test_an_expectation_that_is_not_met_fails_the_call() -> None:
    script = (Listen(timeout_s=200.0), ExpectEnd(0.2), EndCall(HangUp.CLOSE))
    async with _site() as site:
        report = await hold_call(_options(site), script, print)
    assert report.failures == ["ExpectEnd: waited in vain for the server's hang-up"]
    assert verdict(report).startswith("FAILED: ExpectEnd")


async def test_many_calls_at_once_each_have_their_own_report(tmp_path: Path) -> None:
    async with _site() as site:
        options = _options(site, line=LineOptions(speed=SPEED, recording=tmp_path / "c.wav"))
        reports = await hold_calls(options, SCRIPT, times=2, at_once=3)
    assert [report.failures for report in reports] == [[]] * 6
    assert len({report.call_sid for report in reports}) == 6
    assert sorted(os.listdir(tmp_path)) == [f"c-{number}.wav" for number in range(1, 7)]  # noqa: PTH208 - not in a coroutine's way
    assert "6 of 6 calls good; 6 answers" in summary_text(reports)


async def test_a_transcript_is_shown_where_the_server_shows_it() -> None:
    async with _site() as site:
        assert await fetch_transcript(site.url, "CA1", None) == NOT_SHOWN
        words = {"transcript": [{"who": "caller", "text": "hello", "at_s": 1.25}]}
        site.pages["/calls/CA1"] = (200, json.dumps(words))
        assert await fetch_transcript(site.url, "CA1", None) == "    1.2 s  caller: hello"
        site.pages["/calls/CA1"] = (200, "[]")
        assert await fetch_transcript(site.url, "CA1", None) == NOT_SHOWN
    assert await fetch_transcript("ws://x", "CA1", None) == NOT_SHOWN


async def test_an_unreachable_server_is_one_line_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = tmp_path / "s.toml"
    script.write_text('[[steps]]\ndo = "listen"\n')
    arguments = ["call", "http://127.0.0.1:1", "--script", str(script), "--quiet"]
    assert await asyncio.to_thread(main, arguments) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("FAILED: server not reachable: http://127.0.0.1:1/webhook/voice")


async def test_the_command_line_holds_a_call_and_prints_json(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = tmp_path / "s.toml"
    script.write_text('[[steps]]\ndo = "listen"\n[[steps]]\ndo = "hang_up"\n')
    out = tmp_path / "call.wav"
    async with _site() as site:
        arguments = ["call", site.url, "--ws-url", site.ws_url, "--script", str(script)]
        arguments += ["--json", "--out", str(out)]
        assert await asyncio.to_thread(main, arguments) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    assert document["calls"][0]["outcome"] == "dial +15550100"
    assert main(["listen", str(out)]) == 0
    assert capsys.readouterr().out.startswith("caller: ")
    assert main(["listen", str(script)]) == 1
    assert "not a WAV file" in capsys.readouterr().err


async def test_a_scenario_asks_for_the_words_with_the_admin_token() -> None:
    listens = Scenario("greeting", "t", "en-US", (Turn(After(0.0), JustListen()),))
    async with _site() as site:
        options = _options(site, admin_token="an-operators-own")
        (outcome,) = await play_all(options, [listens], lambda *_: [], lambda *_: None)
    assert outcome.ok
    asked = [
        bearer
        for (path, _, _), bearer in zip(site.posts, site.bearers, strict=True)
        if path == f"/calls/{outcome.call_sid}"
    ]
    assert asked == ["Bearer an-operators-own"]
