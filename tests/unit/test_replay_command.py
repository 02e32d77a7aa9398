"""`python -m phone replay FILE`: what it prints and with which exit code it ends."""

from pathlib import Path

import pytest
from loguru import logger

from actors.messages import DigitPressed
from phone.__main__ import main
from tests.support.call import ManualCall
from tests.support.recorded import recorded_call, speak

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replay")
    with recorded_call(folder, place=ManualCall) as call:
        call.quiet(1)
        speak(call, 1)
        call.quiet(2)
        call.line.agent.post(DigitPressed("7"))
        call.quiet(1)
    (path,) = folder.rglob("*.replay")
    return path


@pytest.fixture(autouse=True)
def _keep_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command silences the log of the process, which the other tests want to keep."""
    monkeypatch.setattr(logger, "remove", lambda *_: None)


def test_a_replay_that_is_the_same_tells_it_message_by_message(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(recording)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("SAME")
    assert [line for line in lines if "CallerSaid" in line]
    assert [line for line in lines if "frames in" in line]


def test_what_was_said_is_shown_only_when_asked_for(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["replay", str(recording)])
    hidden = capsys.readouterr().out
    main(["replay", str(recording), "--texts"])
    shown = capsys.readouterr().out
    for word in ("w1", "hello", "key 7", "'7'"):
        assert word not in hidden
        assert word in shown


def test_a_replay_that_differs_says_where_and_what_came_before(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(recording), "--set", "TX_LEAD_FRAMES=5", "--quiet"]) == 1
    lines = capsys.readouterr().out.splitlines()
    before = lines.index("the last messages:")
    found = next(number for number, line in enumerate(lines) if line.startswith("DIFFERS"))
    assert before < found
    assert lines[found + 1].startswith("expected  media 160")
    assert lines[found + 2].startswith("got       media 160")
    assert lines[found + 3].startswith("course    left at")


def test_a_replay_stops_at_the_first_difference(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(recording), "--set", "TX_LEAD_FRAMES=5"]) == 1
    lines = capsys.readouterr().out.splitlines()
    told = [line.split() for line in lines[: lines.index("the last messages:")]]
    assert max(float(words[0]) for words in told if words[0] != "…") < 0.1


def test_many_replays_are_counted(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(recording), "--times", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "3 of 3 replays had the outputs that were recorded"


def test_it_stops_where_it_is_told_to(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(recording), "--until", "1.0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    shown = lines[: lines.index("the last messages:")]
    times = [float(line.split()[0]) for line in shown if not line.split()[0].startswith("…")]
    assert times
    assert max(times) <= 1.0


def test_a_file_that_cannot_be_replayed_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(tmp_path / "none")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("phone: ")
    assert error.count("\n") == 1
