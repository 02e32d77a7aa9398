"""A call that a real server recorded over the wire runs again to the same outputs."""

import asyncio
import json
from pathlib import Path

import pytest

from bench.logged_server import LoggedServer
from phone.call import Call, CallOptions
from replay.lines import Recording, read_recording
from replay.player import Player
from replay.recorded_settings import recorded_settings
from settings import ROOT
from tests.emulator.process import EmulatorProcess
from tests.support.stamped_faults import Fault
from tests.support.stamped_speech import Speech, make_speech

pytestmark = pytest.mark.e2e

REPLAYS = 20


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Hold a call in whose middle the recogniser's stream breaks, and read its recording."""
    folder = tmp_path_factory.mktemp("recorded")
    asyncio.run(_hold_call(folder, make_speech(1, utterances=2, lead_frames=50, tail_frames=100)))
    (path,) = folder.rglob("*.replay")
    return read_recording(path)


async def _hold_call(folder: Path, speech: Speech) -> None:
    mid_word = speech.utterances[0].words[0].start + 4
    async with EmulatorProcess() as emulator:
        await emulator.script([Fault(call=1, at_frame=mid_word)])
        server = LoggedServer(
            folder / "server.log",
            STT_ENGINE="google",
            TTS_ENGINE="tone",
            SPEECH_EMULATOR_HOST=emulator.host,
            DIALOGUE=str(ROOT / "bench" / "faults_dialogue.toml"),
            CALL_LOG_DIR=str(folder / "calls"),
            CALL_LOG_REPLAY="true",
        )
        async with server:
            call = Call(CallOptions(url=server.url))
            async with call:
                await call.line.speak(speech.audio)
        assert server.trouble is None


def test_it_replays_in_step_twenty_times_of_twenty(recording: Recording) -> None:
    decisions = [line.content[1] for line in recording.lines if line.kind == "note"]
    assert decisions.count("stt_restarted") == 1
    assert recording.cut is None
    verdicts = [Player(recording, recorded_settings(recording)).run() for _ in range(REPLAYS)]
    assert {verdict.difference for verdict in verdicts} == {None}
    assert {verdict.departure for verdict in verdicts} == {None}
    assert verdicts[0].same > sum(line.kind == "media" for line in recording.lines) > 0


def test_with_another_lead_it_differs(recording: Recording) -> None:
    changed = recorded_settings(recording, ["TX_LEAD_FRAMES=6"])
    assert Player(recording, changed).run().difference is not None


def test_no_secret_and_no_address_is_in_its_header(recording: Recording) -> None:
    assert "127.0.0.1" not in json.dumps(recording.header)
