"""From a TOML file to a scenario, or to one clear line about what is wrong with the file.

Owns the format, which docs/phone.md describes key by key. Reads the scenario and the
recordings it names, all of them before any call. `scenario_fields` reads types; this module
knows which key goes where. Talked to by `play_command`.
"""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from phone.echo import MAX_DELAY_MS, EchoOptions, parse_echo
from phone.errors import PhoneError
from phone.line import DIGITS
from phone.microphone import Network
from phone.play_sounds import NOISES
from phone.scenario import (
    WAIT_TIMEOUT_S,
    Act,
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
    When,
)
from phone.scenario_fields import Fields, is_list
from phone.scenario_judge import TIMED
from phone.wav import read_mulaw

MAX_FILE_BYTES: Final = 256 * 1024
"""A larger file is no scenario and is not read."""

MAX_TURNS: Final = 100
MAX_PARTS: Final = 20
"""Texts and pauses of one `say`."""

MAX_MS: Final = 120_000.0
"""Longest time a scenario may speak of: two minutes."""

MAX_KEYS: Final = 64
"""Keys pressed in one turn: what `CollectDigits` takes at most."""

MAX_TEXTS: Final = 10
MAX_SETTINGS: Final = 30

_TOP: Final = ("title", "language", "recordings", "server", "line", "turn")
_LINE: Final = ("gain_db", "echo", "jitter_ms", "loss")
_EXPECT: Final = (*TIMED, "hears", "understood", "transferred_to")
_WAITS: Final = (
    'expected "agent_done", "agent_speaking", { agent_speaking_for_ms = N }, '
    "{ silence_ms = N } or { after_ms = N }"
)


def load_scenario(path: Path) -> Scenario:
    """Read a scenario.

    Args:
        path: A TOML file of at most `MAX_FILE_BYTES`.

    Raises:
        PhoneError: one line with the file, the key and what was expected.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PhoneError(f"{path}: expected a scenario of at most {MAX_FILE_BYTES} bytes")
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PhoneError(f"{path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:  # not TOML, not UTF-8, nested too deeply
        raise PhoneError(f"{path}: not TOML: {error}") from None
    return _scenario(values, path)


def _scenario(values: dict[str, object], path: Path) -> Scenario:
    fields = Fields(values, f"{path}: ", _TOP)
    line = fields.table("line", _LINE)
    folder = path.parent / fields.text("recordings", ".")
    return Scenario(
        name=path.stem,
        title=fields.text("title"),
        language=fields.text("language", "en-US", max_chars=20),
        server=fields.pairs("server", MAX_SETTINGS),
        gain_db=line.number("gain_db", 0.0, -40.0, 20.0),
        echo=_echo(line),
        network=Network(
            jitter_ms=line.number("jitter_ms", 0.0, 0.0, 1000.0),
            loss=line.number("loss", 0.0, 0.0, 1.0),
        ),
        turns=tuple(
            _turn(Fields(raw, f"{path}: turn[{number}].", _TURN), folder)
            for number, raw in enumerate(fields.tables("turn", MAX_TURNS), 1)
        ),
    )


def _echo(line: Fields) -> EchoOptions | None:
    if "echo" not in line:
        return None
    try:
        return parse_echo(line.text("echo", max_chars=20))
    except ValueError:
        expected = f'expected "DELAY_MS:DB", 20 to {MAX_DELAY_MS} ms and -96 to 0 dB'
        raise line.error("echo", expected) from None


def _turn(fields: Fields, folder: Path) -> Turn:
    return Turn(
        when=_when(fields),
        act=_act(fields, folder),
        expect=_expect(fields.table("expect", _EXPECT)),
        timeout_s=fields.number("timeout_s", WAIT_TIMEOUT_S, 0.1, MAX_MS / 1000),
    )


def _when(fields: Fields) -> When:
    match fields.raw("wait"):
        case None | "agent_done":
            return AgentDone()
        case "agent_speaking":
            return AgentSpeaking()
        case {"agent_speaking_for_ms": ms, **rest} if not rest:
            return AgentSpeaking(fields.checked_number("wait", ms, 0, MAX_MS))
        case {"silence_ms": ms, **rest} if not rest:
            return SilenceOf(fields.checked_number("wait", ms, 0, MAX_MS))
        case {"after_ms": ms, **rest} if not rest:
            return After(fields.checked_number("wait", ms, 0, MAX_MS))
        case _:
            raise fields.error("wait", _WAITS)


def _act(fields: Fields, folder: Path) -> Act:
    given = [name for name in _ACTS if name in fields]
    if len(given) > 1:
        raise fields.error(given[1], f"expected only one of {', '.join(_ACTS)}")
    return _READERS[given[0]](fields, folder) if given else JustListen()


def _say(fields: Fields, _folder: Path) -> Act:
    return SayText(_parts(fields))


def _wav(fields: Fields, folder: Path) -> Act:
    path = folder / fields.text("wav")
    return PlayWav(path, read_mulaw(path))


def _parts(fields: Fields) -> tuple[str | float, ...]:
    value: object = fields.raw("say")
    parts = value if is_list(value) else [value]
    if not 0 < len(parts) <= MAX_PARTS or not any(isinstance(part, str) for part in parts):
        raise fields.error("say", f"expected a text, or at most {MAX_PARTS} texts and pauses")
    return tuple(_part(fields, part) for part in parts)


def _part(fields: Fields, part: object) -> str | float:
    if isinstance(part, str) and part.strip():
        return part
    if isinstance(part, int | float) and not isinstance(part, bool):
        return fields.checked_number("say", part, 0, MAX_MS)
    raise fields.error("say", "expected texts, and numbers for pauses in milliseconds")


def _noise(fields: Fields, _folder: Path) -> Act:
    name = fields.text("noise")
    if name not in NOISES:
        raise fields.error("noise", f"expected one of {', '.join(NOISES)}")
    return MakeNoise(name)


def _keys(fields: Fields, _folder: Path) -> Act:
    keys = fields.text("keys", max_chars=MAX_KEYS)
    if not DIGITS.issuperset(keys):
        raise fields.error("keys", "expected 0-9, * or #")
    return PressKeys(keys)


def _silence(fields: Fields, _folder: Path) -> Act:
    return KeepSilent(fields.number("silence_ms", 0.0, 1.0, MAX_MS))


def _hang_up(fields: Fields, _folder: Path) -> Act:
    if fields.raw("hang_up") is not True:
        raise fields.error("hang_up", "expected true")
    return HangUpNow()


_READERS: Final[Mapping[str, Callable[[Fields, Path], Act]]] = {
    "say": _say,
    "wav": _wav,
    "noise": _noise,
    "keys": _keys,
    "silence_ms": _silence,
    "hang_up": _hang_up,
}
_ACTS: Final = tuple(_READERS)
_TURN: Final = ("wait", *_ACTS, "expect", "timeout_s")


def _expect(fields: Fields) -> Expect:
    raw = [name for name in TIMED if name in fields]
    understood = fields.raw("understood")
    if understood is not None and not isinstance(understood, str):
        raise fields.error("understood", 'expected a text, or "" for nothing')
    target = fields.text("transferred_to") if "transferred_to" in fields else None
    return Expect(
        limits_ms={name: fields.number(name, 0.0, 1.0, MAX_MS) for name in raw},
        hears=fields.texts("hears", MAX_TEXTS),
        understood=understood,
        transferred_to=target,
    )
