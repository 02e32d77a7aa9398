"""What the fault table keeps of a run: whose recordings, how many, and what is deleted."""

import tempfile
from pathlib import Path

import pytest

from bench.faults.__main__ import main
from bench.faults.replays import MOST_KEPT, MOST_OF_A_ROW, Replays, file_name, recording_settings

pytestmark = pytest.mark.unit

DAY = "2026-11-21"


def record(recorded: Path, *sids: str) -> None:
    """Lay down recordings as a server would, with its event logs beside them."""
    folder = recorded / DAY
    folder.mkdir(parents=True, exist_ok=True)
    for sid in sids:
        (folder / f"{sid}-120000000000.replay").write_text(sid)
        (folder / f"{sid}.jsonl").write_text("{}")


def test_what_let_a_call_down_is_kept_and_all_else_is_deleted(tmp_path: Path) -> None:
    recorded, kept = tmp_path / "recorded", tmp_path / "kept"
    record(recorded, "CA1", "CA2", "CA11")
    replays = Replays(kept)
    replays.keep(recorded, [("voice: fails", ["CA1"])])
    assert [path.read_text() for path in replays.kept] == ["CA1"]
    assert [path.name for path in kept.iterdir()] == ["voice-fails-CA1-120000000000.replay"]
    assert list(recorded.rglob("*.replay")) == []
    assert len(list(recorded.rglob("*.jsonl"))) == 3


def test_a_row_keeps_its_clearest_cases_and_leaves_room_for_others(tmp_path: Path) -> None:
    record(tmp_path / "recorded", "CA1", "CA2", "CA3")
    replays = Replays(tmp_path / "kept")
    replays.keep(tmp_path / "recorded", [("row", ["CA3", "CA1", "CA2"])])
    assert [path.read_text() for path in replays.kept] == ["CA3", "CA1"][:MOST_OF_A_ROW]


def test_there_is_a_bound_over_all_rows_and_what_is_beyond_it_is_told(tmp_path: Path) -> None:
    sids = [f"CA{number:03}" for number in range(MOST_KEPT + 4)]
    replays = Replays(tmp_path / "kept")
    for sid in sids:
        record(tmp_path / "recorded", sid)
        replays.keep(tmp_path / "recorded", [(sid, [sid])])
    assert len(list((tmp_path / "kept").iterdir())) == len(replays.kept) == MOST_KEPT
    assert replays.left_out == 4
    assert any("4 more" in line for line in replays.lines())


def test_the_folder_is_named_and_none_is_made_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    replays = Replays(None)
    record(tmp_path / "recorded", "CA1")
    replays.keep(tmp_path / "recorded", [])
    assert list(replays.lines()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["recorded"]
    record(tmp_path / "recorded", "CA1")
    replays.keep(tmp_path / "recorded", [("row", ["CA1"])])
    [kept] = replays.kept
    assert kept.is_relative_to(tmp_path)
    assert any(str(kept.parent) in line for line in replays.lines())


def test_servers_record_below_a_folder_whose_name_any_row_can_give(tmp_path: Path) -> None:
    name = file_name("agent, plain code: `start` / 200")
    assert name == "agent-plain-code-start-200"
    settings = recording_settings(tmp_path / name)
    assert settings == {"CALL_LOG_DIR": str(tmp_path / name), "CALL_LOG_REPLAY": "true"}


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("voice fails", ["voice fails"]),
        ("sigterm in every", ["SIGTERM in every state"]),
        ("cut short,mute stream", ["recordings cut short by their bound", "mute stream"]),
        ("for 60 s", ["frames 10 times too fast for 60 s"]),
        ("over every message", ["every actor crashes over every message"]),
        ("while replaying", ["STT crash over messages, STT crash while replaying"]),
    ],
)
def test_rows_of_every_part_can_be_chosen(
    chosen: str, names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--list", "--rows", chosen]) == 0
    assert capsys.readouterr().out.splitlines() == names


def test_a_choice_of_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--rows", "no such row"])
    assert "expected rows of --list" in capsys.readouterr().err
