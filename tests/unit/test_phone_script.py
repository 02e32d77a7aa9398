"""The conversation file: every mistake is one line that names the place."""

import wave
from pathlib import Path

import pytest

from phone.errors import PhoneError
from phone.line_options import HangUp
from phone.script import EndCall, ExpectEnd, Listen, Press, Speak, Wait, load_script, say_each

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with wave.open(str(tmp_path / "opening_hours.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        file.writeframes(bytes(320))
    return tmp_path


def _load(folder: Path, text: str) -> object:
    path = folder / "script.toml"
    path.write_text(text, encoding="utf-8")
    return load_script(path)


def test_all_kinds_of_steps_are_read(folder: Path) -> None:
    script = _load(
        folder,
        """
        [[steps]]
        do = "listen"
        [[steps]]
        do = "say"
        file = "opening_hours.wav"
        interrupt = true
        after_s = 2
        [[steps]]
        do = "press"
        digits = "0#"
        answer = false
        [[steps]]
        do = "wait"
        seconds = 1.5
        [[steps]]
        do = "expect_hang_up"
        [[steps]]
        do = "hang_up"
        how = "abort"
        """,
    )
    assert script == (
        Listen(),
        Speak(b"\xff" * 160, "opening hours", interrupt=True, after_s=2.0),
        Press("0#", answer=False),
        Wait(1.5),
        ExpectEnd(),
        EndCall(HangUp.ABORT),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", "script.toml: Invalid value"),
        ("steps = []", r"1-200 \[\[steps\]\]"),
        ("recordings = 3\n[[steps]]\ndo='listen'", 'recordings = "folder"'),
        ("[[steps]]\ndo = 'sing'", r"steps\[0\].do: expected one of listen, say"),
        ("[[steps]]\ndo = 3", r"steps\[0\].do: expected one of"),
        ("[[steps]]\ndo='listen'\n[[steps]]\ndo='say'", r"steps\[1\]: 'say' expects file"),
        ("[[steps]]\ndo='listen'\nloud=1", r"steps\[0\].loud: unknown; expected what, timeout_s"),
        ("[[steps]]\ndo='wait'\nseconds='x'", r"steps\[0\].seconds: expected a float"),
        ("[[steps]]\ndo='wait'\nseconds=true", r"steps\[0\].seconds: expected a float"),
        ("[[steps]]\ndo='hang_up'\nhow='nicely'", "how: expected stop, close, abort"),
        ("[[steps]]\ndo='say'\nfile='absent.wav'", "absent.wav: No such file"),
    ],
)
def test_a_mistake_is_one_line(folder: Path, text: str, message: str) -> None:
    with pytest.raises(PhoneError, match=message) as caught:
        _load(folder, text)
    assert "\n" not in str(caught.value)


def test_a_missing_script_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhoneError, match="No such file"):
        load_script(tmp_path / "absent.toml")


def test_recordings_alone_make_a_script(folder: Path) -> None:
    script = say_each([folder / "opening_hours.wav"])
    assert [type(step) for step in script] == [Listen, Speak, EndCall]
