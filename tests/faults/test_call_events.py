"""The event log of whole calls: what an operator finds in it afterwards."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.messages import DigitPressed, SpeechStarted, SpeechStopped, StreamStopped
from call_log import CallLogs
from tests.support.call import ManualCall
from tests.support.engines import word
from tests.support.faults import kill

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., ManualCall]


def held_call(place_call: PlaceCall, folder: Path, **changes: Any) -> list[dict[str, Any]]:
    """Hold a call with a question, a key and a crash of STT; read its log."""
    logs = CallLogs(folder, show_texts=changes.get("log_transcripts", False))
    try:
        call = place_call(new_log=logs.begin, **changes)
        call.quiet(3)
        call.line.agent.post(SpeechStarted(call.clock.now()))
        call.hear(word(1))
        call.line.agent.post(SpeechStopped(call.clock.now()))
        call.quiet(3)
        kill(call, "stt")
        call.quiet(3)
        call.line.agent.post(DigitPressed("7"))
        call.quiet(3)
        call.line.call.post(StreamStopped())
        call.wait(1)
        assert call.ended
    finally:
        logs.stop()
    (path,) = folder.glob("*/*.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def of(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]


def test_a_call_is_told_from_its_beginning_to_its_ledgers(
    place_call: PlaceCall, tmp_path: Path
) -> None:
    lines = held_call(place_call, tmp_path)
    events = [line["event"] for line in lines]
    turn = ["voice_started", "partial", "voice_stopped", "final", "reply", "say", "turn"]
    assert events[:2] == ["call_began", "say"]
    found = [events.index(event, 2) for event in turn]
    assert found == sorted(found)
    assert of(lines, "turn")[0]["reply"] == of(lines, "reply")[0]["reply"]
    assert of(lines, "child_failed")[0]["child"] == "stt"
    assert of(lines, "stt_restarted") == [
        {"t": of(lines, "child_failed")[0]["t"], "event": "stt_restarted", "attempt": 1}
    ]
    ended = lines[-1]
    assert (ended["event"], ended["reason"]) == ("call_ended", "caller_hung_up")
    assert ended["restarts"]["stt"] == 1
    assert {ledger["missing"] for ledger in ended["ledgers"].values()} == {0}
    assert ended["ledgers"]["rx"]["entered"] > 600


def test_nobodys_words_or_keys_are_in_it_unless_they_are_to_be_shown(
    place_call: PlaceCall, tmp_path: Path
) -> None:
    hidden = held_call(place_call, tmp_path / "hidden")
    shown = held_call(place_call, tmp_path / "shown", log_transcripts=True)
    assert not any("text" in line for line in hidden)
    assert of(hidden, "final")[0]["chars"] == 2
    assert of(shown, "final")[0]["text"] == "w1"
    assert [line["digit"] for line in of(hidden, "digit") + of(shown, "digit")] == ["*", "*"]
