"""Every scenario of `scenarios/`, played by the phone against real server processes, at once.

The engines are deterministic: coded words for the recogniser, tones for the voice, both over
gRPC as Google's would be, and a model that answers by what the caller says. Scenarios that
need the same settings share a server.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from bench.logged_server import LoggedServer
from phone.__main__ import main
from phone.call import CallOptions
from phone.errors import PhoneError
from phone.play_call import Outcome, play_all
from phone.play_voice import speak_texts
from phone.scenario import Scenario
from phone.scenario_file import load_scenario
from recordings.make import wave_file
from settings import ROOT
from tests.support import openai_server
from tests.support.coded_ear import recognising
from tests.support.coded_words import Codebook
from tests.support.google_tts_server import SpeakingServicer, serving
from tests.support.openai_server import Answer, OpenAIServer, text_answer
from tests.support.server import live_server, utterance

pytestmark = pytest.mark.e2e

FOLDER = ROOT / "scenarios"
SCENARIOS = {path.stem: load_scenario(path) for path in sorted(FOLDER.glob("*.toml"))}
UNSPEAKABLE = "cannot be spoken"
PLAYED_S = 90.0
LOG_CHARS = 2000
"""Of a server's log that are shown when it did not start."""

SLOW_S = 5.5
"""Longer than the filler takes, so that the answer comes after it."""

SHARED = ("DIALOGUE", "AGENT")
"""Settings by which scenarios are told apart: those that differ need servers of their own."""


class Choosy(SpeakingServicer):
    """A voice that refuses one text."""

    async def synthesize_speech(self, request: Any, context: Any) -> Any:
        if UNSPEAKABLE in request.input.text:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the text is refused")
        return await super().synthesize_speech(request, context)


class ByWords(deque[Answer]):
    """A model that answers by what the caller has said."""

    def __init__(self, server: OpenAIServer) -> None:
        super().__init__()
        self._asked = server.asked

    def popleft(self) -> Answer:
        said = str(self._asked[-1]["messages"][-1]["content"])
        if "fail" in said:
            return Answer(status=500)
        answer = text_answer("I have found it.")
        if "slowly" in said:
            answer.hold_head = asyncio.Event()
            asyncio.get_running_loop().call_later(SLOW_S, answer.hold_head.set)
        return answer


@dataclass
class Played:
    """What became of all scenarios."""

    outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    told: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    troubles: list[str] = field(default_factory=list[str])
    """What the servers logged as errors, and what was wrong with their ends."""

    def tell(self, scenario: Scenario, text: str) -> None:
        self.told.setdefault(scenario.name, []).append(text)


def groups(scenarios: Iterable[Scenario]) -> Iterator[tuple[Mapping[str, str], list[Scenario]]]:
    """Put those together that one server can serve; gives what it must be set up with."""
    found: dict[tuple[str | None, ...], list[Scenario]] = {}
    for scenario in scenarios:
        found.setdefault(tuple(map(scenario.server.get, SHARED)), []).append(scenario)
    for together in found.values():
        yield {name: value for one in together for name, value in one.server.items()}, together


async def play_everything(folder: Path) -> Played:
    played = Played()
    book = Codebook()
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(openai_server.serving())
        model.answers = ByWords(model)
        engines = {
            "OPENAI_BASE_URL": model.url,
            "STT_ENGINE": "google",
            "SPEECH_EMULATOR_HOST": await stack.enter_async_context(recognising(book)),
            "TTS_ENGINE": "google",
            "TTS_EMULATOR_HOST": await stack.enter_async_context(serving(Choosy())),
        }

        async def play(number: int, needs: Mapping[str, str], together: list[Scenario]) -> None:
            log = folder / f"server-{number}.log"
            server = LoggedServer(log, **{**needs, **engines})
            try:
                async with server:
                    options, at_once = CallOptions(server.url), len(together)
                    told = await play_all(options, together, book.voice, played.tell, at_once)
            except RuntimeError as error:
                pytest.fail(f"{error}\n{log.read_text()[-LOG_CHARS:]}")
            played.outcomes |= {one.scenario.name: one for one in told}
            played.troubles += [server.trouble] if server.trouble else []
            played.troubles += [line for line in log.read_text().splitlines() if " ERROR " in line]

        grouped = enumerate(groups(SCENARIOS.values()))
        async with asyncio.timeout(PLAYED_S), asyncio.TaskGroup() as tasks:
            for number, (needs, together) in grouped:
                tasks.create_task(play(number, needs, together))
    return played


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return asyncio.run(play_everything(tmp_path_factory.mktemp("scenarios")))


# --- the command line -----------------------------------------------------------------

GOOD = """
title = "A word is answered"
[[turn]]
wait = { after_ms = 0 }
expect = { agent_speaks_within_ms = 3000, hears = "hello" }
[[turn]]
wav = "word.wav"
expect = { agent_speaks_within_ms = 3000, understood = "word 3" }
[[turn]]
hang_up = true
"""
BAD = """
title = "Nothing of this happens"
[[turn]]
wait = { after_ms = 0 }
expect = { no_answer_within_ms = 500, hears = "good evening", hung_up_within_ms = 600 }
[[turn]]
wait = { agent_speaking_for_ms = 60000 }
timeout_s = 0.2
expect = { transferred_to = "+1" }
"""


async def play_files(folder: Path, *texts: str) -> int:
    """Play scenarios on the command line against a server in this loop."""
    (folder / "word.wav").write_bytes(wave_file(utterance(3)))
    paths = [folder / f"scenario-{number}.toml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    async with live_server() as server:
        arguments = ["play", *map(str, paths), "--url", server.url, "--at-once", "2"]
        return await asyncio.to_thread(main, [*arguments, "--record", str(folder)])


def test_a_scenario_that_goes_as_it_says_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asyncio.run(play_files(tmp_path, GOOD)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "A word is answered"
    assert lines[-1].startswith("PASS scenario-0 (")
    assert any("caller: plays word.wav" in line for line in lines)
    assert any(line.endswith("caller: word 3") for line in lines)
    assert (tmp_path / "scenario-0.wav").stat().st_size > 16_000


def test_a_scenario_that_goes_otherwise_fails_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asyncio.run(play_files(tmp_path, GOOD, BAD)) == 1
    *_, good, bad, summary = capsys.readouterr().out.splitlines()
    assert good.startswith("PASS scenario-0")
    for reason in (
        "turn 1 (listens): no_answer_within_ms = 500: spoke after",
        "turn 1 (listens): hung_up_within_ms = 600: did not hang up in 600 ms",
        "turn 2 (listens): waited in vain for the agent's voice",
        'turn 1: hears = "good evening": the agent said "hello"',
    ):
        assert reason in bad
    assert summary == "1 of 2 scenarios went as expected"


def test_a_server_that_is_not_there_fails_the_scenario(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.toml"
    path.write_text(BAD)
    assert main(["play", str(path), "--url", "http://127.0.0.1:1", "--quiet"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("FAIL one: server not reachable: http://127.0.0.1:1/webhook/voice")


def test_a_wrong_file_is_one_line_before_any_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.toml"
    path.write_text('title = "t"\n[[turn]]\nnoise = "sneeze"')
    assert main(["play", str(path)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"phone: {path}: turn[1].noise: expected one of cough, knock, hum\n"


def test_the_phones_own_voice_speaks_both_languages() -> None:
    english = speak_texts(["are you open", "yes"], "en-US")
    hebrew = speak_texts(["שלום"], "he-IL")
    assert [len(audio) > 2000 for audio in (*english, *hebrew)] == [True] * 3
    assert len(english[0]) > len(english[1])
    with pytest.raises(PhoneError, match=r"the voice: .*'xx' is unknown"):
        speak_texts(["a"], "xx")


# --- the scenarios of the project -----------------------------------------------------


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_scenario_goes_as_it_says(played: Played, name: str) -> None:
    outcome = played.outcomes[name]
    assert outcome.ok, "\n".join([outcome.verdict(), *played.told[name]])


def test_no_server_logs_an_error_or_ends_badly(played: Played) -> None:
    assert played.troubles == []
