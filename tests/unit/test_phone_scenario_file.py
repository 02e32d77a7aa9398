"""The scenario file: every key is read, every mistake is one line that names file and key."""

import wave
from pathlib import Path

import pytest

from phone.echo import EchoOptions
from phone.errors import PhoneError
from phone.play_call import Outcome
from phone.play_command import closing, heading
from phone.scenario import (
    After,
    AgentDone,
    AgentSpeaking,
    Expect,
    HangUpNow,
    JustListen,
    KeepSilent,
    MakeNoise,
    PlayWav,
    PressKeys,
    SayText,
    Scenario,
    SilenceOf,
    Turn,
)
from phone.scenario_file import MAX_FILE_BYTES, load_scenario
from settings import ROOT

pytestmark = pytest.mark.unit

FILES = sorted((ROOT / "scenarios").glob("*.toml"))


def load(folder: Path, text: str) -> Scenario:
    path = folder / "one.toml"
    path.write_text(text, encoding="utf-8")
    return load_scenario(path)


def turn_of(folder: Path, text: str) -> Turn:
    (turn,) = load(folder, f'title = "t"\n[[turn]]\n{text}').turns
    return turn


def test_the_top_of_a_file_is_read(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        """
        title = "A title"
        language = "he-IL"
        [server]
        DIALOGUE = "d.toml"
        [line]
        gain_db = -6
        echo = "300:-12"
        jitter_ms = 30
        loss = 0.1
        [[turn]]
        """,
    )
    assert (scenario.name, scenario.title, scenario.language) == ("one", "A title", "he-IL")
    assert scenario.server == {"DIALOGUE": "d.toml"}
    assert (scenario.gain_db, scenario.network.jitter_ms, scenario.network.loss) == (-6, 30, 0.1)
    assert scenario.echo == EchoOptions(300, -12.0)
    assert scenario.turns == (Turn(AgentDone(), JustListen()),)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ('"agent_done"', AgentDone()),
        ('"agent_speaking"', AgentSpeaking()),
        ("{ agent_speaking_for_ms = 800 }", AgentSpeaking(800)),
        ("{ silence_ms = 500 }", SilenceOf(500)),
        ("{ after_ms = 0 }", After(0)),
    ],
)
def test_every_moment_is_read(tmp_path: Path, text: str, when: object) -> None:
    assert turn_of(tmp_path, f"wait = {text}").when == when


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ('say = "hello there"', SayText(("hello there",))),
        ('say = ["one", 400, "two"]', SayText(("one", 400.0, "two"))),
        ('noise = "cough"', MakeNoise("cough")),
        ('keys = "12#"', PressKeys("12#")),
        ("silence_ms = 5000", KeepSilent(5000)),
        ("hang_up = true", HangUpNow()),
        ("", JustListen()),
    ],
)
def test_everything_a_caller_does_is_read(tmp_path: Path, text: str, act: object) -> None:
    assert turn_of(tmp_path, text).act == act


def test_a_recording_is_looked_for_in_the_folder_that_the_file_names(tmp_path: Path) -> None:
    (tmp_path / "wavs").mkdir()
    with wave.open(str(tmp_path / "wavs" / "a.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        file.writeframes(bytes(320))
    (turn,) = load(tmp_path, 'title = "t"\nrecordings = "wavs"\n[[turn]]\nwav = "a.wav"').turns
    assert turn.act == PlayWav(tmp_path / "wavs" / "a.wav", b"\xff" * 160)


def test_expectations_are_read_in_their_order(tmp_path: Path) -> None:
    expect = turn_of(
        tmp_path,
        'expect = { hung_up_within_ms = 9, agent_speaks_within_ms = 5, hears = "a",'
        ' understood = "", transferred_to = "+1" }',
    ).expect
    limits = {"agent_speaks_within_ms": 5.0, "hung_up_within_ms": 9.0}
    assert expect == Expect(limits, ("a",), "", "+1")


WRONG = {
    "": "title: expected a text of 1 to 500 characters",
    'title = "t"': r"turn: expected 1 to 100 tables: \[\[turn\]\]",
    'title = "t"\nturn = [1]': r"turn: expected 1 to 100 tables",
    'titel = "t"': "titel: unknown; expected one of title, language",
    "title = t": "not TOML: ",
    'title = "t"\nserver = 1': "server: expected a table",
    'title = "t"\n[server]\nPORT = 1': "server.PORT: expected a text",
    'title = "t"\n[line]\ngain_db = -90': r"line.gain_db: expected a number from -40 to 20",
    'title = "t"\n[line]\nloss = true': r"line.loss: expected a number from 0 to 1",
    'title = "t"\n[line]\necho = "loud"': 'line.echo: expected "DELAY_MS:DB", 20 to 5000 ms',
    'title = "t"\n[line]\necho = "300:3"': 'line.echo: expected "DELAY_MS:DB"',
    'title = "t"\nlanguage = ""': "language: expected a text of 1 to 20",
}


@pytest.mark.parametrize(("text", "error"), WRONG.items())
def test_a_mistake_in_the_file_is_one_line(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(PhoneError, match=error) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "one.toml"))
    assert "\n" not in str(caught.value)


WRONG_TURNS = {
    'sing = "la"': "sing: unknown; expected one of wait, say",
    'wait = "later"': 'wait: expected "agent_done"',
    "wait = { silence_ms = 1, after_ms = 2 }": 'wait: expected "agent_done"',
    "wait = { silence_ms = -1 }": "wait: expected a number from 0 to 120000",
    'say = "a"\nkeys = "1"': "keys: expected only one of say",
    'say = ""': "say: expected texts",
    "say = [400]": "say: expected a text, or at most 20",
    'say = ["a", true]': "say: expected texts, and numbers",
    'noise = "sneeze"': "noise: expected one of cough",
    'keys = "12a"': r"keys: expected 0-9, \* or #",
    f'keys = "{"1" * 65}"': "keys: expected a text of 1 to 64 characters",
    "silence_ms = 0": "silence_ms: expected a number from 1",
    "hang_up = false": "hang_up: expected true",
    "timeout_s = 0": "timeout_s: expected a number from 0.1",
    "expect = 1": "expect: expected a table",
    "expect = { agent_speaks = 1 }": "expect.agent_speaks: unknown; expected one of agent_speaks_w",
    'expect = { agent_speaks_within_ms = "1" }': "agent_speaks_within_ms: expected a number",
    "expect = { hears = 1 }": "expect.hears: expected a text or a list of at most 10 texts",
    "expect = { understood = 1 }": "expect.understood: expected a text",
    'wav = "missing.wav"': "missing.wav: No such file",
}


@pytest.mark.parametrize(("text", "error"), WRONG_TURNS.items())
def test_a_mistake_in_a_turn_is_one_line(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(PhoneError, match=error) as caught:
        turn_of(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_turn_is_named_by_its_number_from_one(tmp_path: Path) -> None:
    with pytest.raises(PhoneError, match=r"one.toml: turn\[2\]\.noise"):
        load(tmp_path, 'title = "t"\n[[turn]]\n[[turn]]\nnoise = "x"')


def test_what_is_no_scenario_at_all_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PhoneError, match="No such file"):
        load_scenario(tmp_path / "missing.toml")
    with pytest.raises(PhoneError, match="expected a scenario of at most"):
        load(tmp_path, "#" * (MAX_FILE_BYTES + 1))
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(PhoneError, match="not TOML"):
        load_scenario(tmp_path / "latin.toml")


def test_the_project_has_scenarios_in_both_languages() -> None:
    scenarios = [load_scenario(path) for path in FILES]
    assert len(scenarios) >= 15
    assert sum(one.language == "he-IL" for one in scenarios) >= 4
    assert all("DIALOGUE" in one.server for one in scenarios)
    assert all((ROOT / one.server["DIALOGUE"]).is_file() for one in scenarios)


def test_the_texts_of_a_scenario_are_found_once_each(tmp_path: Path) -> None:
    scenario = load(
        tmp_path, 'title = "t"\n[[turn]]\nsay = ["a", 5, "b"]\n[[turn]]\n[[turn]]\nsay = "a"'
    )
    assert scenario.texts() == ["a", "b"]


def test_the_closing_words_name_what_failed(tmp_path: Path) -> None:
    scenario = load(tmp_path, 'title = "t"\n[server]\nA = "1"\n[[turn]]')
    assert heading(scenario) == "t [A=1]"
    good = Outcome(scenario, "CA1", (), 1.26, ("2 playout underruns",))
    bad = Outcome(scenario, "CA2", ("turn 1: no", "turn 2: neither"))
    assert closing([good]) == "PASS one (1.3 s) [2 playout underruns]"
    assert closing([good, bad]).splitlines()[1:] == [
        "FAIL one: turn 1: no; turn 2: neither",
        "1 of 2 scenarios went as expected",
    ]
