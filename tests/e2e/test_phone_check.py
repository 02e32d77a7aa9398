"""`phone check` against real servers: a good one is all GO, each bad one gives its own NO-GO.

Servers, sockets and phones are real, the engines are deterministic, and all of it is on one
loop whose time never waits: whatever the machine does besides, nobody is late. The plan is
shorter than the command line's: less silence, shorter sentences, more looks.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from loguru import logger
from pydantic import SecretStr

import actors.clock
import phone.clock
from actors.engines import Engines
from actors.messages import InboundFrame
from dialogue import ports as brains
from dialogue.ports import CallFacts
from media.frame import SILENCE_BYTE, SILENCE_FRAME
from phone.__main__ import main
from phone.call import CallOptions
from phone.check_calls import CheckedCall, hold_checked_calls
from phone.check_judge import judge_calls
from phone.check_plan import CheckPlan
from phone.check_row import Row, Verdict
from phone.check_view import Refusal, View, fetch_view
from speech import ports
from speech.finished import FINISHED
from speech.instant import InstantRecognizer
from speech.tone import ToneSynthesizer
from tests.support.engines import EchoBrain, EchoDialogue
from tests.support.server import LiveServer, live_server, said, utterance
from tests.support.virtual_loop import VirtualLoop, reading_time_of

pytestmark = pytest.mark.e2e

TOKEN = "an-operators-own-token"  # noqa: S105 - of a test
CHECKED_S = 60.0
PLAN = CheckPlan(
    question=utterance(2),
    long=utterance(6),
    interruption=utterance(3),
    silence_s=1.0,
    interrupt_after_s=1.0,
    look_every_s=0.5,
)
ANSWERED = "answers after"
"""What the check tells once it has heard an answer."""

ANSWER = "yes and this is an answer of some length to "
"""2.6 s with the word behind it."""

VIEW_ROWS = {
    "view",
    "partial",
    "final",
    "fps in",
    "fps out",
    "queues",
    "STT queue",
    "RX write",
    "STT write",
    "drops",
    "recogniser",
}


# --- engines ------------------------------------------------------------------------------


class Talker(EchoBrain):
    """Answers at some length."""

    interruptible = True

    def respond(self, event: brains.CallerEvent, sink: brains.BrainSink) -> Any:
        if not isinstance(event, brains.CallerSaid):
            return super().respond(event, sink)
        sink(brains.Say(ANSWER + event.text, interruptible=self.interruptible))
        sink(brains.ReplyDone())
        return FINISHED


class Stubborn(Talker):
    """Lets nobody interrupt it."""

    interruptible = False


class Talkers(EchoDialogue):
    """A brain of a kind for each call."""

    def __init__(self, kind: type[Talker]) -> None:
        super().__init__()
        self._kind = kind

    def new_brain(self, call: CallFacts) -> EchoBrain:
        return self._kind()


class LateVoice(ToneSynthesizer):
    """Takes its time before the first audio of an answer."""

    delay_s = 2.5

    def synthesize(self, text: str, sink: ports.SynthesisSink) -> ports.Cancellable:
        if not text.startswith(ANSWER):
            return super().synthesize(text, sink)
        speak = super().synthesize
        return asyncio.get_running_loop().call_later(self.delay_s, speak, text, sink)


class LatePartials(InstantRecognizer):
    """Says nothing of a voice in its first 1.4 s."""

    def open(self, sink: ports.RecognizerSink) -> Any:
        loop = asyncio.get_running_loop()
        held: list[asyncio.TimerHandle] = []

        def late(event: ports.RecognizerEvent) -> None:
            if isinstance(event, ports.Partial):
                held.append(loop.call_later(1.1, sink, event))
                return
            while held:
                held.pop().cancel()
            sink(event)

        return super().open(late)


# --- servers ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setup:
    """A server and how it is checked."""

    recognizer: InstantRecognizer
    synthesizer: ToneSynthesizer
    brain: type[Talker] = Talker
    settings: tuple[tuple[str, Any], ...] = ()
    plan: CheckPlan = PLAN
    token: str | None = None
    harm: Callable[[LiveServer], None] | None = None
    """Done once an answer of the server has been heard."""


def setup(**changes: Any) -> Setup:
    return replace(Setup(InstantRecognizer(said), ToneSynthesizer()), **changes)


def live_call(server: LiveServer) -> str:
    """The CallSid of a call that has been answered."""
    return next(sid for sid in server.root._live if server.view(sid)["latencies"])


def flood(server: LiveServer) -> None:
    """A sender that is not at 50 frames a second: 12 frames at once for a mailbox of 10."""
    rx = server.root._live[live_call(server)].parts.rx
    now = asyncio.get_running_loop().time()
    media_ms = 3_600_000
    for index in range(12):
        rx.post(InboundFrame(SILENCE_FRAME, media_ms + 20 * index, False, now))


def crash_stt(server: LiveServer) -> None:
    server.crash(live_call(server), "stt")


SETUPS: dict[str, Callable[[], Setup]] = {
    "good": lambda: setup(settings=(("admin_token", SecretStr(TOKEN)),), token=TOKEN),
    "closed": lambda: setup(settings=(("admin_token", SecretStr(TOKEN)),)),
    "slow finals": lambda: setup(
        recognizer=InstantRecognizer(said, quiet_ms=1900),
        settings=(("stt_timeout_ms", 5000),),
    ),
    "slow partials": lambda: setup(
        recognizer=LatePartials(said),
        plan=replace(PLAN, question=utterance(6), interruption=utterance(5)),
    ),
    "slow voice": lambda: setup(synthesizer=LateVoice()),
    "no barge-in": lambda: setup(brain=Stubborn),
    "drops": lambda: setup(settings=(("rx_mailbox_frames", 10),), harm=flood),
    "crashes": lambda: setup(harm=crash_stt),
    "cuts in": lambda: setup(
        plan=replace(PLAN, long=utterance(4) + bytes([SILENCE_BYTE]) * 8 * 900 + utterance(5))
    ),
}


@asynccontextmanager
async def serving(how: Setup) -> AsyncIterator[LiveServer]:
    async with live_server(**dict(how.settings)) as server:
        server.root._engines = Engines(how.recognizer, how.synthesizer, Talkers(how.brain))
        yield server


async def check(name: str) -> list[CheckedCall]:
    how = SETUPS[name]()
    async with serving(how) as server:
        harm = how.harm

        def tell(text: str) -> None:
            nonlocal harm
            if harm is not None and ANSWERED in text:
                strike, harm = harm, None
                strike(server)

        options = CallOptions(server.url, admin_token=how.token)
        return await hold_checked_calls(options, how.plan, tell, at_once=True)


async def check_all() -> dict[str, list[CheckedCall]]:
    async with asyncio.timeout(CHECKED_S):
        held = await asyncio.gather(*(check(name) for name in SETUPS))
    return dict(zip(SETUPS, held, strict=True))


@pytest.fixture(scope="module")
def checked() -> dict[str, list[CheckedCall]]:
    logger.disable("actors")  # of eighteen calls; a loop that prints them all is late
    loop = VirtualLoop()
    try:
        with (
            reading_time_of(loop, actors.clock, phone.clock),
            asyncio.Runner(loop_factory=lambda: loop) as runner,
        ):
            return runner.run(check_all())
    finally:
        logger.enable("actors")


def no_gos(calls: Sequence[CheckedCall], *, needed: bool = True) -> dict[str, Row]:
    """What stands in the way."""
    rows = judge_calls(calls, needed=needed)
    return {row.name: row for row in rows if row.verdict is Verdict.NO_GO}


def test_a_good_server_is_all_go(checked: dict[str, list[CheckedCall]]) -> None:
    assert no_gos(checked["good"]) == {}
    rows = {row.name: row for row in judge_calls(checked["good"])}
    assert len(rows) == 21
    assert rows["silence"].detail.startswith("patience; then answered after")
    assert rows["drops"].detail == "0"
    assert "target 1.1 met" in rows["total"].detail


def test_a_view_that_is_refused_is_a_no_go_unless_it_is_not_asked_for(
    checked: dict[str, list[CheckedCall]],
) -> None:
    bad = no_gos(checked["closed"])
    assert bad.keys() == VIEW_ROWS
    assert all(row.detail.startswith("NOT SEEN: refused with 401") for row in bad.values())
    assert no_gos(checked["closed"], needed=False) == {}


@pytest.mark.parametrize(
    ("server", "row", "detail", "advice"),
    [
        ("slow finals", "final", "target 1.5 missed", "STT_TIMEOUT_MS"),
        ("slow partials", "partial", "target 0.8 missed", "STT_BATCH_MS"),
        ("slow voice", "total", "target 1.1 missed", "synthesis took 2."),
        ("no barge-in", "barge-in", "still speaking after", "may not be interrupted"),
        ("drops", "drops", "rx overflow", "sender that is not at 50 frames"),
        ("crashes", "recogniser", "stt restarted", "crashed"),
        ("cuts in", "long sentence", "the agent spoke", "STT_PRESET=relaxed"),
    ],
)
def test_what_is_wrong_with_a_server_is_the_only_no_go(
    checked: dict[str, list[CheckedCall]], server: str, row: str, detail: str, advice: str
) -> None:
    bad = no_gos(checked[server])
    assert bad.keys() == {row}, bad
    assert detail in bad[row].detail
    assert advice in bad[row].advice


# --- the command line ---------------------------------------------------------------------


def test_a_server_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "http://127.0.0.1:1"]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("phone: server not reachable: http://127.0.0.1:1/webhook/voice")


async def ask_one_who_redirects() -> tuple[Refusal | View, list[bytes]]:
    requests: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as site:
        url = f"http://127.0.0.1:{site.sockets[0].getsockname()[1]}"
        return await fetch_view(url, "CA1", TOKEN), requests


def test_the_admin_token_goes_nowhere_but_to_the_server() -> None:
    seen, requests = asyncio.run(ask_one_who_redirects())
    assert seen == Refusal("refused with 302")
    (request,) = requests
    assert f"Authorization: Bearer {TOKEN}".encode() in request
