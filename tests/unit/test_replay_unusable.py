"""Files that are no recordings, or no longer: one line says so, whatever is in them."""

import argparse
import functools
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loguru import logger

from actors.messages import DigitPressed
from call_log import recordings as call_recordings
from phone.__main__ import NOBODY_READS, UNUSABLE, main
from replay import file as recording_file
from replay.codec import RecordingError
from replay.command import replay_file
from replay.lines import read_recording
from replay.narrator import described
from tests.support.call import ManualCall
from tests.support.recorded import recorded_call, speak

pytestmark = pytest.mark.unit

BEGIN = b'[1.0,"begin",{"format":1}]\n'
MANNERS = b'["manners",["Manners","a","b","c"]]\n'
TURN = b'[1.0,"turn","rx"]\n'
ONE_LINE = re.compile(r"[^:\n]+:\d+: [^\n]*expected [^\n]*")


@pytest.fixture(autouse=True)
def _keep_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logger, "remove", lambda *_: None)


@functools.cache
def sound() -> list[bytes]:
    """The lines of a short call in which every mailbox and engine has its say."""
    with tempfile.TemporaryDirectory() as folder:
        with recorded_call(Path(folder), place=ManualCall) as call:
            call.quiet(0.3)
            speak(call, 1)
            call.quiet(0.6)
            call.line.agent.post(DigitPressed("7"))
            call.quiet(0.3)
        (path,) = Path(folder).rglob("*.replay")
        return path.read_bytes().splitlines(keepends=True)


def outcome(path: Path, lines: list[bytes]) -> str:
    """Replay a file of these lines: SAME, DIFFERS, or the error."""
    path.write_bytes(b"".join(lines))
    shown: list[str] = []
    problem = ""
    arguments = argparse.Namespace(file=path, until=None, set=[], times=1, texts=True, quiet=False)
    try:
        code = replay_file(arguments, shown.append)
    except RecordingError as error:
        problem = str(error)
    if problem:
        assert ONE_LINE.fullmatch(problem), problem
        return "error"
    assert all(line.isprintable() for line in shown)
    (verdict,) = {line.split()[0] for line in shown} & {"SAME", "DIFFERS"}
    assert code == ["SAME", "DIFFERS"].index(verdict)
    return verdict


# --- anything in place of anything ----------------------------------------------------


def nested(depth: int) -> list[Any]:
    """Lists in one another."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


ODD = st.sampled_from(
    [
        *(0, 1, -1, 160, 2**31, 2**53, -(2**53), 2**64, 10**400),
        *(0.0, 1e-9, -0.5, 1e15, 1e300, float("nan"), float("inf")),
        *("", "rx", "agent", "call", "+in", "begin", "taken", "\ud800", "\x1b[2J\n", "/w=="),
        *(nested(30), nested(400)),
        *([], {}, [[]], [{}], ["Say"], ["Say", "a"], ["AudioChunk", ""], ["Final", "a", 1]),
        *(["StreamOpened"], ["HungUp"], ["Hangup", "a"], ["Clear", 1], ["ChildFailed", "tx", 1]),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
ANY_JSON = ODD | st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
PROPERTY = settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@functools.cache
def by_kind() -> dict[str, list[int]]:
    """Where the lines of each kind, and with each message, are."""
    kinds: dict[str, list[int]] = {}
    for number, line in enumerate(sound()):
        kind = re.sub(rb"[0-9.]+", b"", line)[:40].partition(b'","')[::2]
        kinds.setdefault(f"{kind[0]!r}{kind[1][:12]!r}", []).append(number)
    return kinds


@st.composite
def places(draw: st.DrawFn) -> int:
    """A line of the sound recording, each kind of line as likely as another."""
    return draw(st.sampled_from(by_kind()[draw(st.sampled_from(sorted(by_kind())))]))


def parts(value: Any) -> Iterator[Callable[[Any], None]]:
    """What puts another thing in the place of each part, those within parts included."""
    keys = range(len(value)) if isinstance(value, list) else list(value)
    for key in keys:
        yield functools.partial(value.__setitem__, key)
        if isinstance(value[key], list | dict):
            yield from parts(value[key])


@PROPERTY
@given(places(), st.data(), ANY_JSON)
def test_any_json_in_place_of_any_part_is_replayed_or_one_line(
    tmp_path: Path, place: int, data: st.DataObject, other: Any
) -> None:
    lines = list(sound())
    content = json.loads(lines[place])
    data.draw(st.sampled_from(list(parts(content))))(other)
    lines[place] = json.dumps(content).encode() + b"\n"
    outcome(tmp_path / "a", lines)


@PROPERTY
@given(places(), st.binary(max_size=40) | ANY_JSON.map(lambda one: json.dumps(one).encode()))
def test_any_bytes_in_place_of_any_line_are_replayed_or_one_line(
    tmp_path: Path, place: int, other: bytes
) -> None:
    lines = list(sound())
    lines[place] = other + b"\n"
    outcome(tmp_path / "a", lines)


@PROPERTY
@given(st.lists(st.tuples(places(), places()), min_size=1, max_size=4))
def test_lines_in_place_of_others_are_replayed_or_one_line(
    tmp_path: Path, moved: list[tuple[int, int]]
) -> None:
    lines = list(sound())
    for place, other in moved:
        lines[place] = sound()[other]
    outcome(tmp_path / "a", lines)


def test_the_sound_recording_is_the_same(tmp_path: Path) -> None:
    assert outcome(tmp_path / "a", sound()) == "SAME"


# --- line by line ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"x", "a JSON list"),
        (b"{}", "a JSON list"),
        (b"[" * 100_000, "a JSON list"),
        (b"[" + b"9" * 400 + b"]", "a JSON list"),
        (b"[" + b"9" * 5000 + b"]", "a JSON list"),
        (b'[NaN,"turn","rx"]', "a JSON list"),
        (b'["mark","\xff"]', "a JSON list"),
        (b"[]", "a kind of line that is known or a time in front"),
        (b"[null,1]", "a kind of line that is known or a time in front"),
        (b'[true,"turn","rx"]', "a kind of line that is known or a time in front"),
        (b'[{},"x"]', "a kind of line that is known or a time in front"),
        (b"[1]", "a kind of line that is known after the time"),
        (b'[1,["turn"],"rx"]', "a kind of line that is known after the time"),
        (b'[1,"begin",{"format":1}]', "the begin of a recording in the first line"),
        (b'[1,"+turn","rx"]', r"a \+ in front"),
        (b'[1e9,"turn","rx"]', "a time within"),
        (b'[1,"turn"]', r'\[time, "turn", text\]'),
        (b'[1,"owed",-1]', r'\[time, "owed", count\]'),
        (b'[1,"in","stt",["FailDeaf"]]', r'\[time, "in", mailbox, message\]'),
        (b'[1,"in","rx",null]', r'\[time, "in", mailbox, message\]'),
        (b'[1,"in","rx",["DigitPressed","1"]]', "a message for in, not DigitPressed"),
        (b'[1,"say",1,["DigitPressed","1"]]', "a message for say, not DigitPressed"),
        (b'[1,"told","perhaps",""]', r'\[time, "told", answer, text\]'),
        (b'["media"]', r'\["media", count, count\]'),
        (b'["media",true,1]', r'\["media", count, count\]'),
        (b'["note"]', r'\["note", text, object\]'),
        (b'["note","a",{"b":' + b"[" * 20 + b"]" * 20 + b"}]", r'\["note", text, object\]'),
        (b'["reads"]', r'\["reads", list of microseconds\]'),
        (b'["reads","abc"]', r'\["reads", list of microseconds\]'),
        (b'["reads",[1e3]]', r'\["reads", list of microseconds\]'),
        (b'["reads",[1]]', "a turn, a tick or a timer in front"),
        (b'["cut"]', r'\["cut", text\]'),
        (b'["manners",["Manners","a","b"]]', "3 to 6"),
        (b'["manners",["Manners","a","b","c","d",8.0,[1]]]', "frozenset"),
        (b'[1,"in","agent",["DigitPressed",1]]', "str"),
        (b'[1,"in","call",["SocketClosed",1.5]]', "int | None"),
        (b'[1,"tool",["ToolUsed","a","won",1.0,""]]', "Literal"),
        (b'[1,"in","rx",["InboundFrame","%%",0,true,1.0]]', "base64"),
        (b'[1,"in","rx",["InboundFrame","AAAA",0,true,1.0]]', "160"),
        (b'[1,"in","call",["ChildFailed","tx",null]]', "BaseException"),
    ],
)
def test_a_line_of_another_shape_is_told_with_its_place(
    tmp_path: Path, line: bytes, expected: str
) -> None:
    path = tmp_path / "a"
    path.write_bytes(BEGIN + MANNERS + line + b"\n" + b'["ended"]\n')
    with pytest.raises(RecordingError, match=rf"^[^:]+:3: [^\n]*expected {expected}") as error:
        read_recording(path)
    assert ONE_LINE.fullmatch(str(error.value))


@pytest.mark.parametrize(
    "entry",
    [
        *('"format":true', '"format":2', '"format":[]', '"call_sid":"../a"', '"call_sid":1'),
        *('"settings":[1]', '"settings":{"host":"0.0.0.0"}', '"control":1', '"recognizer":[]'),
        *('"recognizer":{"max_stream_s":0}', '"recognizer":{"early_finals":1}'),
    ],
)
def test_a_first_line_that_says_something_else_is_refused(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "a"
    path.write_text(f'[1.0,"begin",{{"format":1,{entry}}}]\n', encoding="utf-8")
    with pytest.raises(RecordingError, match=r"^[^:]+:1: [^\n]*expected"):
        read_recording(path)


@pytest.mark.parametrize(
    "entry", ['{"tx_lead_frames":1e9}', '{"stt_batch_ms":320,"stt_ring_ms":1,"single_max_ms":-1}']
)
def test_settings_that_are_not_allowed_are_one_line_with_its_place(
    tmp_path: Path, entry: str
) -> None:
    path = tmp_path / "a"
    begin = f'[1.0,"begin",{{"format":1,"settings":{entry}}}]\n'.encode()
    assert outcome(path, [begin, MANNERS, TURN]) == "error"


def test_a_recording_without_a_brain_is_one_line(tmp_path: Path) -> None:
    assert outcome(tmp_path / "a", [BEGIN, TURN]) == "error"
    assert outcome(tmp_path / "a", [BEGIN]) == "error"


def test_what_a_recording_says_cannot_command_a_terminal() -> None:
    shown = described(["mark", "שלום \x1b[2J\n\ud800"], texts=True)
    assert shown == "mark שלום \\x1b[2J\\n\\ud800"


# --- the file -------------------------------------------------------------------------


def test_a_pipe_that_nobody_writes_into_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    with pytest.raises(RecordingError, match=r"expected a regular file$"):
        read_recording(tmp_path / "a")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/"])
def test_what_is_no_regular_file_is_refused(path: str) -> None:
    with pytest.raises(RecordingError, match=f"^{path}: expected a regular file$"):
        read_recording(Path(path))


def test_a_line_without_an_end_is_given_up_at_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_file, "LINE_MAX_BYTES", 100)
    path = tmp_path / "a"
    path.write_bytes(BEGIN + b'"' * 101)
    with pytest.raises(RecordingError, match=":2: expected at most 100 bytes"):
        read_recording(path)


def test_a_file_that_is_larger_than_a_recording_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(BEGIN + TURN * 5)
    monkeypatch.setattr(recording_file, "FILE_MAX_BYTES", len(BEGIN + TURN * 3))
    with pytest.raises(RecordingError, match=r":5: expected at most \d+ bytes in all"):
        read_recording(path)


def test_a_file_of_too_many_lines_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(BEGIN + TURN * 5)
    monkeypatch.setattr(recording_file, "LINES_MAX", 4)
    with pytest.raises(RecordingError, match=":4: expected no line after this one"):
        read_recording(path)


def test_the_largest_recording_of_a_server_is_within_the_bound() -> None:
    assert recording_file.FILE_MAX_BYTES > call_recordings.RECORDING_MAX_BYTES


# --- the command ----------------------------------------------------------------------


def test_a_file_that_cannot_be_used_has_another_exit_code_than_one_that_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(BEGIN + b"[1]\n")
    assert main(["replay", str(path)]) == UNUSABLE == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"phone: {path}:2: expected ")
    assert printed.err.count("\n") == 1


def test_a_change_that_is_no_setting_has_the_exit_code_of_wrong_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"".join(sound()))
    for change in ("NOTHING=1", "\x1b[2J=1", "HOST=0.0.0.0", "TX_LEAD_FRAMES=many"):
        assert main(["replay", str(path), "--set", change]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("phone: --set ")
        assert line.isprintable()


def test_a_reader_that_goes_away_ends_it_quietly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"".join(sound()))
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as gone:
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", gone)
            assert main(["replay", str(path)]) == NOBODY_READS == 141
        gone.flush()  # As the interpreter does at its end: there is nowhere left to fail.
    assert capsys.readouterr().err == ""
