"""Recordings as files: what is written, what can be read again, what ends one."""

import stat
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors import messages
from actors.outcome import TransferTo
from call_log import Recordings, Tape
from call_log import tape as tape_module
from dialogue import ports as brains
from media.frame import SILENCE_FRAME
from replay.codec import RecordingError, as_read, encode, pack, unpack
from replay.lines import read_recording
from replay.recorded_settings import recorded_settings
from replay.recorder import begin_recordings, kept_settings
from settings import SettingsError, load_settings
from speech import ports
from tests.support.call import ManualCall, settings

pytestmark = pytest.mark.unit

SID = "CA0123456789abcdef"
BEGIN = '[1.0,"begin",{"format":1}]\n'

SAMPLES = [
    messages.InboundFrame(SILENCE_FRAME, 20, True, 1.25),
    messages.MarkEchoed("at5#1"),
    messages.SpeechStarted(1.5),
    messages.SocketClosed(None),
    messages.DigitPressed("5"),
    TransferTo("+15550100"),
    brains.CallerSaid("שלום", True),
    brains.Say("a \ud800 b", False),
    brains.CollectDigits(3),
    brains.ToolUsed("add", "done", 12.5, '{"a": 1}'),
    ports.Partial("a", 0.5, None),
    ports.Final("a", 20.0),
    ports.StreamEnded("OK"),
    ports.RecognizeFailed("INTERNAL"),
    ports.AudioChunk(bytes(range(200))),
    ports.SynthesisDone(),
]


def written(path: Path, *lines: str) -> Path:
    path.write_text(BEGIN + "".join(lines), encoding="utf-8")
    return path


def tape_of(now: list[float]) -> tuple[Tape, deque[Any]]:
    waiting: deque[Any] = deque()
    return Tape("path", lambda: now[0], waiting), waiting


def lines_of(waiting: deque[Any]) -> list[tuple[Any, ...]]:
    return [line for _, line in waiting]


# --- messages -------------------------------------------------------------------------


@pytest.mark.parametrize("message", SAMPLES, ids=lambda one: type(one).__name__)
def test_what_enters_a_call_is_the_same_after_it_was_written(message: Any) -> None:
    assert unpack(as_read((message,))[0]) == message


def test_a_field_that_came_later_takes_its_default() -> None:
    packed = pack(brains.Say("a", False))
    assert unpack(packed[:2]) == brains.Say("a")


@pytest.mark.parametrize("packed", [["Nobody"], ["Say", "a", True, 1], ["Say"], ["Say", 1]])
def test_what_is_no_message_is_one_line_without_its_content(packed: Any) -> None:
    with pytest.raises(RecordingError) as error:
        unpack(packed)
    assert "\n" not in str(error.value)


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError):
        encode((1.0, object()))
    with pytest.raises(ValueError, match="JSON"):
        encode((float("nan"),))


# --- the tape -------------------------------------------------------------------------


def test_what_happens_in_a_turn_is_told_from_what_happens_by_itself() -> None:
    now = [1.0]
    tape, waiting = tape_of(now)
    tape.enters("in", "rx")
    tape.begin("turn", "rx")
    tape.enters("say", 1)
    tape.leaves("media", 160, 7)
    tape.end()
    tape.enters("in", "tx")
    assert lines_of(waiting) == [
        (1.0, "in", "rx"),
        (1.0, "turn", "rx"),
        (1.0, "+say", 1),
        ("media", 160, 7),
        (1.0, "in", "tx"),
    ]


def test_looks_at_a_clock_that_moves_during_a_turn_are_kept() -> None:
    now = [1.0000001]
    tape, waiting = tape_of(now)
    tape.begin("turn", "rx")
    assert [tape.read(1.0), tape.read(1.0001234)] == [1.0, 1.000123]
    tape.end()
    tape.begin("turn", "tx")
    tape.read(1.0)
    tape.end()
    assert lines_of(waiting) == [(1.0, "turn", "rx"), ("reads", [0, 123]), (1.0, "turn", "tx")]


def test_a_tape_that_was_cut_takes_nothing_more() -> None:
    tape, waiting = tape_of([1.0])
    tape.cut("why")
    tape.cut("again")
    tape.leaves("media")
    assert lines_of(waiting) == [("cut", "why")]


def test_a_disk_that_is_too_slow_ends_the_recording_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tape_module, "LINES_WAIT_MAX", 3)
    tape, waiting = tape_of([1.0])
    for number in range(9):
        tape.leaves("mark", number)
    assert len(waiting) == 4
    assert lines_of(waiting)[-1] == ("cut", "the disk is too slow")


# --- on disk --------------------------------------------------------------------------


def test_a_file_is_its_owners_alone_and_is_written_by_another_thread(tmp_path: Path) -> None:
    threads: list[str] = []

    def noting(line: tuple[Any, ...]) -> bytes:
        threads.append(threading.current_thread().name)
        return encode(line)

    recordings = Recordings(tmp_path, noting)
    tape = recordings.begin(SID, lambda: 1.0)
    assert tape is not None
    tape.begin("begin", {"format": 1})
    tape.leaves("ended")
    recordings.stop()
    (path,) = tmp_path.glob("*/*")
    assert path.name.startswith(f"{SID}-")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert set(threads) == {"call-recordings"}
    assert read_recording(path).cut is None


def test_a_callsid_that_is_no_file_name_has_no_recording(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path, encode)
    assert recordings.begin("../../etc", lambda: 1.0) is None
    recordings.stop()
    assert recordings.begin(SID, lambda: 1.0) is None


def test_a_folder_that_cannot_be_written_ends_recordings_without_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    cut: list[bool] = []
    recordings = Recordings(tmp_path / "file", encode, on_cut=lambda: cut.append(True))
    tape = recordings.begin(SID, lambda: 1.0)
    assert tape is not None
    tape.leaves("mark")
    recordings.stop()
    assert (tape.ended, recordings.cut_short, len(cut)) == (True, 1, 1)


def test_a_line_without_a_json_form_ends_the_recording_and_says_so(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path, encode)
    tape = recordings.begin(SID, lambda: 1.0)
    assert tape is not None
    tape.begin("begin", {"format": 1})
    tape.leaves("note", object())
    tape.leaves("note", "later")
    recordings.stop()
    (path,) = tmp_path.glob("*/*")
    assert read_recording(path).cut == "a line has no JSON form"
    assert "later" not in path.read_text(encoding="utf-8")


# --- read again -----------------------------------------------------------------------


def test_lines_have_their_time_and_their_place(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a",
        '[2.0,"turn","rx"]\n["media",160,1]\n[2.5,"+say",1,["SynthesisDone"]]\n["mark","a"]\n',
        '["reads",[5,7]]\n[3.0,"in","agent",["DigitPressed","1"]]\n["ended"]\n',
    )
    recording = read_recording(path)
    seen = [(line.at, line.kind, line.timed, line.nested) for line in recording.lines]
    assert seen == [
        (2.0, "turn", True, False),
        (2.0, "media", False, False),
        (2.5, "say", True, True),
        (2.0, "mark", False, False),
        (3.0, "in", True, False),
    ]
    assert recording.lines[0].reads == (2.000005, 2.000007)
    assert (recording.began_at, recording.cut) == (1.0, None)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ('["cut","why"]\n', "why"),
        ('["cut","the call is over"]\n', None),
        ('["mark","half', "the server ended without a last line"),
    ],
)
def test_a_recording_says_how_it_ends(tmp_path: Path, text: str, cut: str | None) -> None:
    assert read_recording(written(tmp_path / "a", text)).cut == cut


@pytest.mark.parametrize(
    "text",
    ["", "x\n", "[]\n", "{}\n", '["media"]\n', '[1.0,"begin"]\n', '[1.0,"begin",{"format":99}]\n'],
)
def test_a_file_that_is_no_recording_is_one_line_with_its_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecordingError, match=":1: expected"):
        read_recording(path)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        read_recording(tmp_path / "none")


# --- settings -------------------------------------------------------------------------


def test_a_recording_holds_no_text_of_the_settings() -> None:
    kept = kept_settings(settings(twilio_auth_token="secret", public_host="voice.example.com"))
    assert kept["tx_lead_frames"] == 3
    assert not any(isinstance(value, str) for value in kept.values())


def test_a_replay_has_the_recorded_settings_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TX_LEAD_FRAMES", "9")
    monkeypatch.setenv("HOST", "0.0.0.0")
    path = tmp_path / "a"
    kept = kept_settings(settings(tx_lead_frames=5, call_log_replay=True))
    path.write_bytes(encode((1.0, "begin", {"format": 1, "settings": kept | {"gone": 1}})))
    recording = read_recording(path)
    assert recorded_settings(recording).tx_lead_frames == 5
    assert recorded_settings(recording, ["tx_lead_frames=7"]).tx_lead_frames == 7


@pytest.mark.parametrize("change", ["NOTHING=1", "TX_LEAD_FRAMES", "TX_LEAD_FRAMES=many"])
def test_a_change_that_is_no_setting_is_one_line(tmp_path: Path, change: str) -> None:
    recording = read_recording(written(tmp_path / "a"))
    with pytest.raises(RecordingError, match=r"NAME=VALUE|TX_LEAD_FRAMES: "):
        recorded_settings(recording, [change])


def test_a_recording_that_ends_early_is_told_to_who_asked_for_recordings(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    at_the_end: list[Callable[[], None]] = []
    cut: list[bool] = []
    asked = settings(call_log_replay=True, call_log_dir=tmp_path / "file")
    ManualCall(new_recorder=begin_recordings(asked, lambda: cut.append(True), at_the_end.append))
    for stop in at_the_end:
        stop()
    assert len(cut) == 1


def test_recordings_need_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALL_LOG_REPLAY", "true")
    with pytest.raises(SettingsError, match=r"CALL_LOG_REPLAY.*expected CALL_LOG_DIR"):
        load_settings(None)
