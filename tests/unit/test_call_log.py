"""The event log of calls: what stands in it, and that no disk can hurt a call."""

import errno
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from call_log import (
    NO_CALL_LOG,
    CallLogs,
    Recordings,
    begin_call_logs,
    check_folder,
    logs,
    no_call_log,
    recordings,
)
from call_log.file import append_to_file
from settings import SettingsError
from tests.support.context import logged
from tests.support.web import settings

pytestmark = pytest.mark.unit
WAIT_S = 5.0
SID = "CA" + "0" * 32


class Clock:
    """A call's clock."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time


class Disk:
    """Takes lines, or does not, or takes its time."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()
        self.open.set()
        self.error: OSError | None = None
        self.text = b""

    def append(self, _path: str, data: bytes) -> None:
        self.reached.set()
        assert self.open.wait(WAIT_S)
        if self.error is not None:
            raise self.error
        self.text += data


@contextmanager
def kept(folder: Path, *, show_texts: bool = False, **options: Any) -> Iterator[CallLogs]:
    """Keep logs, and write everything at the end."""
    kept_logs = CallLogs(folder, show_texts=show_texts, **options)
    try:
        yield kept_logs
    finally:
        kept_logs.stop()


def written(folder: Path, call_sid: str = SID) -> list[dict[str, Any]]:
    (path,) = folder.glob(f"*/{call_sid}.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def begun(call_logs: CallLogs, call_sid: str = SID) -> Any:
    return call_logs.begin(call_sid, Clock().now)


def test_each_event_is_a_line_with_its_time_since_the_call_began(tmp_path: Path) -> None:
    clock = Clock()
    with kept(tmp_path) as call_logs:
        log = call_logs.begin(SID, clock.now)
        clock.time += 1.2344
        log.note("voice_started")
        clock.time += 1
        log.note("stt_restarted", attempt=2, status="UNAVAILABLE", drops={"rx": 3})
    began, voice, restarted = written(tmp_path)
    assert (began["t"], began["event"], began["call_sid"]) == (0.0, "call_began", SID)
    assert voice == {"t": 1.234, "event": "voice_started"}
    assert restarted == {
        "t": 2.234,
        "event": "stt_restarted",
        "attempt": 2,
        "status": "UNAVAILABLE",
        "drops": {"rx": 3},
    }


def test_a_file_lies_in_the_folder_of_the_day_and_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "logs"
    with kept(folder) as call_logs:
        begun(call_logs)
    (path,) = folder.glob("*/*")
    (began,) = written(folder)
    assert path.parent.name == began["at"][:10]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_calls_do_not_mix(tmp_path: Path) -> None:
    with kept(tmp_path) as call_logs:
        one, other = begun(call_logs, "CA1"), begun(call_logs, "CA2")
        for _ in range(3):
            one.note("one")
            other.note("other")
    assert [line["event"] for line in written(tmp_path, "CA1")] == ["call_began", *["one"] * 3]
    assert [line["event"] for line in written(tmp_path, "CA2")] == ["call_began", *["other"] * 3]


def test_a_call_that_comes_back_goes_on_in_its_file(tmp_path: Path) -> None:
    for _ in range(2):
        with kept(tmp_path) as call_logs:
            begun(call_logs)
    assert len(written(tmp_path)) == 2


@pytest.mark.parametrize(
    "call_sid", ["", ".", "..", "../CA1", "a/b", "CA1\n", "CA 1", "-rf", "CA\0", "C" * 65, "קול"]
)
def test_a_call_sid_that_is_no_safe_file_name_gets_no_log(tmp_path: Path, call_sid: str) -> None:
    with kept(tmp_path) as call_logs, logged() as lines:
        log = begun(call_logs, call_sid)
        log.note("voice_started")
    assert not list(tmp_path.iterdir())
    assert lines == ["call log: CallSid: expected letters and digits; this call has no log"]


def test_what_was_said_is_a_length_unless_transcripts_are_shown(tmp_path: Path) -> None:
    for name, show_texts in (("shown", True), ("hidden", False)):
        with kept(tmp_path / name, show_texts=show_texts) as call_logs:
            log = begun(call_logs)
            log.note("final", text="שלום עולם", early=True)
            log.note("note_left", note="call her back")
    final, note = written(tmp_path / "shown")[1:]
    assert (final["text"], note["note"]) == ("שלום עולם", "call her back")
    final, note = written(tmp_path / "hidden")[1:]
    assert final == {"t": 0.0, "event": "final", "early": True, "chars": 9}
    assert note["note"] == "call her back"


def test_a_long_text_is_cut_and_a_broken_one_is_still_json(tmp_path: Path) -> None:
    with kept(tmp_path, show_texts=True) as call_logs:
        log = begun(call_logs)
        log.note("say", text="x" * 5000)
        log.note("say", text='a"\n\ud83d')
    long, broken = written(tmp_path)[1:]
    assert len(long["text"]) == logs.TEXT_MAX_CHARS
    assert long["text"].endswith("x…")
    assert broken["text"] == 'a"\n\ud83d'


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
def test_a_field_that_is_no_json_costs_its_line_alone(tmp_path: Path, value: object) -> None:
    lost: list[int] = []
    with kept(tmp_path, on_lost=lost.append) as call_logs, logged() as lines:
        log = begun(call_logs)
        log.note("odd", value=value)
        log.note("even")
        call_logs.stop()
    assert [line["event"] for line in written(tmp_path)] == ["call_began", "even"]
    assert lost == [1]
    assert lines == ["call log: 1 lines lost: odd: a field is no JSON value"]


def test_a_disk_that_hangs_blocks_no_call_and_loses_the_newest_lines_counted() -> None:
    disk, lost = Disk(), list[int]()
    disk.open.clear()
    with kept(Path("x"), append=disk.append, on_lost=lost.append, lines_max=3) as call_logs:
        log = begun(call_logs)
        assert disk.reached.wait(WAIT_S)
        for number in range(10):
            log.note("event", number=number)
        assert call_logs.lost == sum(lost) == 7
        disk.open.set()
    numbers = [json.loads(line).get("number") for line in disk.text.splitlines()]
    assert numbers == [None, 0, 1, 2]


def test_a_disk_that_hangs_is_told_of_while_it_hangs_by_who_finds_no_room() -> None:
    disk = Disk()
    disk.open.clear()
    with logged() as lines, kept(Path("x"), append=disk.append, lines_max=1) as call_logs:
        log = begun(call_logs)
        assert disk.reached.wait(WAIT_S)
        for _ in range(3):
            log.note("event")
        assert lines == ["call log: 1 lines lost: written too slowly"]
        disk.open.set()
    assert lines[1:] == ["call log: 1 lines lost: written too slowly"]


def test_what_a_disk_that_hangs_has_not_taken_at_the_end_is_counted_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk, lost = Disk(), list[int]()
    disk.open.clear()
    monkeypatch.setattr(logs, "CLOSE_TIMEOUT_S", 0.01)
    call_logs = CallLogs(Path("/l"), show_texts=False, append=disk.append, on_lost=lost.append)
    with logged() as lines:
        log = begun(call_logs)
        assert disk.reached.wait(WAIT_S)
        for _ in range(3):
            log.note("event")
        call_logs.stop()
        call_logs.stop()
    disk.open.set()
    call_logs._thread.join(WAIT_S)
    assert sum(lost) == call_logs.lost == 4
    assert lines == ["call log: 4 lines lost: /l: not written in time"]


def test_recordings_that_a_disk_which_hangs_has_not_taken_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, cut = Disk(), list[bool]()
    disk.open.clear()
    monkeypatch.setattr(recordings, "append_to_file", disk.append)
    monkeypatch.setattr(recordings, "CLOSE_TIMEOUT_S", 0.01)
    kept_tapes = Recordings(
        tmp_path, lambda line: repr(line).encode(), on_cut=lambda: cut.append(True)
    )
    with logged() as lines:
        first = kept_tapes.begin("CA1", Clock().now)
        assert first is not None
        first.leaves("x")
        assert disk.reached.wait(WAIT_S)
        second = kept_tapes.begin("CA2", Clock().now)
        assert second is not None
        for _ in range(3):
            second.leaves("x")
        kept_tapes.stop()
    disk.open.set()
    kept_tapes._thread.join(WAIT_S)
    assert kept_tapes.cut_short == len(cut) == 2
    assert [line.partition(" ends ")[2] for line in lines] == ["early: not written in time"] * 2
    assert disk.text.count(b"x") == 1


def test_a_full_disk_is_one_line_a_minute_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    disk, lost, now = Disk(), list[int](), [0.0]
    disk.error = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("call_log.logs.time.monotonic", lambda: now[0])
    monkeypatch.setattr(logs, "GATHER_S", 0.0)
    with logged() as lines, kept(Path("/l"), append=disk.append, on_lost=lost.append) as call_logs:
        log = begun(call_logs)
        for _ in range(3):
            wait_for(lambda: disk.reached.is_set() and not call_logs._lines)
            disk.reached.clear()
            log.note("event")
            assert disk.reached.wait(WAIT_S)
        assert lines == ["call log: 1 lines lost: /l: No space left on device"]
        now[0] = logs.TELL_S
        disk.reached.clear()
        log.note("event")
        wait_for(lambda: len(lines) == 2)
    assert sum(lost) == 5
    assert lines[1] == "call log: 4 lines lost: /l: No space left on device"


def wait_for(condition: Callable[[], object]) -> None:
    """Wait for what the thread has no event for."""
    tick = threading.Event()
    for _ in range(int(WAIT_S / 0.005)):
        if condition():
            return
        tick.wait(0.005)
    pytest.fail("waited in vain")


def test_a_folder_that_cannot_be_made_costs_lines_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with logged() as lines, kept(tmp_path / "file") as call_logs:
        begun(call_logs)
    assert call_logs.lost == 1
    assert lines == [f"call log: 1 lines lost: {tmp_path / 'file'}: Not a directory"]


def test_all_that_was_lost_is_told_by_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with logged() as lines, kept(tmp_path / "file") as call_logs:
        begun(call_logs)
        wait_for(lambda: lines)
        begun(call_logs).note("event")
        wait_for(lambda: call_logs.lost == 3)  # within a minute of the first line: not yet told
        assert len(lines) == 1
    assert [line.split()[2] for line in lines] == ["1", "2"]


def test_a_folder_is_tried_at_boot_and_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "logs"
    check_folder(settings(call_log_dir=folder))
    check_folder(settings(call_log_dir=folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    check_folder(settings())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("file", "File exists"),
        ("file/logs", "Not a directory"),
        ("a\0b", "no name of a folder"),
        ("sealed", "Permission denied"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_line_at_boot(
    name: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()

    def no_access(_path: Path, _mode: int) -> bool:
        return False

    if name == "sealed":  # a mode would not keep out the superuser, whom tests may run as
        monkeypatch.setattr("call_log.file.os.access", no_access)
    folder = tmp_path / name
    with pytest.raises(SettingsError) as refused:
        check_folder(settings(call_log_dir=folder))
    line = f"CALL_LOG_DIR={str(folder)!r}: {why}; expected a folder to write to"
    assert str(refused.value) == line


def test_a_line_that_does_not_fit_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "day" / "call")
    append_to_file(path, b"whole\n")
    write = os.write

    def write_half(descriptor: int, data: memoryview) -> int:
        if len(data) < 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[: len(data) // 2])

    monkeypatch.setattr("call_log.file.os.write", write_half)
    with pytest.raises(OSError, match="No space"):
        append_to_file(path, b"torn line\n")
    assert Path(path).read_bytes() == b"whole\n"


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    (tmp_path / "call").symlink_to(target)
    with pytest.raises(OSError, match=r"symbolic|loop"):
        append_to_file(str(tmp_path / "call"), b"a\n")
    assert not target.read_bytes()


def test_after_the_end_lines_are_lost_not_kept(tmp_path: Path) -> None:
    call_logs = CallLogs(tmp_path, show_texts=False)
    log = begun(call_logs)
    call_logs.stop()
    call_logs.stop()
    log.note("late")
    assert call_logs.lost == 1
    assert not call_logs._thread.is_alive()


def test_without_a_folder_there_is_a_log_that_takes_everything_and_keeps_nothing() -> None:
    log = no_call_log(SID, Clock().now)
    log.note("final", text="x")
    assert log is NO_CALL_LOG


def test_logs_are_kept_where_an_operator_asks_for_them_until_the_end(tmp_path: Path) -> None:
    at_the_end: list[Callable[[], None]] = []
    lost: list[int] = []
    begin = begin_call_logs(settings(call_log_dir=tmp_path), lost.append, at_the_end.append)
    log = begin(SID, Clock().now)
    log.note("final", text="hello")
    for stop in at_the_end:
        stop()
    (path,) = tmp_path.glob("*/*")
    assert "hello" not in path.read_text(encoding="utf-8")
    log.note("late")
    assert lost == [1]


def test_nothing_is_kept_and_nothing_has_to_end_where_nobody_asks() -> None:
    at_the_end: list[Callable[[], None]] = []
    begin = begin_call_logs(settings(), lambda _lines: None, at_the_end.append)
    assert begin is no_call_log
    assert not at_the_end
